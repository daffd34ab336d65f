"""OpenAPI 3.1 operations of the routes that both servers have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.serving.openapi import examples, schemas
from kserve_ocr.serving.openapi.schemas import BINARY, STRING

_JSON: Final = "application/json"
_TENSORS: Final = "application/octet-stream"
_SECONDS: Final = {"Retry-After": {"schema": {"type": "integer"}}}
_ERROR_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": STRING}},
    405: {"Allow": {"required": True, "schema": STRING}},
    429: _SECONDS,
    503: _SECONDS,
}
MODEL_NAME: Final = {
    "name": "model_name",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "Name of the model, or one of its aliases.",
    "example": names.MODEL_NAME,
}
_MODEL_VERSION: Final = {
    "name": "model_version",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "Version of the model; there is one.",
    "example": names.MODEL_VERSION,
}
_JSON_LENGTH: Final[dict[str, Any]] = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "schema": {"type": "integer", "minimum": 0},
    "description": "Bytes of JSON at the start of the body; 0 if the body is a document. Not sent with JSON alone.",
}


def error_responses(*, without: Iterable[int] = ()) -> dict[str, dict[str, Any]]:
    """One response for each status that an error has, with the codes that come with it."""
    codes: dict[int, list[str]] = {}
    for kind in OcrError.__subclasses__():
        if kind.status not in {499, *without}:  # nobody is left to read a 499
            codes.setdefault(kind.status, []).append(kind.code)
    return {
        str(status): {
            "description": f"Rejected with code {' or '.join(found)}.",
            "content": {_JSON: {"schema": schemas.ERROR}},
            **({"headers": _ERROR_HEADERS[status]} if status in _ERROR_HEADERS else {}),
        }
        for status, found in sorted(codes.items())
    }


def _inference(  # noqa: PLR0913 - the parts of an operation
    operation_id: str,
    summary: str,
    description: str,
    *,
    response: dict[str, Any],
    request: dict[str, Any] | None = None,
    parameters: Iterable[dict[str, Any]] = (),
    **of_response: dict[str, Any],
) -> dict[str, Any]:
    """The operation of a route with a model in its path; ``of_response`` are headers and links of the result."""
    return {
        "tags": ["inference"],
        "summary": summary,
        "description": description,
        "operationId": operation_id,
        "parameters": [MODEL_NAME, *parameters],
        **({"requestBody": {"required": True, "content": request}} if request else {}),
        "responses": {
            "200": {"description": "The result.", "content": response, **of_response},
            **error_responses(without=() if request else (406, 413, 415, 422)),
        },
    }


def _of_version(operation: dict[str, Any]) -> dict[str, Any]:
    """The same operation with the version of the model in its path."""
    name, *others = operation["parameters"]
    return {
        **operation,
        "operationId": f"{operation['operationId']}_of_version",
        "parameters": [name, _MODEL_VERSION, *others],
    }


_STATE: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "/": ("Whether the server is alive", schemas.ALIVE),
    "/metrics": ("Metrics for Prometheus", STRING),
    "/v1/models": ("Models, by the V1 protocol", schemas.MODELS),
    "/v1/models/{model_name}": ("Whether a model is ready, by the V1 protocol", schemas.MODEL_READY),
    "/v2": ("Name, version and extensions of the server", schemas.SERVER_METADATA),
    "/v2/health/live": ("Whether the server is alive", schemas.LIVE),
    "/v2/health/ready": ("Whether the server is ready", schemas.READY),
    "/v2/models": ("Models, by the V2 protocol", schemas.MODELS),
    "/v2/models/stats": ("Requests and their times, as Triton's clients ask for them", schemas.MODEL_STATISTICS),
    "/v2/models/{model_name}/ready": ("Whether a model is ready, by the V2 protocol", schemas.MODEL_READY),
}


def state(path: str) -> dict[str, Any]:
    """The operation of a route that takes nothing but the model's name."""
    summary, schema = _STATE[path]
    statuses = ("401", "404", "405", "429", "431", "500", "503")
    media_type = "text/plain" if path == "/metrics" else _JSON
    models = (METADATA, CONFIG, STATISTICS, INFER, PREDICT) if schema is schemas.MODELS else ()
    return {
        "tags": ["state"],
        "summary": summary,
        "operationId": f"get{re.sub('[^0-9a-z]+', '_', path).rstrip('_')}",
        **({"parameters": [MODEL_NAME]} if "{model_name}" in path else {}),
        "responses": {
            "200": {
                "description": "The state.",
                "content": {media_type: {"schema": schema}},
                "links": _links(models, {"model_name": "$response.body#/models/0"}),
            },
            **{status: response for status, response in error_responses().items() if status in statuses},
        },
    }


def _links(operations: Iterable[dict[str, Any]], parameters: dict[str, str]) -> dict[str, Any]:
    """Links of a response to operations, by their ids, with these values of it as their parameters."""
    ids = [operation["operationId"] for operation in operations]
    return {name: {"operationId": name, "parameters": parameters} for name in ids}


INFER: Final = _inference(
    "infer",
    "Recognize documents by the V2 inference protocol",
    "JSON, or the binary tensor extension: `Inference-Header-Content-Length` bytes of JSON, then the tensors.",
    request={
        _JSON: {"schema": schemas.V2_REQUEST, "examples": examples.example(examples.V2_REQUEST)},
        _TENSORS: {"schema": BINARY},
    },
    response={_JSON: {"schema": schemas.V2_RESPONSE}, _TENSORS: {"schema": BINARY}},
    parameters=(_JSON_LENGTH,),
    headers={
        _JSON_LENGTH["name"]: {
            "schema": _JSON_LENGTH["schema"],
            "description": "Bytes of JSON at the start of a body with binary tensors.",
        }
    },
)
INFER_VERSION: Final = _of_version(INFER)
PREDICT: Final = _inference(
    "predict",
    "Recognize documents by the V1 protocol",
    "Documents as base64 in `b64`.",
    request={_JSON: {"schema": schemas.V1_REQUEST, "examples": examples.example(examples.V1_REQUEST)}},
    response={_JSON: {"schema": schemas.V1_RESPONSE}},
)
READY_VERSION: Final = _of_version(
    _inference(
        "model_ready",
        "Whether a version of a model is ready",
        "As the address without a version.",
        response={_JSON: {"schema": schemas.MODEL_READY}},
    )
)
CONFIG: Final = _inference(
    "model_config",
    "Configuration of the model, as Triton's clients ask for it",
    "Names, types and shapes of the tensors.",
    response={_JSON: {"schema": schemas.MODEL_CONFIG}},
)
CONFIG_VERSION: Final = _of_version(CONFIG)
STATISTICS: Final = _inference(
    "model_statistics",
    "Requests and their times, as Triton's clients ask for them",
    "Since the start of the server, of all routes.",
    response={_JSON: {"schema": schemas.MODEL_STATISTICS}},
)
STATISTICS_VERSION: Final = _of_version(STATISTICS)
METADATA: Final = _inference(
    "model_metadata",
    "Inputs, outputs and choices of the model",
    "Inputs and outputs of the model, and what its parameters take.",
    response={_JSON: {"schema": schemas.MODEL_METADATA}},
    links=_links(
        (INFER_VERSION, READY_VERSION, CONFIG_VERSION, STATISTICS_VERSION),
        {"model_name": "$response.body#/name", "model_version": "$response.body#/versions/0"},
    ),
)
METADATA_VERSION: Final = _of_version(METADATA)
ALL_STATISTICS: Final = state("/v2/models/stats")
