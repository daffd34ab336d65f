"""Reads a page together with copies of this process.

The layout is analysed once. Then the process is forked, so that every copy has the page as it was found, and each
recognises some of its lines, which Tesseract does independently of each other. Cutting the page up instead changes the
text: each piece gets a threshold, a skew and letter heights of its own.

Tesseract cannot be told to leave lines out. But it asks a monitor before each line, and it passes over a line that lies
outside of the image: so the image's recorded height is zero while other processes' lines are due.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from predictor.engines import EngineSettings, Page, Reading, native
from predictor.engines.building import LayoutBuilder
from predictor.engines.dividing import Piece, deal
from predictor.engines.helpers import Helper
from predictor.engines.joining import Part, Share, join
from predictor.engines.native import BLOCK, LINE, PARAGRAPH, WORD, Cursor
from protocol import kin
from protocol.errors import InternalError
from protocol.parameters import ReadingOptions

_MOST_PROCESSES = 8
"""Before they recognise at once, one analyses the layout, more than a third of the work: others would gain nothing."""


class SharingReader:
    """Keeps one Tesseract object for each language that pages were shared in, the least recently used first to go."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[tuple[str, int], int] = OrderedDict()

    def read(self, page: Page, options: ReadingOptions, *, processes: int, layout: bool) -> Reading | None:
        """Read ``page`` on as many of ``processes`` as the other workers leave and are worth it.

        None if it must be read by one process alone: because what was read does not fit together, or a copy of this
        process did not live to tell.
        """
        api = self._api(options)
        height, width = page.shape
        page = np.ascontiguousarray(page)
        native.set_page_segmentation(api, options.psm)
        native.set_image(api, page.ctypes.data, width, height, 1, width)
        if options.dpi is not None:
            native.set_resolution(api, options.dpi)
        try:
            pieces = _pieces(api)
            count = max(1, min(processes - kin.others(), _MOST_PROCESSES))
            owners = deal(pieces, count, page)
            shares = _read_shares(api, pieces, owners, height=height, layout=layout) if pieces else [()]
            return join(shares, page, layout=layout)
        finally:
            native.clear(api)

    def _api(self, options: ReadingOptions) -> int:
        key = options.lang, options.oem
        if key in self._loaded:
            self._loaded.move_to_end(key)
            return self._loaded[key]
        while len(self._loaded) >= self._settings.languages:
            native.delete(self._loaded.popitem(last=False)[1])
        api: int = native.create()
        if native.init(api, self._settings.tessdata.encode(), options.lang.encode(), options.oem) != 0:
            native.delete(api)
            raise InternalError(f"the installed model '{options.lang}' does not load; replace its file")
        native.set_variable(api, b"debug_file", b"/dev/null")
        self._loaded[key] = api
        return api


def _pieces(api: int) -> list[Piece]:
    iterator = native.analyse_layout(api, True)
    if not iterator:
        return []
    cursor = Cursor(iterator, results=False)
    try:
        found: list[Piece] = []
        block = -1
        while True:
            begins = next((level for level in (BLOCK, PARAGRAPH, LINE) if cursor.begins(level)), None)
            block += begins == BLOCK
            found.append(Piece(block, cursor.block_type(), begins, cursor.box(WORD) or (0, 0, 0, 1)))
            if not cursor.next(WORD):
                return found
    finally:
        cursor.close()


def _read_shares(
    api: int, pieces: Sequence[Piece], owners: Sequence[int], *, height: int, layout: bool
) -> list[Share | None]:
    """What each owner of pieces reads: the first one is this process, the others are copies of it."""
    first, *others = (
        functools.partial(_read_share, api, pieces, [other == owner for other in owners], height=height, layout=layout)
        for owner in sorted(set(owners))
    )
    with kin.occupying(1 + len(others)), ExitStack() as running:
        try:
            helpers = [running.enter_context(Helper(read)) for read in others]
        except OSError:  # no memory or no process number left
            return [None]
        return [first(), *[helper.result() for helper in helpers]]


def _read_share(api: int, pieces: Sequence[Piece], mine: Sequence[bool], *, height: int, layout: bool) -> Share | None:
    """What one process reads; None if Tesseract does not keep to the layout that it had found."""
    return _share(api, pieces, mine, layout=layout) if _recognize(api, mine, height) else None


def _recognize(api: int, mine: Sequence[bool], height: int) -> bool:
    """Recognise the pieces that are mine; False if Tesseract came by more or fewer than there are."""
    image = native.input_image(api)
    asked = 0
    expected = True

    def before_piece(_: int | None, pieces: int) -> bool:
        nonlocal asked, expected
        expected = pieces == len(mine)
        native.set_pix_height(image, height if expected and mine[asked] else 0)
        asked += 1
        return not expected

    try:
        with native.monitor(native.CancelFunction(before_piece)) as monitor:
            failed = native.recognize(api, monitor)
    finally:
        native.set_pix_height(image, height)
    return not failed and expected and asked == len(mine)


def _share(api: int, pieces: Sequence[Piece], mine: Sequence[bool], *, layout: bool) -> Share | None:
    """What was recognised. Lines that were passed over have vanished, but for blocks that never have text."""
    begun = {piece.block: piece for piece, wanted in reversed(list(zip(pieces, mine, strict=True))) if wanted}
    left = {piece.block: piece for piece in pieces if piece.block in begun or not piece.has_text}
    parts: list[Part] = []
    cursor = Cursor(native.result_iterator(api), results=True)
    try:
        more = True
        for block, piece in left.items():
            if not more or cursor.block_type() != piece.block_type:
                return None
            part, more = _read_part(cursor, block, layout=layout)
            if piece.has_text:
                continues = begun[block].begins != BLOCK
                parts.append(
                    replace(part, text=part.text if more else part.text + "\n", continues=continues, ends=not more)
                )
    finally:
        cursor.close()
    return None if more else tuple(parts)


def _read_part(cursor: Cursor, number: int, *, layout: bool) -> tuple[Part, bool]:
    """The block at the cursor, which is afterwards at the next one; False if there is none."""
    builder = LayoutBuilder()
    text = ""
    confidences: list[float] = []
    first = True
    while first or not cursor.begins(BLOCK):
        if cursor.begins(PARAGRAPH):
            text += cursor.text(PARAGRAPH)
        if layout:
            _add(builder, cursor)
        if (word := cursor.text(WORD)).strip():
            confidences.append(cursor.confidence())
            if layout:
                builder.word(word, cursor.box(WORD) or (0, 0, 0, 0), confidence=confidences[-1])
        first = False
        if not cursor.next(WORD):
            return Part(number, text, tuple(confidences), builder.blocks()), False
    return Part(number, text, tuple(confidences), builder.blocks()), True


def _add(builder: LayoutBuilder, cursor: Cursor) -> None:
    if cursor.begins(BLOCK):
        builder.block(cursor.box(BLOCK) or (0, 0, 0, 0))
    if cursor.begins(PARAGRAPH):
        builder.paragraph(cursor.box(PARAGRAPH) or (0, 0, 0, 0))
    if cursor.begins(LINE):
        x0, y0, x1, y1 = cursor.box(LINE) or (0, 0, 0, 0)
        left, left_y, right, right_y = cursor.baseline() or (x0, y1, x1, y1)
        baseline = float(left), float(left_y), float(right), float(right_y)
        builder.line((x0, y0, x1, y1), baseline=baseline, height=cursor.row_height())
