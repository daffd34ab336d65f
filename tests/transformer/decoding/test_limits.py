from __future__ import annotations

from collections.abc import Iterator

import pytest

from kserve_ocr.protocol.errors import (
    DamagedDocumentError,
    InvalidParameterError,
    TooManyBytesError,
    TooManyPagesError,
    TooManyPixelsError,
)
from transformer.decoding.limits import Limits, RequestQuota, Size, check_bytes, choose
from transformer.decoding.page_range import EVERY_PAGE, parse

LIMITS = Limits(page_pixels=100, pages=3, pixels=250)


def test_pages_within_the_limits_are_chosen() -> None:
    assert choose([(10, 10), (5, 5), (10, 10)], EVERY_PAGE, LIMITS) == (1, 2, 3)


def test_a_page_of_too_many_pixels_is_named() -> None:
    with pytest.raises(TooManyPixelsError, match="page 2 has 101 x 1 pixels, more than the 100"):
        choose([(10, 10), (101, 1)], EVERY_PAGE, LIMITS)


def test_pixels_of_all_pages_are_limited() -> None:
    with pytest.raises(TooManyPixelsError, match="300 pixels, more than the 250"):
        choose([(10, 10)] * 3, EVERY_PAGE, LIMITS)


def test_pages_are_limited() -> None:
    with pytest.raises(TooManyPagesError, match="more than the 3 pages"):
        choose([(1, 1)] * 4, EVERY_PAGE, LIMITS)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (-5, -5)])
def test_a_page_of_no_size_is_damaged(size: Size) -> None:
    with pytest.raises(DamagedDocumentError, match="page 1"):
        choose([size], EVERY_PAGE, LIMITS)


def test_a_document_without_pages_is_damaged() -> None:
    with pytest.raises(DamagedDocumentError, match="no pages"):
        choose([], EVERY_PAGE, LIMITS)


def test_only_selected_pages_count() -> None:
    sizes = [(1000, 1000), (0, 0), (10, 10), (1, 1), *[(1000, 1000)] * 20]
    assert choose(sizes, parse("4,3"), LIMITS) == (4, 3)


def test_looks_no_further_than_the_last_selected_page() -> None:
    def sizes() -> Iterator[Size]:
        yield from [(1, 1)] * 2
        pytest.fail("looked at the third page")

    assert choose(sizes(), parse("2"), LIMITS) == (2,)


def test_a_page_that_is_not_there_is_an_invalid_parameter() -> None:
    with pytest.raises(InvalidParameterError, match="page 5, but the document has only 2 pages"):
        choose([(1, 1)] * 2, parse("1,5"), LIMITS)


def test_bytes_are_limited() -> None:
    check_bytes(10, 10)
    with pytest.raises(TooManyBytesError, match="11 bytes, more than the 10"):
        check_bytes(11, 10)


def test_an_allowance_is_used_up_by_pages() -> None:
    quota = RequestQuota(pages=2, pixels=1000)
    quota.take((1, 1))
    quota.take((1, 1))
    with pytest.raises(TooManyPagesError):
        quota.take((1, 1))


def test_an_allowance_is_used_up_by_pixels() -> None:
    quota = RequestQuota(pages=10, pixels=150)
    quota.take((10, 10))
    with pytest.raises(TooManyPixelsError):
        quota.take((10, 10))
