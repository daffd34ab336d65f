"""Which form a response takes: the ``Accept`` header (RFC 9110, 12.5.1) and the outputs that the client names."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError, NotAcceptableError
from kserve_ocr.protocol.v2_request import MAX_TENSORS
from transformer.formats.registry import OUTPUTS

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
ZIP: Final = "application/zip"
ZIP_OUTPUT: Final = "zip"
OUTPUT_OF: Final = {media_type: output.name for output in OUTPUTS for media_type in output.media_types}
"""Media types that are one output by itself."""
SUFFIX_OF: Final = {output.name: output.suffix for output in OUTPUTS if output.suffix}
"""Outputs that are files of a ZIP archive."""
_LINES: Final = frozenset(
    {"application/ndjson", "application/jsonl", "application/jsonlines", "application/x-jsonlines"}
)
"""Other names of NDJSON."""
_OFFERED: Final = (JSON, NDJSON, ZIP, *OUTPUT_OF)


class Form(Struct, frozen=True):
    """A media type, and the outputs to make for it; no outputs are the service's default."""

    media_type: str
    outputs: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether the response is one output by itself."""
        return self.media_type in OUTPUT_OF


def form_of(accept: str, outputs: Any) -> Form:
    """The form for an ``Accept`` header and the option ``outputs``. Raises NotAcceptableError."""
    named = _output_names(outputs)
    media_type = negotiate(accept)
    if media_type in OUTPUT_OF:
        return Form(media_type, (OUTPUT_OF[media_type],))
    if ZIP_OUTPUT in named or media_type == ZIP:
        return Form(ZIP, tuple(name for name in named if name != ZIP_OUTPUT) or (names.TEXT_ALIAS,))
    return Form(media_type, tuple(named))


def negotiate(accept: str) -> str:
    """The media type for an ``Accept`` header; JSON for an empty one. Raises NotAcceptableError."""
    ranges = [_weighted(part) for part in accept.split(",") if part.strip()]
    for weight, kind in sorted(ranges, key=lambda found: -found[0]):
        if weight <= 0:
            break  # a weight of 0 excludes the type
        if kind in {"*/*", "*", "application/*"}:  # "*" alone comes from old clients in Java
            return JSON
        if kind == "text/*":
            return "text/plain"
        if kind in _OFFERED:
            return kind
        if kind in _LINES:
            return NDJSON
    if ranges:
        raise NotAcceptableError(f"accept one of {', '.join(_OFFERED)}")
    return JSON


def _weighted(part: str) -> tuple[float, str]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:]), kind
            except ValueError:
                return 0.0, kind
    return 1.0, kind


def _output_names(value: Any) -> list[str]:
    found = value if isinstance(value, list) else str(value or "").split(",", maxsplit=MAX_TENSORS)
    if len(found) > MAX_TENSORS:
        raise InvalidParameterError(f"outputs names more than {MAX_TENSORS}; name each output once")
    return list(dict.fromkeys(str(name).strip() for name in found if str(name).strip()))
