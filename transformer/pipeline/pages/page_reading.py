"""How one page is read: upright and in its language, by one or more recognitions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.types import Page
from transformer import metrics
from transformer.language.scripts import AUTO, ENGLISH
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.ocr_request import Document
from transformer.pipeline.pages import auto_language, blackletter, osd, softening, upright
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import PageOptions, PageRecognizer, RecognizedPage
from transformer.pipeline.pages.region_reading import read_regions
from transformer.pipeline.predictor_client import PredictorClient


class _Change(Struct, frozen=True):
    """Another preparation of a page."""

    part: Callable[[], Page]
    """Pixels of the part that it is tried on."""
    page: Callable[[], DocumentPage]


class _Trial(Struct, frozen=True):
    """Changes of a page that was recognized poorly, the likeliest first, and when they are kept."""

    name: str
    """As metrics count it."""
    part: upright.Sample
    changes: Sequence[_Change]
    is_surer: Callable[[PageLayout | None, upright.Sample], bool]
    """Whether the part was recognized better once changed than it was at first."""
    is_better: Callable[[RecognitionResult, RecognitionResult], bool]
    """Whether the result of the changed page, the first, is better than that of the page as it was."""


class PageReading(Struct, frozen=True, kw_only=True):
    """Reads the pages of one document until the deadline of its request."""

    predictor: PredictorClient
    recognizer: PageRecognizer
    installed_models: Callable[[], Awaitable[list[str]]]
    document: Document
    options: PageOptions
    deadline: float
    """In the event loop's time."""

    async def read(self, page: DocumentPage) -> tuple[DocumentPage, RecognizedPage, LanguageChoice | None]:
        """The page the right way up, what was recognized on it, and its language if that was to be found.

        Raises what :meth:`PageRecognizer.recognize` raises.
        """
        detects_language = AUTO in self.document.reading.languages
        report = await self._osd_report(page) if page.orientation_uncertain or detects_language else ""
        turns = osd.quarter_turns(report) if self.document.orient else 0
        upright_page = await asyncio.to_thread(osd.turned, page, turns) if turns else page

        # Not a closure: its function would keep the page for as long as a traceback keeps the frame.
        read = partial(self._read_with_model, upright_page)
        if not detects_language:
            read_page, found = await read(self.document.reading.lang)
            found = await self._refined(read_page, found)
            return read_page, found, blackletter.chosen(found, instead_of=self.document.reading.lang)
        installed = await self.installed_models() or [ENGLISH]
        (read_page, found), language = await auto_language.recognize(
            read, script=osd.script(report), installed=installed
        )
        found = await self._refined(read_page, found)
        return read_page, found, replace(language, model=found.lang or language.model)

    async def _refined(self, page: DocumentPage, result: RecognizedPage) -> RecognizedPage:
        """The result with words that are surer once the page is softened, if it was recognized poorly."""
        prepares = self.document.preprocess and page.embedded is None and not self.document.regions
        options = self._options_with(result.lang)
        layout = result.layout
        if layout is None or result.looked_again or not prepares or not options.second_look or not self._may_soften():
            return result
        if not softening.may_refine(page, result):
            return result
        part = await asyncio.to_thread(softening.uncertain_part, page.pixels, layout)
        if part is None:
            return result
        return await self.recognizer.refine(page, result, part, options, deadline=self.deadline)

    async def _read_with_model(self, page: DocumentPage, model: str) -> tuple[DocumentPage, RecognizedPage]:
        options = self._options_with(model)
        if self.document.regions:
            regions = self.document.regions
            return page, await read_regions(self.predictor, page, regions, options, deadline=self.deadline)
        options, reading = await self._recognize(page, options)
        prepares = self.document.preprocess and page.embedded is None
        if prepares and options.second_look and self._may_soften() and softening.may_help(reading):
            page, reading = await self._soften(page, reading, options)
        if not prepares or not self.document.orient:
            return page, reading
        turns = upright.turns_of_lines(page, reading)
        if turns:
            rotated = await asyncio.to_thread(osd.turned, page, turns)
            return rotated, await self.recognizer.recognize(rotated, options, deadline=self.deadline)
        if upright.is_unsure(page, reading):
            return await self._upright(page, reading, options)
        return page, reading

    async def _recognize(self, page: DocumentPage, options: PageOptions) -> tuple[PageOptions, RecognizedPage]:
        """What was recognized, and with which models: those for blackletter where they fit better."""
        other = blackletter.other_model(options.engine.lang)
        if other is None or not options.second_look or not await self._are_installed(other):
            return options, await self.recognizer.recognize(page, options, deadline=self.deadline)
        strokes = await asyncio.to_thread(blackletter.broken_strokes, page)
        old, likely = self._options_with(other), blackletter.is_likely(strokes)
        reading = await self.recognizer.recognize(page, old if likely else options, deadline=self.deadline)
        if likely:
            kept = not await self._is_surer(page, reading, options, margin=-blackletter.MARGIN)
        elif blackletter.may_be(strokes, reading):
            kept = await self._is_surer(page, reading, old, margin=blackletter.MARGIN)
        else:
            return options, reading
        metrics.record_second_look("blackletter", kept=kept)
        chosen = old if kept else options
        if kept != likely:
            reading = await self.recognizer.recognize(page, chosen, deadline=self.deadline)
        return chosen, reading

    async def _is_surer(
        self, page: DocumentPage, reading: RecognizedPage, options: PageOptions, *, margin: float
    ) -> bool:
        """Whether some lines of the page are recognized better, by ``margin``, with other options."""
        part = upright.sample(page, reading.layout, characters=blackletter.SAMPLE_CHARACTERS)
        pixels = upright.rotated_pixels(page, part, 0)
        second = await self._read_part(pixels, replace(options.engine, dpi=page.dpi))
        return blackletter.is_surer(second, part, margin=margin)

    async def _read_part(self, part: Page, engine: RecognitionOptions) -> RecognitionResult:
        return await self.predictor.read(part, engine, wants_layout=True, deadline=self.deadline)

    async def _are_installed(self, lang: str) -> bool:
        return set(lang.split("+")).issubset(await self.installed_models())

    def _options_with(self, model: str) -> PageOptions:
        return replace(self.options, engine=replace(self.options.engine, lang=model))

    def _may_soften(self) -> bool:
        return softening.STEP not in self.document.skip_steps

    async def _osd_report(self, page: DocumentPage) -> str:
        """OSD's report of a page; empty if it is not installed."""
        try:
            report = await self.predictor.read(page.pixels, osd.DETECTION, wants_layout=False, deadline=self.deadline)
        except InvalidParameterError:  # its osd model is not installed
            return ""
        return report.text

    async def _soften(
        self, page: DocumentPage, reading: RecognizedPage, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage]:
        """The page and its result softened, if a part of it is recognized better so; else as they are."""
        part = upright.sample(page, reading.layout)
        change = _Change(partial(softening.softened_part, page, part.box), partial(softening.softened_page, page))
        trial = _Trial("grain", part, (change,), is_surer=softening.is_surer, is_better=softening.is_better)
        return await self._try(trial, page, reading, options)

    async def _upright(
        self, page: DocumentPage, reading: RecognizedPage, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage]:
        """The page and its result rotated, if a part of it is recognized better so; else as they are."""
        part = upright.sample(page, reading.layout)
        changes = [
            _Change(partial(upright.rotated_pixels, page, part, turns), partial(osd.turned, page, turns))
            for turns in upright.rotations(page, part)
        ]
        trial = _Trial("orientation", part, changes, is_surer=upright.is_surer, is_better=upright.better)
        return await self._try(trial, page, reading, options)

    async def _try(
        self, trial: _Trial, page: DocumentPage, reading: RecognizedPage, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage]:
        """The page with the first change that a part of it gains from, if the whole page does, too; else as it is."""
        kept = False
        for change in trial.changes:
            pixels = await asyncio.to_thread(change.part)
            second = await self._read_part(pixels, replace(options.engine, dpi=page.dpi))
            if trial.is_surer(second.layout, trial.part):
                changed = await asyncio.to_thread(change.page)
                other = await self.recognizer.recognize(changed, options, deadline=self.deadline)
                kept = trial.is_better(other, reading)
                break
        metrics.record_second_look(trial.name, kept=kept)
        return (changed, other) if kept else (page, reading)
