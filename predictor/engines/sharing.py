"""Reads a share of a page: the layout of all of it, the text of some of its blocks.

Several workers read a page together in this way: each analyses the whole page, so that every line has exactly the
surroundings, threshold and measures that it has when one worker reads the page, and then recognises only its own
blocks, which Tesseract does independently of each other. Cutting the page up instead changes the text: each piece gets
a threshold, a skew and letter heights of its own.

Tesseract cannot be told to leave lines out. But it asks a monitor before each line, and it passes over a line that lies
outside of the image: so the image's recorded height is zero while lines of other workers' blocks are due.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from predictor.engines import EngineSettings, Page, Share, SharedBlock, native
from predictor.engines.building import LayoutBuilder
from predictor.engines.native import BLOCK, LINE, PARAGRAPH, WORD, Cursor
from protocol.errors import InternalError
from protocol.parameters import ReadingOptions

_WITHOUT_TEXT = range(9, 14)
"""Tesseract's types of blocks that are pictures and rules."""

_LINE_COST = 2.0
"""What a line costs beside its length in line heights."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the layout before recognition."""

    type: int
    lines: int
    cost: float

    @property
    def has_text(self) -> bool:
        return self.type not in _WITHOUT_TEXT


class ShareReader:
    """Keeps one Tesseract object for each language that pages were shared in, the least recently used first to go."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[tuple[str, int], int] = OrderedDict()

    def read(self, page: Page, options: ReadingOptions, *, index: int, count: int, layout: bool) -> Share | None:
        """Share ``index`` of ``count``, or None if Tesseract did not keep to the layout that it had found."""
        api = self._api(options)
        height, width = page.shape
        page = np.ascontiguousarray(page)
        native.set_page_segmentation(api, options.psm)
        native.set_image(api, page.ctypes.data, width, height, 1, width)
        if options.dpi is not None:
            native.set_resolution(api, options.dpi)
        try:
            blocks = _blocks(api)
            owners = assign([block.cost for block in blocks], count)
            mine = [owner == index for owner in owners]
            if not any(mine):
                return Share(len(blocks), ())
            wanted = [mine[number] for number, block in enumerate(blocks) for _ in range(block.lines)]
            if not _recognize(api, wanted, height):
                return None
            return _share(api, blocks, mine, layout=layout)
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


def assign(costs: list[float], count: int) -> list[int]:
    """The share of each block: the costliest first, each to the share that has least. Every worker finds the same."""
    loads = [0.0] * count
    owners = [0] * len(costs)
    for number in sorted(range(len(costs)), key=lambda number: (-costs[number], number)):
        owners[number] = loads.index(min(loads))
        loads[owners[number]] += costs[number]
    return owners


def _blocks(api: int) -> list[_Block]:
    iterator = native.analyse_layout(api, True)
    if not iterator:
        return []
    cursor = Cursor(iterator, results=False)
    try:
        found: list[_Block] = []
        while True:
            if cursor.begins(BLOCK):
                found.append(_Block(cursor.block_type(), 0, 0.0))
            x0, y0, x1, y1 = cursor.box(WORD) or (0, 0, 0, 1)
            cost = (x1 - x0) / max(1, y1 - y0) + _LINE_COST
            last = found[-1]
            found[-1] = _Block(last.type, last.lines + 1, last.cost + cost)
            if not cursor.next(WORD):
                return found
    finally:
        cursor.close()


def _recognize(api: int, wanted: list[bool], height: int) -> bool:
    """Recognise the wanted lines; False if Tesseract came by more or fewer than there are."""
    image = native.input_image(api)
    asked = 0
    expected = True

    def before_line(_: int | None, lines: int) -> bool:
        nonlocal asked, expected
        expected = lines == len(wanted)
        native.set_pix_height(image, height if expected and wanted[asked] else 0)
        asked += 1
        return not expected

    try:
        with native.monitor(native.CancelFunction(before_line)) as monitor:
            failed = native.recognize(api, monitor)
    finally:
        native.set_pix_height(image, height)
    return not failed and expected and asked == len(wanted)


def _share(api: int, blocks: list[_Block], mine: list[bool], *, layout: bool) -> Share | None:
    """What was recognised. Blocks that were passed over have vanished, but for those that never have text."""
    left = [number for number, block in enumerate(blocks) if mine[number] or not block.has_text]
    found: list[SharedBlock] = []
    cursor = Cursor(native.result_iterator(api), results=True)
    try:
        position = -1
        more = True
        while more:
            position += 1
            if position >= len(left) or cursor.block_type() != blocks[left[position]].type:
                return None
            number = left[position]
            block, more = _read_block(cursor, number, layout=layout)
            if not blocks[number].has_text:
                continue
            if not more and number < len(blocks) - 1:  # at the end of a page the last paragraph has no blank line
                block = SharedBlock(number, block.text + "\n", block.confidences, block.layout)
            found.append(block)
    finally:
        cursor.close()
    return Share(len(blocks), tuple(found)) if position == len(left) - 1 else None


def _read_block(cursor: Cursor, number: int, *, layout: bool) -> tuple[SharedBlock, bool]:
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
            return SharedBlock(number, text, tuple(confidences), builder.blocks()), False
    return SharedBlock(number, text, tuple(confidences), builder.blocks()), True


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
