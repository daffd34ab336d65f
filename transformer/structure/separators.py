"""Ruled lines of a page: what parts text beside white space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

Box = tuple[int, int, int, int]


class Separators(Struct, frozen=True):
    """Boxes ``(x0, y0, x1, y1)`` in pixels of the page, from top to bottom."""

    horizontal: tuple[Box, ...] = ()
    vertical: tuple[Box, ...] = ()

    def quarter_turned(self, turns: int, *, width: int, height: int) -> Separators:
        """Those of the page, ``width`` by ``height`` pixels, rotated counterclockwise by ``quarter_turns``."""
        found = self
        for _ in range(turns % 4):
            found = Separators(
                horizontal=_sorted((y0, width - x1, y1, width - x0) for x0, y0, x1, y1 in found.vertical),
                vertical=_sorted((y0, width - x1, y1, width - x0) for x0, y0, x1, y1 in found.horizontal),
            )
            width, height = height, width
        return found


def _sorted(boxes: Iterable[Box]) -> tuple[Box, ...]:
    return tuple(sorted(boxes, key=lambda box: box[1]))


NO_SEPARATORS: Final = Separators()
