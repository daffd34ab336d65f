"""Reading parameters that a client may set, checked before anything else looks at them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError

_MODEL = r"[A-Za-z0-9_]{1,64}(?:/[A-Za-z0-9_]{1,64})?"
_LANGUAGE = re.compile(rf"{_MODEL}(?:\+{_MODEL}){{0,7}}\Z")


@dataclass(frozen=True)
class RecognitionOptions:
    """How Tesseract reads a page.

    ``lang`` is one model or several joined by ``+``; ``psm`` is the page segmentation mode, 0-13; ``oem`` the
    engine mode, 0-3; ``dpi`` a resolution hint, 70-2400, or None to let Tesseract estimate it.
    """

    lang: str = "eng"
    psm: int = 3
    oem: int = 1
    dpi: int | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.lang.split("+"))


def reject_unknown(parameters: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise InvalidParameterError for a name that is neither known nor the binary extension's own."""
    for name in parameters:
        if name not in known and name not in names.PASSED_PARAMETERS:
            allowed = ", ".join(sorted(known))
            raise InvalidParameterError(f"unknown parameter '{name}'; use one of {allowed}")


def recognition_options(parameters: Mapping[str, Any], *, defaults: RecognitionOptions) -> RecognitionOptions:
    """The reading options among ``parameters`` (JSON numbers or digit strings), others ignored.

    Raises InvalidParameterError for a value out of its range.
    """
    lang = parameters.get(names.LANG, defaults.lang)
    if not isinstance(lang, str) or not _LANGUAGE.match(lang):
        raise InvalidParameterError("lang must name installed models joined by '+', for example eng or eng+deu")
    return RecognitionOptions(
        lang=lang,
        psm=integer(parameters, names.PSM, low=0, high=13, default=defaults.psm),
        oem=integer(parameters, names.OEM, low=0, high=3, default=defaults.oem),
        dpi=optional_integer(parameters, names.DPI, low=70, high=2400, default=defaults.dpi),
    )


def integer(parameters: Mapping[str, Any], name: str, *, low: int, high: int, default: int) -> int:
    """An integer parameter within ``low`` and ``high``; InvalidParameterError otherwise."""
    value = optional_integer(parameters, name, low=low, high=high, default=default)
    assert value is not None
    return value


def optional_integer(
    parameters: Mapping[str, Any], name: str, *, low: int, high: int, default: int | None
) -> int | None:
    """As :func:`integer`, None allowed as the default."""
    value = parameters.get(name)
    if value is None:
        return default
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidParameterError(f"{name} must be a whole number from {low} to {high}")
    return value


def choice(parameters: Mapping[str, Any], name: str, *, choices: tuple[str, ...], default: str) -> str:
    """A parameter that takes one of a few words; InvalidParameterError otherwise."""
    value = parameters.get(name, default)
    if value not in choices:
        raise InvalidParameterError(f"{name} must be one of {', '.join(choices)}")
    return str(value)
