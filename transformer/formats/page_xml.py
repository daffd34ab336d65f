"""The ``pagexml`` output: PAGE XML 2019-07-15, the format of Transkribus, eScriptorium and OCR-D."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.layout import Box, Line, PageLayout, Paragraph, Word, mean_confidence
from transformer.formats.common import SOFTWARE, escape, number
from transformer.structure.text import line_text

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def page_xml(pages: Sequence[PageLayout], *, title: str = "", created: datetime | None = None) -> bytes:
    """One PAGE document (UTF-8), valid against the schema. Regions are paragraphs, in reading order.

    ``title`` is the name of the image file; ``created`` the time in the metadata, now if not given. Raises
    InvalidParameterError unless there is one page: the format has one page a file.
    """
    if len(pages) != 1:
        raise InvalidParameterError(
            f"PAGE XML holds one page and the document has {len(pages)}; choose one with pages="
        )
    (page,) = pages
    time = f"{created or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    paragraphs = [paragraph for block in page.blocks for paragraph in block.paragraphs if paragraph.lines]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<PcGts xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE} {NAMESPACE}/pagecontent.xsd">\n'
        f"<Metadata><Creator>{SOFTWARE}</Creator><Created>{time}</Created><LastChange>{time}</LastChange></Metadata>\n"
        f'<Page imageFilename="{escape(title)}" imageWidth="{page.width}" imageHeight="{page.height}">\n'
    )
    out = [head]
    if paragraphs:
        references = "".join(
            f'<RegionRefIndexed index="{index}" regionRef="region_{index + 1}"/>' for index in range(len(paragraphs))
        )
        out.append(f'<ReadingOrder><OrderedGroup id="order">{references}</OrderedGroup></ReadingOrder>\n')
    lines, words = count(1), count(1)
    for index, paragraph in enumerate(paragraphs, 1):
        _add_region(out, paragraph, name=f"region_{index}", lines=lines, words=words)
    out.append("</Page>\n</PcGts>\n")
    return "".join(out).encode()


def _add_region(out: list[str], paragraph: Paragraph, *, name: str, lines: count[int], words: count[int]) -> None:
    out.append(f'<TextRegion id="{name}">{_coords(paragraph.bbox)}\n')
    for line in paragraph.lines:
        _add_line(out, line, name=f"line_{next(lines)}", words=words)
    text = "\n".join(line_text(line) for line in paragraph.lines)
    out.append(f"{_text(text, mean_confidence(paragraph.iter_words()))}</TextRegion>\n")


def _add_line(out: list[str], line: Line, *, name: str, words: count[int]) -> None:
    x0, y0, x1, y1 = (max(0, round(value)) for value in line.baseline)
    out.append(f'<TextLine id="{name}">{_coords(line.bbox)}<Baseline points="{x0},{y0} {x1},{y1}"/>\n')
    out.extend(_word(word, name=f"word_{next(words)}") for word in line.words)
    out.append(f"{_text(line_text(line), mean_confidence(line.words))}</TextLine>\n")


def _word(word: Word, *, name: str) -> str:
    return f'<Word id="{name}">{_coords(word.bbox)}{_text(word.text, word.confidence)}</Word>\n'


def _coords(box: Box) -> str:
    x0, y0, x1, y1 = (max(0, side) for side in box)
    return f'<Coords points="{x0},{y0} {x1},{y0} {x1},{y1} {x0},{y1}"/>'


def _text(text: str, confidence: float) -> str:
    conf = number(min(1.0, max(0.0, confidence)), 4)
    return f'<TextEquiv conf="{conf}"><Unicode>{escape(text)}</Unicode></TextEquiv>'
