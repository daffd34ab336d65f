from __future__ import annotations

import numpy as np
import pytest

from predictor.engines import Page, dividing
from predictor.engines.dividing import Piece, assign, deal
from predictor.engines.native import BLOCK, LINE, PARAGRAPH

WHITE = np.full((100, 100), 255, np.uint8)


def lines(block: int, *lengths: int, kind: int = 1) -> list[Piece]:
    """Lines of a block whose cost is their length, without spaces and unlike enough that none is divided."""
    begins = [BLOCK, *[PARAGRAPH] * (len(lengths) - 1)]
    return [Piece(block, kind, start, (0, 0, length - 2, 1)) for start, length in zip(begins, lengths, strict=True)]


def test_the_costliest_blocks_are_dealt_out_first() -> None:
    pieces = [piece for block, cost in enumerate((3, 10, 5, 6)) for piece in lines(block, cost, 9 * cost)]
    assert assign(pieces, 2, WHITE) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert assign([], 3, WHITE) == []
    assert set(assign(lines(0, 3, 4), 4, WHITE)) == {0}


def column_of(count: int, *, starts: tuple[int, ...] = (), ends: tuple[int, ...] = ()) -> tuple[list[Piece], Page]:
    """Lines of words ten wide with five between; ``starts`` are indented, ``ends`` leave room."""
    page = np.full((20 * count, 200), 255, np.uint8)
    pieces = []
    for number in range(count):
        x0, x1 = (40 if number in starts else 0), (120 if number in ends else 190)
        for x in range(x0, x1, 15):
            page[20 * number : 20 * number + 10, x : min(x + 10, x1) : 2] = 0
        pieces.append(Piece(0, 1, LINE if number else BLOCK, (x0, 20 * number, x1, 20 * number + 10)))
    return pieces, page


def test_a_divided_block_evens_the_shares_out() -> None:
    pieces, page = column_of(40)
    assert assign(pieces, 2, page) == [0] * 20 + [1] * 20
    assert assign(pieces, 4, page) == sorted([0, 1, 2, 3] * 10)
    beside = lines(1, 100, 100)
    found = assign(pieces + beside, 2, page)
    assert found[:40] == sorted(found[:40], reverse=found[0] == 1)
    assert 20 < max(found.count(0), found.count(1)) < 30


def test_no_share_begins_where_a_paragraph_might() -> None:
    pieces, page = column_of(40, starts=(20,), ends=(20,))
    assert assign(pieces, 2, page) == [0] * 22 + [1] * 18


@pytest.mark.parametrize("irregular", [{"starts": (5, 20, 30)}, {"ends": (4, 20, 30)}], ids=["indented", "room"])
def test_a_block_that_may_be_several_paragraphs_stays_whole(irregular: dict[str, tuple[int, ...]]) -> None:
    pieces, page = column_of(40, **irregular)
    assert set(assign(pieces, 2, page)) == {0}


def test_pictures_are_not_divided() -> None:
    pieces, page = column_of(40)
    assert set(assign([Piece(0, 10, piece.begins, piece.box) for piece in pieces], 2, page)) == {0}


def test_help_must_be_worth_its_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [*lines(0, 500, 500), *lines(1, 190)]
    assert deal(pieces, 2, WHITE) == [0, 0, 0]
    assert deal([*pieces, *lines(2, 20)], 2, WHITE) == [0, 0, 1, 1]
    assert deal([*pieces, *lines(2, 20)], 1, WHITE) == [0, 0, 0, 0]
    assert deal([], 2, WHITE) == []
    monkeypatch.setattr(dividing, "_WORTH_HELP", 1)
    assert deal(pieces, 2, WHITE) == [0, 0, 1]
