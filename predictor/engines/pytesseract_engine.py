"""Tesseract as a process per page, through pytesseract: slower, for hosts with another release of the program."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from pytesseract import TesseractError, pytesseract

from kserve_ocr.protocol.errors import InternalError, InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult, Word, mean_confidence
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.state import UNMODIFIED, Acceleration
from predictor.engines.base import EngineSettings, Page
from predictor.engines.layout_builder import LayoutBuilder
from predictor.tessdata import OSD

_ORIENTATION_ONLY = 0

_HOCR_LINE = re.compile(
    r"<span class='ocr_(?:line|caption|header|textfloat)' [^>]*title=\"bbox (?P<box>\d+ \d+ \d+ \d+)"
    r"(?:; baseline (?P<slope>\S+) (?P<offset>[^;\"\s]+))?[^\">]*?; x_size (?P<size>[^;\"]+)"
)


def create(settings: EngineSettings) -> PytesseractEngine:
    """The engine for ``settings``."""
    return PytesseractEngine(settings)


class PytesseractEngine:
    """Runs the ``tesseract`` command. Its files are in the worker's own temporary directory, and it is in the worker's
    process group, so that neither outlasts a worker that is killed."""

    def __init__(self, settings: EngineSettings) -> None:
        self._tessdata = settings.tessdata

    def accelerate(self, options: RecognitionOptions) -> Acceleration:
        """See :class:`predictor.engines.base.Engine`. The command is another program, which is left unmodified."""
        return Acceleration(UNMODIFIED, "engine")

    def recognize(self, page: Page, options: RecognitionOptions, *, layout: bool) -> RecognitionResult:
        """See :class:`predictor.engines.base.Engine`."""
        if options.needs_choices or options.words or options.patterns:
            raise InvalidParameterError(
                "whitelist, blacklist, alternatives, words and patterns need the engine tesserocr; send the request "
                "without them"
            )
        height, width = page.shape
        blank = PageLayout(width, height, ()) if layout else None
        if options.psm == _ORIENTATION_ONLY:
            return RecognitionResult(self._orientation(page, options), 0.0, blank)
        text, tsv, *hocr = self._run(page, options, ("txt", "tsv", "hocr") if layout else ("txt", "tsv"))
        layout_of_page = page_layout(tsv, hocr[0] if hocr else "", width=width, height=height)
        return RecognitionResult(text, mean_confidence(layout_of_page.iter_words()), layout_of_page if layout else None)

    def _orientation(self, page: Page, options: RecognitionOptions) -> str:
        try:
            (report,) = self._run(page, options, ("osd",))
        except TesseractError as error:
            if "Too few characters" in str(error):
                return ""
            raise InternalError(f"tesseract failed: {error.message}") from error
        return report

    def _run(self, page: Page, options: RecognitionOptions, outputs: tuple[str, ...]) -> list[str]:
        """The contents of Tesseract's output files. Every option is a number, a checked model name or our own path."""
        config = f"--psm {options.psm} --tessdata-dir {shlex.quote(self._tessdata)} -c page_separator=''"
        if options.dpi is not None:
            config += f" --dpi {options.dpi}"
        if options.psm != _ORIENTATION_ONLY:
            config += f" --oem {options.oem}"
            config += " -c invert_threshold=0" * options.dark_ink
            config += "".join(f" -c tessedit_create_{output}=1" for output in outputs)
        lang = OSD if options.psm == _ORIENTATION_ONLY else options.lang
        image = Image.fromarray(page)
        image.format = "PPM"  # uncompressed, and without a resolution that the page does not have
        try:
            with pytesseract.save(image) as (base, file):
                # "osd" keeps pytesseract from naming a configuration file, which a model directory need not have
                pytesseract.run_tesseract(file, base, "osd", lang, config)
                return [Path(f"{base}.{output}").read_text() for output in outputs]
        except TesseractError as error:
            if error.status < 0:  # the command was killed by a signal: report it as this worker's own death
                os.kill(os.getpid(), -error.status)
            if options.psm == _ORIENTATION_ONLY:
                raise
            if options.oem in {0, 2}:
                raise InvalidParameterError(
                    f"oem {options.oem} needs models with the legacy engine, which '{lang}' lacks; use oem 1"
                ) from error
            raise InternalError(f"tesseract failed: {error.message}") from error


def page_layout(tsv: str, hocr: str, *, width: int, height: int) -> PageLayout:
    """The layout that Tesseract wrote as TSV, with baselines and row heights from its hOCR ("" for none)."""
    builder = LayoutBuilder()
    rows = _rows(hocr)
    for row in tsv.splitlines()[1:]:
        level, _, _, _, _, _, left, top, wide, high, confidence, text = row.split("\t", 11)
        box = int(left), int(top), int(left) + int(wide), int(top) + int(high)
        match int(level):
            case 2:  # the levels of Tesseract's TSV; 1 is the page
                builder.block(box)
            case 3:
                builder.paragraph(box)
            case 4:
                baseline, size = next(rows, ((box[0], box[3], box[2], box[3]), high))
                builder.line(box, baseline=baseline, height=float(size))
            case 5:
                builder.word(Word(text, box, float(confidence) / 100))
    return builder.page(width=width, height=height)


def _rows(hocr: str) -> Iterator[tuple[tuple[float, float, float, float], str]]:
    """Baseline and height of every line.

    hOCR gives the baseline from the lower left corner of the box, and nothing of use for lines that run downwards.
    """
    for row in _HOCR_LINE.finditer(hocr):
        x0, _, x1, y1 = map(int, row["box"].split())
        slope, offset = float(row["slope"] or 0), float(row["offset"] or 0)
        if abs(slope) > 1:
            slope, offset = 0.0, 0.0
        yield (x0, y1 + offset, x1, y1 + offset + slope * (x1 - x0)), row["size"]
