"""Parameters of a request and of its tensors, by the names that this service gives them and bounded."""

from __future__ import annotations

from typing import Any, Final

from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import to_http_parameters

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError

_MAX_PARAMETERS: Final = 100
"""Names in each object of parameters."""
_MAX_PARAMETER_LENGTH: Final = 65_536
"""Characters and elements of one parameter, as many as a field of a form may have."""


def parameters(request: InferRequest, tensor: InferInput) -> dict[str, Any]:
    """Request parameters overridden by the tensor's own, as plain values for REST and gRPC alike.

    Raises MalformedRequestError for too many of them, InvalidParameterError for one that is too long or that is sent
    under two names.
    """
    if max(len(request.parameters or ()), len(tensor.parameters or ())) > _MAX_PARAMETERS:
        raise MalformedRequestError(f"'parameters' must have at most {_MAX_PARAMETERS} names")
    found = {**_by_name(request.parameters), **_by_name(tensor.parameters)}
    for name, value in found.items():
        if _length(value) > _MAX_PARAMETER_LENGTH:
            raise InvalidParameterError(f"{name:.40} is longer than {_MAX_PARAMETER_LENGTH} characters; shorten it")
    return found


def _by_name(sent: dict[str, Any] | None) -> dict[str, Any]:
    found = dict(to_http_parameters(sent or {}))
    for alias, name in names.ALIASES.items():
        if alias in found:
            value = found.pop(alias)
            if found.setdefault(name, value) != value:
                raise InvalidParameterError(f"'{alias}' is another name of '{name}'; send one of them")
    return found


def _length(value: Any) -> int:
    """Characters and elements of a parameter, counted until they are too many."""
    length = 0
    waiting = [value]
    while waiting and length <= _MAX_PARAMETER_LENGTH:
        part = waiting.pop()
        if isinstance(part, str | list | dict):
            length += len(part)
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
    return length
