"""Fields of forms and receipts: a label and the value beside it or below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from transformer.structure.content.segments import Segment, SegmentedPage, Span, is_amount

MAX_LABEL = 48
"""Characters of a label."""
BELOW_HEIGHTS = 1.5
"""Heights between a label and the value below it."""

_LABEL = re.compile(r"(?P<label>[^\W\d][^:]{0,47}):(?P<rest>.*)", re.DOTALL)


class Field(Struct, frozen=True):
    """A label, without its colon, and its value."""

    label: tuple[Span, ...]
    value: tuple[Span, ...]


def find_fields(page: SegmentedPage) -> list[Field]:
    """The fields of a page in reading order.

    A label ends with a colon, its value follows in the line or begins below it; or a row has nothing but a text and
    an amount, as receipts do.
    """
    found: list[Field] = []
    for number, line in enumerate(page.lines):
        below = page.lines[number + 1] if number + 1 < len(page.lines) else []
        found += _with_colon(line, below, page.height)
        if len(line) == 2 and _is_text(line[0].text) and is_amount(line[1].text):
            found.append(Field((line[0].span,), (line[1].span,)))
    return found


def _with_colon(line: Sequence[Segment], below: Sequence[Segment], height: float) -> Iterator[Field]:
    for index, segment in enumerate(line):
        cut = _end_of_label(segment)
        if cut is None:
            continue
        span = segment.span
        label = Span(span.line, span.start, span.start + cut)
        if span.start + cut < span.end:
            yield Field((label,), (Span(span.line, span.start + cut, span.end),))
        elif index + 1 < len(line) and _end_of_label(line[index + 1]) is None:
            yield Field((label,), (line[index + 1].span,))
        elif value := _value_below(segment, below, height):
            yield Field((label,), (value.span,))


def _end_of_label(segment: Segment) -> int | None:
    """How many words of the segment are a label, that with the colon included; None without a label."""
    match = _LABEL.match(segment.text)
    if match is None or len(match["label"]) > MAX_LABEL or (match["rest"] and not match["rest"][0].isspace()):
        return None
    return len(match["label"].split()) if not match["label"].endswith(" ") else len(match["label"].split()) + 1


def _value_below(label: Segment, below: Sequence[Segment], height: float) -> Segment | None:
    for segment in below:
        near = -0.5 * height < segment.y0 - label.y1 < BELOW_HEIGHTS * height
        if near and abs(segment.x0 - label.x0) < height and _end_of_label(segment) is None:
            return segment
    return None


def _is_text(text: str) -> bool:
    return len(text) <= MAX_LABEL and ":" not in text and any(map(str.isalpha, text))
