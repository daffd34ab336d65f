"""Plain text as a client may want it: distances between words kept by a grid, words divided at lines' ends joined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from kserve_ocr.protocol.layout import Line, PageLayout

_SAME_ROW: Final = 0.5
"""Share of the lower line's height by which two lines overlap that stand in one row."""
_MAX_COLUMNS: Final = 400
_DIVIDED: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\n{1,2}[ \t]*(?=[^\W\d_A-Z])(\S+)[ \t]*")
"""A hyphen between letters at the end of a line, with the rest of the word; before a capital it belongs to a name."""


class TextForm(Struct, frozen=True):
    """How the text of a page is written."""

    keep_spaces: bool = False
    join_hyphens: bool = False

    @property
    def is_usual(self) -> bool:
        """Whether the text stays as it is."""
        return not self.keep_spaces and not self.join_hyphens

    def apply(self, text: str, layout: PageLayout) -> str:
        """The text of a page in this form, from its usual text and its layout."""
        found = on_grid(layout) if self.keep_spaces else text
        return joined(found) if self.join_hyphens and not self.keep_spaces else found


USUAL: Final = TextForm()


def joined(text: str) -> str:
    """The text with words that a hyphen divides at the end of a line made whole, on the first of the two lines."""
    return _DIVIDED.sub(lambda match: f"{match[1]}\n", text)


def on_grid(layout: PageLayout) -> str:
    """One text line for each row of the page, every word at the column where it stands, columns being as wide as the
    page's characters on average. Words never touch; rows far apart have an empty line between them."""
    rows = _rows([line for line in layout.iter_lines() if line.words])
    if not rows:
        return ""
    words = list(layout.iter_words())
    column = max(1.0, median((word.bbox[2] - word.bbox[0]) / len(word.text) for word in words))
    left = min(word.bbox[0] for word in words)
    column = max(column, (layout.width - left) / _MAX_COLUMNS)
    written: list[str] = []
    previous: Sequence[Line] = ()
    for row in rows:
        if previous and _gap(previous, row) > _height(row):
            written.append("")
        written.append(_row_text(row, left=left, column=column))
        previous = row
    return "\n".join(written) + "\n"


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand beside each other, from the top of the page to its end."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.bbox[1] + line.bbox[3], line.bbox[0])):
        if rows and _overlaps(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _overlaps(first: Line, second: Line) -> bool:
    (_, top, _, bottom), (_, other_top, _, other_bottom) = first.bbox, second.bbox
    shared = min(bottom, other_bottom) - max(top, other_top)
    return shared > _SAME_ROW * min(bottom - top, other_bottom - other_top)


def _gap(above: Sequence[Line], row: Sequence[Line]) -> int:
    return min(line.bbox[1] for line in row) - max(line.bbox[3] for line in above)


def _height(row: Sequence[Line]) -> float:
    return median(line.bbox[3] - line.bbox[1] for line in row)


def _row_text(row: Sequence[Line], *, left: int, column: float) -> str:
    text = ""
    for word in sorted((word for line in row for word in line.words), key=lambda word: word.bbox[0]):
        place = round((word.bbox[0] - left) / column)
        text += " " * max(place - len(text), 1 if text else 0) + word.text
    return text
