"""OpenAPI 3.1 descriptions of the inference routes of both servers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.responses import PlainTextResponse

from kserve_ocr.protocol.errors import OcrError

STRING: Final = {"type": "string"}
_INTEGERS: Final = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_OBJECT: Final = {"type": "object"}
_ERROR: Final = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {
        "error": {**STRING, "description": "What to do."},
        "code": {**STRING, "description": "The same for every error of a kind."},
    },
}
MODEL_NAME: Final = {
    "name": "model_name",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "Name of the model, or one of its aliases.",
    "example": "ocr-model",
}
_TENSOR: Final = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": STRING,
        "shape": _INTEGERS,
        "datatype": {**STRING, "examples": ["BYTES", "UINT8"]},
        "parameters": _OBJECT,
        "data": {"type": "array", "items": {}},
    },
}
_NAMED: Final = {"type": "object", "required": ["name"], "properties": {"name": STRING, "parameters": _OBJECT}}
V2_REQUEST: Final = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": STRING,
        "parameters": _OBJECT,
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {"type": "array", "items": _NAMED},
    },
}
V2_RESPONSE: Final = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": STRING,
        "model_version": {"type": ["string", "null"]},
        "id": {"type": ["string", "null"]},
        "parameters": _OBJECT,
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_V1_REQUEST: Final = {
    "type": "object",
    "required": ["instances"],
    "properties": {
        "instances": {"type": "array", "minItems": 1, "items": {"type": ["object", "string"]}},
        "parameters": _OBJECT,
        "outputs": {"type": "array", "items": {"type": ["object", "string"]}},
    },
}
_V1_RESPONSE: Final = {
    "type": "object",
    "required": ["predictions"],
    "properties": {"predictions": {"type": "array", "items": {}}},
}
_BINARY: Final = {**STRING, "format": "binary"}
_JSON: Final = "application/json"
_TENSORS: Final = "application/octet-stream"


def error_responses(*, without: Iterable[int] = ()) -> dict[int | str, dict[str, Any]]:
    """One response for each status that an error has, with the codes that come with it."""
    codes: dict[int, list[str]] = {}
    for kind in OcrError.__subclasses__():
        if kind.status not in {499, *without}:  # nobody is left to read a 499
            codes.setdefault(kind.status, []).append(kind.code)
    return {
        status: {
            "description": f"Rejected with code {' or '.join(found)}.",
            "content": {_JSON: {"schema": _ERROR}},
            **({"headers": {"Retry-After": {"schema": {"type": "integer"}}}} if status == 503 else {}),
        }
        for status, found in sorted(codes.items())
    }


def _operation(
    description: str, *, request: dict[str, Any] | None = None, response: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Keyword arguments of a route with a model in its path."""
    extra: dict[str, Any] = {"parameters": [MODEL_NAME]}
    if request is not None:
        extra["requestBody"] = {"required": True, "content": request}
    return {
        "description": description,
        "responses": {
            200: {"description": "The result.", "content": response},
            **error_responses(without=() if request else (406, 413, 415, 422)),
        },
        "openapi_extra": extra,
        **more,
    }


def state(path: str) -> dict[str, Any]:
    """Keyword arguments of one of KServe's routes, which take nothing but the model's name."""
    content = {"text/plain": {"schema": STRING}} if path == "/metrics" else {_JSON: {"schema": {}}}
    statuses = (401, 404, 405, 429, 431, 500, 503)
    return {
        "responses": {
            200: {"description": "The state.", "content": content},
            **{status: response for status, response in error_responses().items() if status in statuses},
        },
        **({"response_class": PlainTextResponse} if path == "/metrics" else {}),
    }


INFER: Final = _operation(
    "JSON, or the binary tensor extension: `Inference-Header-Content-Length` bytes of JSON, then the tensors.",
    request={_JSON: {"schema": V2_REQUEST}, _TENSORS: {"schema": _BINARY}},
    response={_JSON: {"schema": V2_RESPONSE}, _TENSORS: {"schema": _BINARY}},
    operation_id="infer",
)
PREDICT: Final = _operation(
    "Documents as base64 in `b64`.",
    request={_JSON: {"schema": _V1_REQUEST}},
    response={_JSON: {"schema": _V1_RESPONSE}},
    operation_id="predict",
)
METADATA: Final = _operation(
    "Inputs and outputs of the model, and what its parameters take.",
    response={_JSON: {"schema": _OBJECT}},
    operation_id="model_metadata",
)
