"""Tesseract in the worker process, through tesserocr: models stay loaded from page to page."""

from __future__ import annotations

from collections import OrderedDict

import tesserocr

from kserve_ocr.protocol.errors import InternalError, InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout, mean_confidence
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.install import Acceleration
from predictor.acceleration.self_test import install_if_it_passes
from predictor.engines.base import EngineSettings, Page, RecognitionResult
from predictor.engines.tesserocr_layout import page_layout, word_confidences
from predictor.tessdata import OSD

_ORIENTATION_ONLY = 0
_LEGACY = 0
_LEGACY_MODES = (0, 2)
_NEURAL_ONLY = 1


def create(settings: EngineSettings) -> TesserocrEngine:
    """The engine for ``settings``; models are loaded when first used."""
    return TesserocrEngine(settings)


class TesserocrEngine:
    """Keeps one Tesseract object per combination of languages and engine mode; drops the least recently used."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[tuple[str, int], tesserocr.PyTessBaseAPI] = OrderedDict()

    def accelerate(self, options: RecognitionOptions) -> Acceleration:
        """See :class:`predictor.engines.base.Engine`."""
        return install_if_it_passes(lambda page: self.recognize(page, options, layout=True))

    def recognize(self, page: Page, options: RecognitionOptions, *, layout: bool) -> RecognitionResult:
        """See :class:`predictor.engines.base.Engine`."""
        orientation_only = options.psm == _ORIENTATION_ONLY
        api = self._api(OSD, _LEGACY) if orientation_only else self._api(options.lang, options.oem)
        height, width = page.shape
        api.SetPageSegMode(options.psm)
        api.SetImageBytes(page.tobytes(), width, height, 1, width)
        if options.dpi is not None:
            api.SetSourceResolution(options.dpi)
        try:
            if orientation_only:
                return RecognitionResult(_orientation(api), 0.0, PageLayout(width, height, ()) if layout else None)
            return _result(api, width=width, height=height, layout=layout)
        finally:
            api.Clear()
            if options.oem != _NEURAL_ONLY or orientation_only:
                # What the legacy engine learned from this page must not affect the next one. The LSTM learns nothing,
                # and the call takes 2 % of a line's time.
                api.ClearAdaptiveClassifier()

    def _api(self, lang: str, oem: int) -> tesserocr.PyTessBaseAPI:
        key = lang, oem
        if key in self._loaded:
            self._loaded.move_to_end(key)
            return self._loaded[key]
        while len(self._loaded) >= self._settings.language_cache_size:
            _, oldest = self._loaded.popitem(last=False)
            oldest.End()
        try:
            api = tesserocr.PyTessBaseAPI(
                path=self._settings.tessdata, lang=lang, oem=oem, variables={"debug_file": "/dev/null"}
            )
        except RuntimeError as error:
            if oem in _LEGACY_MODES and lang != OSD:
                raise InvalidParameterError(
                    f"oem {oem} needs models with the legacy engine, which the installed '{lang}' lacks; use oem 1"
                ) from error
            raise InternalError(f"the installed model '{lang}' does not load; replace its file") from error
        self._loaded[key] = api
        return api


def _result(api: tesserocr.PyTessBaseAPI, *, width: int, height: int, layout: bool) -> RecognitionResult:
    text: str = api.GetUTF8Text()
    results = api.GetIterator()
    if not layout:
        values = word_confidences(results)
        return RecognitionResult(text, sum(values) / len(values) if values else 0.0, None)
    page = page_layout(results, width=width, height=height)
    return RecognitionResult(text, mean_confidence(page.iter_words()), page)


def _orientation(api: tesserocr.PyTessBaseAPI) -> str:
    """What the ``tesseract`` command writes to its ``.osd`` file; empty with too few letters for a result."""
    osd = api.DetectOrientationScript()
    if not osd:
        return ""
    degrees = osd["orient_deg"]
    return (
        "Page number: 0\n"
        f"Orientation in degrees: {degrees}\n"
        f"Rotate: {(360 - degrees) % 360}\n"
        f"Orientation confidence: {osd['orient_conf']:.2f}\n"
        f"Script: {osd['script_name']}\n"
        f"Script confidence: {osd['script_conf']:.2f}\n"
    )
