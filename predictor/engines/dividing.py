"""Who reads what of a page that several processes read together.

Only paragraphs are more than the sum of their lines: Tesseract tells them apart by all lines of a block. So they
read whole blocks, but for one: the largest is divided if it looks like a single paragraph. If one of its parts turns
out to be more than that, one process reads the page again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from predictor.engines import Page
from predictor.engines.native import LINE
from protocol.layout import Box

_WITHOUT_TEXT = range(9, 14)
"""Tesseract's types of blocks that are pictures and rules."""

_LINE_COST = 2.0
"""What a line costs beside its length in line heights."""

_WORTH_DIVIDING = 0.2
"""Share of the page's cost from which on a block is divided."""

_WORTH_HELP = 200.0
"""What others must take off a process to be worth their fork: some 35 ms of reading, when a fork takes 10."""

_LINES_A_SHARE = 8
"""Of a divided block at least; with fewer Tesseract cannot tell a paragraph."""

_IRREGULAR = 0.05
"""Share of a divided block's lines at which a paragraph might begin after all."""

_INDENT = 0.5
"""Line heights to the right of the others from which on a line is indented."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is recognised at a time, before recognition: a line, or what a wide gap leaves of one."""

    block: int
    block_type: int
    begins: int | None
    """The largest part of the page that begins here; None within a line."""
    box: Box

    @property
    def cost(self) -> float:
        """About how long it takes to read, in line heights."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) / max(1, y1 - y0) + _LINE_COST

    @property
    def has_text(self) -> bool:
        return self.block_type not in _WITHOUT_TEXT


def deal(pieces: Sequence[Piece], count: int, page: Page) -> list[int]:
    """Who of ``count`` processes reads each piece; all of them the first if help would gain too little."""
    owners = assign(pieces, count, page)
    loads: dict[int, float] = {}
    for piece, owner in zip(pieces, owners, strict=True):
        loads[owner] = loads.get(owner, 0.0) + piece.cost
    spared = sum(loads.values()) - max(loads.values(), default=0.0)
    return owners if spared >= _WORTH_HELP else [0] * len(owners)


def assign(pieces: Sequence[Piece], count: int, page: Page) -> list[int]:
    """The share of each piece.

    The costliest blocks come first, each to the share that has least; at last the divided one evens the shares out.
    """
    costs: dict[int, float] = {}
    for piece in pieces:
        costs[piece.block] = costs.get(piece.block, 0.0) + piece.cost
    divided, joints = _divided(pieces, costs, page)
    loads = [0.0] * count
    owners = {}
    for block in sorted(costs.keys() - {divided}, key=lambda block: (-costs[block], block)):
        owners[block] = loads.index(min(loads))
        loads[owners[block]] += costs[block]
    idlest = sorted(range(count), key=lambda owner: (loads[owner], owner))[: len(joints) // _LINES_A_SHARE]
    due = sum(costs.values()) / max(1, len(idlest))
    room = [max(0.0, due - load) if owner in idlest else 0.0 for owner, load in enumerate(loads)]
    bounds = list(accumulate(part * costs.get(divided, 0.0) / (sum(room) or 1.0) for part in room))
    found, done, owner = [], 0.0, 0
    for number, piece in enumerate(pieces):
        if piece.block != divided:
            found.append(owners[piece.block])
            continue
        if number in joints:
            owner = min(bisect_left(bounds, done + piece.cost / 2), count - 1)
        done += piece.cost
        found.append(owner)
    return found


def _divided(pieces: Sequence[Piece], costs: Mapping[int, float], page: Page) -> tuple[int, set[int]]:
    """The costliest block, if it is worth dividing and seems to be one paragraph, and where it may be divided; else -1.

    Tesseract tells the paragraphs of a block apart by lines that are indented, and by lines that leave room at their
    end for the first word of the next (``paragraphs.cpp`` in its sources). Both must be rare; no share begins there.
    """
    block = max(costs, key=lambda block: costs[block], default=-1)
    mine = [number for number, piece in enumerate(pieces) if piece.block == block]
    if not mine or costs[block] < _WORTH_DIVIDING * sum(costs.values()) or not pieces[mine[0]].has_text:
        return -1, set()
    left = min(pieces[number].box[0] for number in mine[1:] or mine)
    right = max(pieces[number].box[2] for number in mine)
    joints = {mine[0]}
    for before, number in pairwise(mine):
        x0, y0, _, y1 = pieces[number].box
        indented = x0 - left > _INDENT * (y1 - y0)
        roomy = right - pieces[before].box[2] >= _first_word(page, pieces[number].box)
        if pieces[number].begins == LINE and not indented and not roomy:
            joints.add(number)
    regular = len(mine) - len(joints) <= _IRREGULAR * len(mine)
    return (block, joints) if regular and len(mine) >= 2 * _LINES_A_SHARE else (-1, set())


def _first_word(page: Page, line: Box) -> int:
    """The width of a line's first word and of the space behind it in pixels."""
    x0, y0, x1, y1 = line
    darkest = page[y0:y1, x0:x1].min(axis=0).astype(int)
    if not darkest.size:
        return 0
    ink = np.flatnonzero(darkest <= (int(darkest.min()) + int(darkest.max())) // 2)
    gaps = np.diff(ink)
    if not (gaps > 1).any():
        return x1 - x0
    # About one gap of six is between words.
    letters, words = np.percentile(gaps[gaps > 1], (50, 90))
    wide = np.flatnonzero(gaps >= letters / 3 + words * 2 / 3)
    return int(ink[wide[0] + 1])
