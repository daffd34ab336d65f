"""The parameter ``pages``, for example ``1-3,7``."""

from __future__ import annotations

import re

from msgspec import Struct

from kserve_ocr.protocol.errors import InvalidParameterError

MAX_PAGE = 10_000
"""Highest page number accepted: finding a page of a TIFF means following the chain of all before it."""

_MAX_CHARACTERS = 1000
_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?\Z")


class PageRange(Struct, frozen=True):
    """Ranges of page numbers, counted from 1, both ends included. No ranges mean every page.

    Pages are read in the order given. A page named twice is used once, at its first position.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def last(self) -> int | None:
        """The highest page number named; None when every page is meant."""
        return max((last for _, last in self.ranges), default=None)

    def __contains__(self, number: int) -> bool:
        return not self.ranges or any(first <= number <= last for first, last in self.ranges)

    def of(self, total: int) -> tuple[int, ...]:
        """The page numbers selected from a document of ``total`` pages, in reading order.

        Raises InvalidParameterError when it does not have them all.
        """
        if not self.ranges:
            return tuple(range(1, total + 1))
        if self.last is not None and self.last > total:
            have = "only 1 page" if total == 1 else f"only {total} pages"
            raise InvalidParameterError(f"pages names page {self.last}, but the document has {have}")
        named = (number for first, last in self.ranges for number in range(first, last + 1))
        return tuple(dict.fromkeys(named))


EVERY_PAGE = PageRange()


def parse(text: str) -> PageRange:
    """The selection that ``1-3,7`` stands for. Raises InvalidParameterError for anything else."""
    if len(text) > _MAX_CHARACTERS:
        raise InvalidParameterError(f"pages may have at most {_MAX_CHARACTERS} characters; use ranges such as 1-300")
    return PageRange(tuple(_range(part.strip()) for part in text.split(",")))


def _range(part: str) -> tuple[int, int]:
    match = _PART.match(part)
    if not match:
        raise InvalidParameterError(f"pages must be page numbers and ranges such as 1-3,7; '{part[:40]}' is neither")
    first = int(match[1])
    last = int(match[2] or first)
    if first < 1:
        raise InvalidParameterError("pages counts from 1")
    if last > MAX_PAGE:
        raise InvalidParameterError(f"pages goes up to {MAX_PAGE}")
    if last < first:
        raise InvalidParameterError(f"pages: the range {part} runs backwards; write {last}-{first}")
    return first, last
