"""Tesseract in the worker process, through tesserocr: models stay loaded from page to page."""

from __future__ import annotations

from collections import OrderedDict

import tesserocr

from kserve_ocr.protocol.errors import InternalError, InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult, mean_confidence
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.self_test import install_if_it_passes
from predictor.acceleration.state import Acceleration
from predictor.engines.base import EngineSettings, Page
from predictor.engines.choices import text_of
from predictor.engines.tesserocr_layout import page_layout, word_confidences
from predictor.engines.user_words import user_words
from predictor.tessdata import OSD

_ORIENTATION_ONLY = 0
_LEGACY = 0
_LEGACY_MODES = (0, 2)
_NEURAL_ONLY = 1
_NO_FILE = "/dev/null/none"
"""Exists nowhere."""
_CHOICES = "lstm_choice_mode"
"""2 keeps, for each character, what else the network took it for."""

_INVERT_BELOW = "invert_threshold"
"""Certainty of a line below which it is recognized inverted, too: up to twice the time of a poor page."""

_Key = tuple[str, int, tuple[str, ...], tuple[str, ...]]
"""Languages, engine mode, and words and patterns of a client."""


def create(settings: EngineSettings) -> TesserocrEngine:
    """The engine for ``settings``; models are loaded when first used."""
    return TesserocrEngine(settings)


class TesserocrEngine:
    """Keeps one Tesseract object per combination of languages and engine mode; drops the least recently used.

    Words and patterns of a client are part of the combination, and of the objects only one has any."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[_Key, tesserocr.PyTessBaseAPI] = OrderedDict()

    def accelerate(self, options: RecognitionOptions) -> Acceleration:
        """See :class:`predictor.engines.base.Engine`."""
        return install_if_it_passes(lambda page: self.recognize(page, options, layout=True))

    def recognize(self, page: Page, options: RecognitionOptions, *, layout: bool) -> RecognitionResult:
        """See :class:`predictor.engines.base.Engine`."""
        orientation_only = options.psm == _ORIENTATION_ONLY
        key = (options.lang, options.oem, options.words, options.patterns)
        api = self._api((OSD, _LEGACY, (), ()) if orientation_only else key)
        height, width = page.shape
        api.SetPageSegMode(options.psm)
        api.SetImageBytes(page.tobytes(), width, height, 1, width)
        if options.dpi is not None:
            api.SetSourceResolution(options.dpi)
        if options.needs_choices:
            api.SetVariable(_CHOICES, "2")
        # The variables of an object stay from page to page.
        api.SetVariable(_INVERT_BELOW, "0" if options.dark_ink else "0.7")
        try:
            if orientation_only:
                return RecognitionResult(_orientation(api), 0.0, PageLayout(width, height, ()) if layout else None)
            return _result(api, options, width=width, height=height, layout=layout)
        finally:
            api.Clear()
            if options.needs_choices:
                api.SetVariable(_CHOICES, "0")
            if options.oem != _NEURAL_ONLY or orientation_only:
                # What the legacy engine learned from this page must not affect the next one. The LSTM learns nothing,
                # and the call takes 2 % of a line's time.
                api.ClearAdaptiveClassifier()

    def _api(self, key: _Key) -> tesserocr.PyTessBaseAPI:
        lang, oem, words, patterns = key
        if key in self._loaded:
            self._loaded.move_to_end(key)
            return self._loaded[key]
        for other in [loaded for loaded in self._loaded if any(key[2:]) and any(loaded[2:])]:
            self._loaded.pop(other).End()
        while len(self._loaded) >= self._settings.language_cache_size:
            _, oldest = self._loaded.popitem(last=False)
            oldest.End()
        try:
            with user_words(words, patterns) as variables:
                variables["debug_file"] = "/dev/null"
                api = tesserocr.PyTessBaseAPI(path=self._settings.tessdata, lang=lang, oem=oem, variables=variables)
        except RuntimeError as error:
            if oem in _LEGACY_MODES and lang != OSD:
                raise InvalidParameterError(
                    f"oem {oem} needs models with the legacy engine, which the installed '{lang}' lacks; use oem 1"
                ) from error
            raise InternalError(f"the installed model '{lang}' does not load; replace its file") from error
        # Its message opens the debug file. Tesseract does that once, with its first message, and would end this process
        # if it could not, which is so in a confined worker.
        api.ReadConfigFile(_NO_FILE)
        self._loaded[key] = api
        return api


def _result(
    api: tesserocr.PyTessBaseAPI, options: RecognitionOptions, *, width: int, height: int, layout: bool
) -> RecognitionResult:
    text: str = api.GetUTF8Text()
    results = api.GetIterator()
    if not layout and not options.needs_choices:
        values = word_confidences(results)
        return RecognitionResult(text, sum(values) / len(values) if values else 0.0, None)
    page = page_layout(results, options, width=width, height=height)
    text = text_of(page) if options.needs_choices else text
    return RecognitionResult(text, mean_confidence(page.iter_words()), page if layout else None)


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
