from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.protocol.errors import InvalidParameterError
from transformer.decoding.page_range import EVERY_PAGE, MAX_PAGE, parse

RANGES = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 10)).map(lambda pair: (pair[0], sum(pair))), min_size=1, max_size=10
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", (1,)),
        ("1-3,7", (1, 2, 3, 7)),
        ("7,1-3", (7, 1, 2, 3)),
        (" 2 , 1-1 ", (2, 1)),
        ("2,1-3,2", (2, 1, 3)),
        ("007", (7,)),
    ],
)
def test_reads_ranges_in_the_order_given(text: str, numbers: tuple[int, ...]) -> None:
    assert parse(text).of(10) == numbers


def test_every_page_is_the_default() -> None:
    assert EVERY_PAGE.of(3) == (1, 2, 3)
    assert EVERY_PAGE.last is None
    assert 10_000 in EVERY_PAGE


@pytest.mark.parametrize("text", ["", ",", "1,", "a", "1-", "-1", "1--2", "1-2-3", "1.5", "+1", "٣", "all", "1;2"])
def test_refuses_what_is_no_page_number(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="such as 1-3,7"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "counts from 1"),
        ("0-3", "counts from 1"),
        ("3-1", "write 1-3"),
        (f"1-{MAX_PAGE + 1}", "goes up to"),
        ("999999999", "goes up to"),
        ("1," * 600, "at most 1000 characters"),
    ],
)
def test_says_what_is_wrong_with_a_range(text: str, words: str) -> None:
    with pytest.raises(InvalidParameterError, match=words):
        parse(text)


@pytest.mark.parametrize(("total", "words"), [(1, "only 1 page$"), (6, "only 6 pages$")])
def test_a_page_beyond_the_end_is_told_how_many_there_are(total: int, words: str) -> None:
    with pytest.raises(InvalidParameterError, match=f"page 7, but the document has {words}"):
        parse("1,7").of(total)


@given(RANGES)
def test_selects_exactly_the_pages_named(ranges: list[tuple[int, int]]) -> None:
    selection = parse(",".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges))
    numbers = selection.of(100)
    named = {number for first, last in ranges for number in range(first, last + 1)}
    assert set(numbers) == named
    assert len(numbers) == len(named)
    assert numbers[0] == ranges[0][0]
    assert selection.last == max(named)
    assert [number for number in range(1, 101) if number in selection] == sorted(named)


@given(st.text(alphabet="0123456789-, ", max_size=30) | st.text(max_size=30))
def test_any_text_is_a_selection_or_an_invalid_parameter(text: str) -> None:
    with contextlib.suppress(InvalidParameterError):
        assert parse(text).last is not None
