"""The ``hocr`` output: XHTML with the layout in class names and ``title`` attributes (hOCR 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Paragraph
from transformer.formats.common import SOFTWARE, escape, language_tag, number, numbered, text_angle

CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf ocrp_lang"


def hocr(
    pages: Sequence[PageLayout], *, title: str = "", lang: str = "eng", numbers: Sequence[int] | None = None
) -> bytes:
    """One XHTML document (UTF-8) with an ``ocr_page`` per page.

    ``title`` is the document's name; ``lang`` the Tesseract models that read it, joined by ``+``; ``numbers``
    the 1-based page numbers. Boxes are pixels of the page; ``x_wconf`` is in per cent; ``baseline`` is slope and
    offset from the bottom left corner of the line's box. Lines turned by more than 45° carry ``textangle``
    instead, as Tesseract's do.
    """
    languages = [language_tag(model) for model in lang.split("+")]
    # A paragraph's language is known only when there is no choice.
    paragraph_lang = f" lang='{languages[0]}'" if len(languages) == 1 else ""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
        '    "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="{languages[0]}" lang="{languages[0]}">\n'
        " <head>\n"
        f"  <title>{escape(title)}</title>\n"
        '  <meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        f"  <meta name='ocr-system' content='{SOFTWARE}'/>\n"
        f"  <meta name='ocr-capabilities' content='{CAPABILITIES}'/>\n"
        f"  <meta name='ocr-langs' content='{' '.join(languages)}'/>\n"
        f"  <meta name='ocr-number-of-pages' content='{len(pages)}'/>\n"
        " </head>\n"
        " <body>\n"
    )
    out = [head]
    for page_number, page in numbered(pages, numbers):
        _add_page(out, page, title=title, page_number=page_number, paragraph_lang=paragraph_lang)
    out.append(" </body>\n</html>\n")
    return "".join(out).encode()


def _add_page(out: list[str], page: PageLayout, *, title: str, page_number: int, paragraph_lang: str) -> None:
    # A quote or backslash would end or escape the quoted file name of hOCR's property grammar.
    image = escape(title.replace("\\", "/").replace('"', "'"))
    out.append(
        f"  <div class='ocr_page' id='page_{page_number}' title='image \"{image}\"; "
        f"bbox 0 0 {page.width} {page.height}; ppageno {page_number - 1}'>\n"
    )
    paragraphs, lines, words = count(1), count(1), count(1)
    for block_number, block in enumerate(page.blocks, 1):
        out.append(
            f"   <div class='ocr_carea' id='block_{page_number}_{block_number}' title=\"bbox {_box(block.bbox)}\">\n"
        )
        for paragraph in block.paragraphs:
            out.append(
                f"    <p class='ocr_par' id='par_{page_number}_{next(paragraphs)}'{paragraph_lang} "
                f'title="bbox {_box(paragraph.bbox)}">\n'
            )
            _add_lines(out, paragraph, page_number=page_number, lines=lines, words=words)
            out.append("    </p>\n")
        out.append("   </div>\n")
    out.append("  </div>\n")


def _add_lines(out: list[str], paragraph: Paragraph, *, page_number: int, lines: count[int], words: count[int]) -> None:
    for line in paragraph.lines:
        out.append(
            f"     <span class='ocr_line' id='line_{page_number}_{next(lines)}' "
            f'title="bbox {_box(line.bbox)}; {_direction(line)}; x_size {number(line.height, 2)}">\n'
        )
        out.extend(
            f"      <span class='ocrx_word' id='word_{page_number}_{next(words)}' "
            f"title='bbox {_box(word.bbox)}; x_wconf {_percent(word.confidence)}'>{escape(word.text)}</span>\n"
            for word in line.words
        )
        out.append("     </span>\n")


def _box(box: Box) -> str:
    return f"{box[0]} {box[1]} {box[2]} {box[3]}"


def _percent(confidence: float) -> int:
    # Whole per cents are cut off, not rounded, as Tesseract does; the margin undoes the float error of 0.57 * 100.
    return int(confidence * 100 + 1e-6)


def _direction(line: Line) -> str:
    angle = text_angle(line)
    if 45 < angle < 315:
        return f"textangle {number(angle, 1)}"
    x0, y0, x1, y1 = line.baseline
    slope = (y1 - y0) / (x1 - x0) if x1 != x0 else 0.0
    offset = y0 + slope * (line.bbox[0] - x0) - line.bbox[3]
    return f"baseline {number(slope, 3)} {number(offset, 3)}"
