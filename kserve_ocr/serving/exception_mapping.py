"""Exceptions as the errors that clients see."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Final

import orjson
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kserve_ocr.observability import access_log
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import (
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    ModelNotFoundError,
    OcrError,
    RouteNotFoundError,
    StartingError,
)
from kserve_ocr.serving.http import valid_or_new_request_id

_log = logging.getLogger("ocr.http")
_NONE: Final[Mapping[str, str]] = {}


def to_ocr_error(error: BaseException) -> OcrError:
    """The error a client sees for any exception; unknown ones are logged and become InternalError."""
    match error:
        case OcrError():
            return error
        case ModelNotFound():
            return ModelNotFoundError(f"{error.reason} GET /v2/models lists the models here.")
        case ModelNotReady() | ServerNotReady():
            return StartingError("the model is still loading; try again in a moment", retry_after=1)
        case InvalidInput():
            return MalformedRequestError(str(error.reason))
        case HTTPException(status_code=405):
            allow = (error.headers or {}).get("Allow", "")
            return MethodNotAllowedError(f"this route takes {allow} only; see /openapi.json", allow=allow)
        case HTTPException(status_code=404) | NotImplementedError():
            return RouteNotFoundError("not found; see /openapi.json for the routes")
        case HTTPException():
            return MalformedRequestError(str(error.detail))
    _log.error("unexpected error", exc_info=error)
    return InternalError("internal error; see the server log for this request id")


@contextlib.contextmanager
def map_exceptions() -> Iterator[None]:
    """Convert exceptions raised in the block to OcrError, so that metrics count what the client sees."""
    try:
        yield
    except OcrError:
        raise
    except Exception as error:
        raise to_ocr_error(error) from error


def error_response(error: OcrError, *, headers: Mapping[str, str] = _NONE) -> Response:
    """The JSON response for an error, with ``headers`` added to its own."""
    access_log.add_fields(code=error.code)
    return Response(
        orjson.dumps(error.body()),
        error.status,
        headers={"content-type": "application/json", **error.headers(), **headers},
    )


def headers_before_the_application() -> dict[str, str]:
    """What every response carries, for one that is sent before a request reaches the application."""
    return {names.REQUEST_ID: valid_or_new_request_id(""), names.SERVER_TIMING: "total;dur=0.0"}
