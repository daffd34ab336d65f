"""The installed Tesseract models."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import RecognitionOptions

OSD = "osd"
"""The model that detects orientation and script; it recognizes no text."""

SUFFIX = ".traineddata"
"""What the names of model files end with."""

_SCRIPTS = "script/"
_PLACES = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_ORIENTATION_ONLY, _AUTO_WITH_ORIENTATION = 0, 1
_NEEDS_ORIENTATION = {_ORIENTATION_ONLY, _AUTO_WITH_ORIENTATION, 12}


class ModelDirectoryError(ValueError):
    """No directory with models; the message says where they were looked for."""


class ModelDirectory:
    """A directory of ``*.traineddata`` files. Models that appear in it while the service runs are found."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def find(cls, configured: str, environment: Mapping[str, str] = os.environ) -> ModelDirectory:
        """``configured`` if given, else ``TESSDATA_PREFIX``, else where Linux distributions put the models.

        Raises ModelDirectoryError if there is no model.
        """
        chosen = configured or environment.get("TESSDATA_PREFIX", "")
        candidates = [Path(chosen)] if chosen else [Path(place) for place in _PLACES]
        for candidate in candidates:
            directory = cls(candidate)
            if directory.installed():
                return directory
        looked = ", ".join(str(candidate) for candidate in candidates)
        raise ModelDirectoryError(f"no *{SUFFIX} model in {looked}; install one or set OCR_TESSDATA")

    def installed(self) -> list[str]:
        """Names of the models, sorted: ``eng``, ``script/Latin``."""
        found = [*self.path.glob(f"*{SUFFIX}"), *self.path.glob(f"*/*{SUFFIX}")]
        return sorted(str(model.relative_to(self.path))[: -len(SUFFIX)] for model in found)

    def resolve(self, options: RecognitionOptions) -> RecognitionOptions:
        """The options with the models' names as they are installed: ``script/Latin`` may lie next to ``eng``.

        Raises InvalidParameterError unless every model that the options need is installed.
        """
        names = [self._installed_name(language) for language in options.languages]
        if OSD in names and options.psm != _ORIENTATION_ONLY:
            raise InvalidParameterError("lang osd detects orientation and script only; use it with psm 0")
        if options.psm in _NEEDS_ORIENTATION and not self._has(OSD):
            raise InvalidParameterError(f"psm {options.psm} needs the osd model, which is not installed; use psm 3")
        lang = "+".join(names)
        return options if lang == options.lang else replace(options, lang=lang)

    def _installed_name(self, language: str) -> str:
        for name in (language, f"{_SCRIPTS}{language}", language.removeprefix(_SCRIPTS)):
            if self._has(name):
                return name
        raise InvalidParameterError(
            f"language '{language}' is not installed; installed are {', '.join(self.installed())}"
        )

    def directories(self) -> tuple[str, ...]:
        """Where Tesseract reads: this directory, and those of the files that links in it lead to."""
        files = [*self.path.glob("*"), *self.path.glob(f"*/*{SUFFIX}")]
        return tuple(sorted({str(self.path), *(str(file.resolve().parent) for file in files if file.is_file())}))

    def _has(self, model: str) -> bool:
        return (self.path / f"{model}{SUFFIX}").is_file()
