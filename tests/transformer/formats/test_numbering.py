from __future__ import annotations

import pytest

from tests.transformer.formats.drawn import layout
from transformer.formats.numbering import numbered


def test_pages_count_from_1_unless_they_have_numbers() -> None:
    pages = [layout(), layout()]
    assert [number for number, _ in numbered(pages, None)] == [1, 2]
    assert [number for number, _ in numbered(pages, [9, 4])] == [9, 4]


def test_numbers_must_fit_the_pages() -> None:
    with pytest.raises(ValueError, match="longer"):
        list(numbered([layout(), layout()], [1]))
