"""Recognizes one preprocessed page: the predictor's result, a second look where text was missed, reading order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.language.languages import is_latin
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult, confident_part, mean_confidence
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.types import Page
from transformer import metrics
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.predictor_client import PredictorClient
from transformer.structure import alternatives, lone_numbers
from transformer.structure.content.page_structure import PageStructure, analyze
from transformer.structure.content.paragraphs import join_paragraphs
from transformer.structure.corrections.correct import corrected
from transformer.structure.excerpt import Excerpt
from transformer.structure.noise import without_noise
from transformer.structure.order.page_order import Order, OrderedPage, order_page
from transformer.structure.order.table_rows import has_table_rows
from transformer.structure.remainder import merged, unread_part
from transformer.structure.ruled.text_at_rules import is_spoiled, part_without_rules, with_recovered
from transformer.structure.surer_words import with_surer_words
from transformer.structure.text import page_text

_ON_THE_LOOP: Final = 100
"""Number of words up to which work on a layout is faster than handing it to a thread."""
_SECOND_LOOK_SECONDS: Final = 20.0
"""Time limit of a second look; a busy predictor skips it."""

_DEFAULT_MODE: Final = RecognitionOptions().psm
_CURVED: Final = "dewarp"
"""The step of preparation that makes curved lines straight."""

_WHITE: Final = np.full((32, 32), 255, np.uint8)

Result = TypeVar("Result")


class PageOptions(Struct, frozen=True, kw_only=True):
    """How the pages of a document are recognized."""

    engine: RecognitionOptions
    order: Order
    second_look: bool
    """Whether a page may be recognized again, in another way or only where nothing was read."""
    wants_layout: bool
    """Whether an output needs the layout."""
    min_confidence: float = 0.0
    """Words of a lower confidence are left out."""
    wants_structure: bool = False
    """Whether an output needs tables, fields, headings or lists, and so the layout too."""


class RecognizedPage(RecognitionResult, frozen=True):
    """What was recognized on a page; the layout is in pixels of the prepared page."""

    structure: PageStructure | None = None
    lang: str = ""
    """The models that it was recognized with; empty where several parts were recognized by themselves."""
    looked_again: bool = False
    """Whether all of its uncertain lines were recognized a second time."""


class PageRecognizer:
    """Recognizes pages with the predictor."""

    def __init__(self, predictor: PredictorClient) -> None:
        self._predictor = predictor

    async def recognize(self, page: DocumentPage, options: PageOptions, *, deadline: float) -> RecognizedPage:
        """Text, confidence, layout (in pixels of the prepared page) and structure; ``deadline`` is in the loop's time.

        Raises what :meth:`PredictorClient.read` raises.
        """
        return replace(await self._recognize(page, options, deadline), lang=options.engine.lang)

    async def refine(
        self, page: DocumentPage, result: RecognizedPage, part: Excerpt, options: PageOptions, *, deadline: float
    ) -> RecognizedPage:
        """The result with the words that another recognition of a ``part`` of the page is surer of."""
        layout = result.layout
        recognition = _Recognition(self._predictor, page, options, deadline)
        second = await recognition.part_again(part, alternatives.BLOCK_MODE)
        if layout is None or second is None:
            return result
        # Corrected before: whether the print is old shows in the whole of a recognition, not in some words of it.
        found = await _off_the_loop(lambda: with_surer_words(layout, recognition.corrected(second)), layout)
        metrics.record_second_look("words", kept=found is not layout)
        if found is layout:
            return result
        found = recognition.corrected(without_noise(found))
        refined = RecognizedPage(page_text(found), mean_confidence(found.iter_words()), found, lang=result.lang)
        return await self._with_structure(page, refined, options)

    async def _recognize(self, page: DocumentPage, options: PageOptions, deadline: float) -> RecognizedPage:
        if page.blank:
            # Tesseract reads letters into empty cells, above all where it is told to expect a line. The predictor
            # checks the options all the same: what it rejects must not depend on the page.
            await self._predictor.read(_WHITE, options.engine, wants_layout=False, deadline=deadline)
            return RecognizedPage("", 0.0, PageLayout(page.pixels.shape[1], page.pixels.shape[0], ()))
        ordering = options.order != "engine"
        engine = await self._first_options(page, options)
        with metrics.stage("network"):
            reading = await self._predictor.read(
                page.pixels,
                engine,
                wants_layout=options.wants_layout or ordering or options.min_confidence > 0,
                deadline=deadline,
            )
        recognized = RecognizedPage(reading.text, reading.confidence, reading.layout)
        if reading.layout is not None and ordering:
            recognition = _Recognition(self._predictor, page, options, deadline)
            whole_rows = engine.psm == alternatives.ROWS_MODE
            recognized = await recognition.finish(reading.layout, recognized, whole_rows=whole_rows)
        if recognized.layout is not None and options.min_confidence > 0:
            kept = confident_part(recognized.layout, options.min_confidence)
            recognized = RecognizedPage(page_text(kept), mean_confidence(kept.iter_words()), kept)
        return await self._with_structure(page, recognized, options)

    @staticmethod
    async def _first_options(page: DocumentPage, options: PageOptions) -> RecognitionOptions:
        """How the page is recognized first: tables so that their rows stay whole, if the request chooses no mode."""
        # Beside the columns of a curved sheet, that mode reads the texture of what the sheet lies on.
        may_choose = options.second_look and options.engine.psm == _DEFAULT_MODE and _CURVED not in page.steps
        if may_choose and await asyncio.to_thread(has_table_rows, page.letters):
            return replace(options.engine, psm=alternatives.ROWS_MODE, dpi=alternatives.ROWS_DPI)
        return replace(options.engine, dpi=page.dpi)

    @staticmethod
    async def _with_structure(page: DocumentPage, recognized: RecognizedPage, options: PageOptions) -> RecognizedPage:
        layout = recognized.layout
        if layout is None or not options.wants_structure:
            return recognized
        structure = await _off_the_loop(lambda: analyze(layout, page.separators), layout)
        return replace(recognized, structure=structure)


class _Recognition:
    """The steps after the first recognition of one page."""

    def __init__(self, predictor: PredictorClient, page: DocumentPage, options: PageOptions, deadline: float) -> None:
        self._predictor = predictor
        self._page = page
        self._options = options
        self._deadline = deadline
        self._looked_again = False

    async def finish(
        self, first: PageLayout, recognized: RecognizedPage, *, whole_rows: bool = False
    ) -> RecognizedPage:
        """The page in order, from the first recognition and its layout; ``whole_rows`` if that kept rows whole."""
        layout = without_noise(first)
        ordered = await self._order(layout)
        if self._options.second_look:
            if not whole_rows:
                layout, ordered = await self._with_whole_rows(layout, ordered)
            ordered = await self._with_missed_text(layout, ordered)
        metrics.record_order(changed=ordered.layout is not first)
        layout = await _off_the_loop(lambda: join_paragraphs(self.corrected(ordered.layout)), ordered.layout)
        if self._options.second_look:
            layout = await self._with_numbers(layout)
        if layout is not first:
            recognized = RecognizedPage(page_text(layout), mean_confidence(layout.iter_words()), layout)
        return replace(recognized, looked_again=self._looked_again)

    def corrected(self, layout: PageLayout) -> PageLayout:
        """The layout with its signs corrected, where its script and the options allow that."""
        languages = self._options.engine.languages
        if not is_latin(languages) or self._lists_characters():
            return layout
        return corrected(layout, languages=languages)

    def _lists_characters(self) -> bool:
        """Whether the request lists the characters that are allowed or forbidden."""
        return bool(self._options.engine.whitelist or self._options.engine.blacklist)

    async def _with_whole_rows(self, layout: PageLayout, ordered: OrderedPage) -> tuple[PageLayout, OrderedPage]:
        """A second recognition that keeps rows whole, if the first has split rows and the second is as confident."""
        if not alternatives.has_split_rows(ordered):
            return layout, ordered
        second = await self.again(self._page.pixels, alternatives.ROWS_MODE, dpi=alternatives.ROWS_DPI)
        kept = second is not None and alternatives.is_as_sure(second, layout)
        metrics.record_second_look("rows", kept=kept)
        if second is None or not kept:
            return layout, ordered
        return second, await self._order(second)

    async def _with_missed_text(self, layout: PageLayout, ordered: OrderedPage) -> OrderedPage:
        """The page with what another recognition adds: of text that rules spoiled, or else of its unread parts."""
        page = self._page
        if len(page.letters) and await _off_the_loop(lambda: is_spoiled(layout, page.separators), layout):
            part = await asyncio.to_thread(part_without_rules, page.pixels, layout, page.letters, page.separators)
            if part is None:
                return ordered
            second = await self.part_again(part, alternatives.BLOCK_MODE)
            self._looked_again = second is not None
            whole = layout if second is None else with_recovered(layout, second)
            return await self._kept("rules", layout, ordered, whole)
        if not await _off_the_loop(lambda: alternatives.has_unread_text(layout, page.letters), layout):
            return ordered
        rest = await asyncio.to_thread(unread_part, page.pixels, layout, page.letters, page.separators)
        second = await self.part_again(rest, alternatives.SPARSE_MODE)
        return await self._kept("unread", layout, ordered, layout if second is None else merged(layout, second))

    async def _kept(self, reason: str, layout: PageLayout, ordered: OrderedPage, whole: PageLayout) -> OrderedPage:
        """The ``whole`` in order, if a second look has made more of the layout; the page as it was ordered if not."""
        kept = whole != layout
        metrics.record_second_look(reason, kept=kept)
        return await self._order(without_noise(whole)) if kept else ordered

    async def part_again(self, part: Excerpt, mode: int) -> PageLayout | None:
        """Another recognition of parts of the page, in pixels of the page; None if the predictor fails."""
        second = await self.again(part.pixels, mode, dpi=self._page.dpi)
        height, width = self._page.pixels.shape
        return None if second is None else part.on_page(second, width=width, height=height)

    async def _with_numbers(self, layout: PageLayout) -> PageLayout:
        """The page with numbers above and below the text that a recognition of nothing else adds."""
        numbers = lone_numbers.left_out(layout, self._page.numbers)
        if not len(numbers) or self._lists_characters():
            return layout
        pixels = self._page.pixels
        second = await self.again(lone_numbers.image(pixels, numbers), alternatives.LINE_MODE, dpi=self._page.dpi)
        whole = layout if second is None else lone_numbers.added(layout, pixels, numbers, second)
        metrics.record_second_look("numbers", kept=whole is not layout)
        return whole

    async def again(self, pixels: Page, mode: int, *, dpi: int | None) -> PageLayout | None:
        """Another recognition without noise; None if the predictor fails, then the first result stands."""
        options = replace(self._options.engine, dpi=dpi, psm=mode)
        deadline = min(self._deadline, asyncio.get_running_loop().time() + _SECOND_LOOK_SECONDS)
        try:
            with metrics.stage("network"):
                reading = await self._predictor.read(pixels, options, wants_layout=True, deadline=deadline)
        except OcrError:
            return None
        return None if reading.layout is None else without_noise(reading.layout)

    async def _order(self, layout: PageLayout) -> OrderedPage:
        order, separators = self._options.order, self._page.separators
        with metrics.stage("order"):
            return await _off_the_loop(lambda: order_page(layout, order=order, separators=separators), layout)


async def _off_the_loop(work: Callable[[], Result], layout: PageLayout) -> Result:
    """The result of ``work``, run in a thread if the page has many words so that it does not block the event loop."""
    if sum(1 for _ in layout.iter_words()) <= _ON_THE_LOOP:
        return work()
    return await asyncio.to_thread(work)
