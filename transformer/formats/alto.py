"""The ``alto`` output: ALTO 4.2, the layout format of libraries and archives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, pairwise

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word, mean_confidence
from transformer.formats.common import SOFTWARE, escape, language_tag, number, numbered

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"


def alto(
    pages: Sequence[PageLayout], *, title: str = "", lang: str = "eng", numbers: Sequence[int] | None = None
) -> bytes:
    """One ALTO 4.2 document (UTF-8) with a ``Page`` per page, valid against the schemas of 4.2 to 4.4.

    ``title`` is the document's name; ``lang`` the Tesseract models that read it, joined by ``+``; ``numbers``
    the 1-based page numbers. Positions are pixels; ``WC`` and ``PC`` are fractions of 1. Blocks become
    ``ComposedBlock``, paragraphs ``TextBlock``, lines ``TextLine`` with their baseline as two points.
    """
    name = f"<fileName>{escape(title)}</fileName>" if title else ""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<alto xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE} {SCHEMA}" SCHEMAVERSION="4.2">\n'
        "<Description>\n"
        "<MeasurementUnit>pixel</MeasurementUnit>\n"
        f"<sourceImageInformation>{name}</sourceImageInformation>\n"
        '<Processing ID="OCR">'
        "<processingCategory>contentGeneration</processingCategory>"
        f"<processingStepSettings>lang={escape(lang)}</processingStepSettings>"
        f"<processingSoftware><softwareName>{SOFTWARE}</softwareName></processingSoftware>"
        "</Processing>\n"
        "</Description>\n"
        "<Layout>\n"
    )
    models = lang.split("+")
    # A block's language is known only when there is no choice; a page has none before ALTO 4.4.
    language = f' LANG="{language_tag(models[0])}"' if len(models) == 1 else ""
    out = [head]
    for page_number, page in numbered(pages, numbers):
        _add_page(out, page, page_number=page_number, language=language)
    out.append("</Layout>\n</alto>\n")
    return "".join(out).encode()


def _add_page(out: list[str], page: PageLayout, *, page_number: int, language: str) -> None:
    prefix = f"p{page_number}_"
    out.append(
        f'<Page ID="page_{page_number}" PHYSICAL_IMG_NR="{page_number}" WIDTH="{page.width}" HEIGHT="{page.height}" '
        f'PC="{_confidence(mean_confidence(page.iter_words()))}" PROCESSINGREFS="OCR">\n'
        f'<PrintSpace HPOS="0" VPOS="0" WIDTH="{page.width}" HEIGHT="{page.height}">\n'
    )
    paragraphs, lines, words = count(1), count(1), count(1)
    for block_number, block in enumerate(page.blocks, 1):
        out.append(f'<ComposedBlock ID="{prefix}block_{block_number}" {_place(block.bbox)}>\n')
        for paragraph in block.paragraphs:
            out.append(f'<TextBlock ID="{prefix}par_{next(paragraphs)}" {_place(paragraph.bbox)}{language}>\n')
            for line in paragraph.lines:
                # The schema wants at least one String in a line.
                if line.words:
                    _add_line(out, line, name=f"{prefix}line_{next(lines)}", prefix=prefix, words=words)
            out.append("</TextBlock>\n")
        out.append("</ComposedBlock>\n")
    out.append("</PrintSpace>\n</Page>\n")


def _add_line(out: list[str], line: Line, *, name: str, prefix: str, words: count[int]) -> None:
    # Without commas, in whole pixels: what importers of every version read.
    baseline = " ".join(str(round(value)) for value in line.baseline)
    out.append(f'<TextLine ID="{name}" {_place(line.bbox)} BASELINE="{baseline}">\n')
    spaces = [_space(before, after) for before, after in pairwise(line.words)]
    for word, space in zip(line.words, [*spaces, ""], strict=True):
        out.append(
            f'<String ID="{prefix}word_{next(words)}" {_place(word.bbox)} WC="{_confidence(word.confidence)}" '
            f'CONTENT="{escape(word.text)}"/>{space}\n'
        )
    out.append("</TextLine>\n")


def _place(box: Box) -> str:
    x0, y0, x1, y1 = box
    return f'HPOS="{x0}" VPOS="{y0}" WIDTH="{x1 - x0}" HEIGHT="{y1 - y0}"'


def _space(before: Word, after: Word) -> str:
    # Right-to-left words come with falling x; the space is between the boxes either way.
    start, end = sorted((before.bbox, after.bbox))
    width = max(0, end[0] - start[2])
    return f'<SP HPOS="{start[2]}" VPOS="{before.bbox[1]}" WIDTH="{width}"/>'


def _confidence(value: float) -> str:
    return number(min(1.0, max(0.0, value)), 4)
