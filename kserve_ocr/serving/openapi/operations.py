"""OpenAPI 3.1 operations of the routes that both servers have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from kserve_ocr.protocol.errors import OcrError

STRING: Final = {"type": "string"}
_INTEGERS: Final = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_OBJECT: Final = {"type": "object"}
_ERROR: Final = {
    "title": "Error",
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
    "title": "Tensor",
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
_REQUESTED_OUTPUT: Final = {
    "title": "RequestedOutput",
    "type": "object",
    "required": ["name"],
    "properties": {"name": STRING, "parameters": _OBJECT},
}
V2_REQUEST: Final = {
    "title": "InferRequest",
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": STRING,
        "parameters": _OBJECT,
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {"type": "array", "items": _REQUESTED_OUTPUT},
    },
}
V2_RESPONSE: Final = {
    "title": "InferResponse",
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
    "title": "PredictRequest",
    "type": "object",
    "required": ["instances"],
    "properties": {
        "instances": {"type": "array", "minItems": 1, "items": {"type": ["object", "string"]}},
        "parameters": _OBJECT,
        "outputs": {"type": "array", "items": {"type": ["object", "string"]}},
    },
}
_V1_RESPONSE: Final = {
    "title": "PredictResponse",
    "type": "object",
    "required": ["predictions"],
    "properties": {"predictions": {"type": "array", "items": {}}},
}
_TENSOR_METADATA: Final = {
    "title": "TensorMetadata",
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {"name": STRING, "datatype": STRING, "shape": {"type": "array", "items": {"type": "integer"}}},
}
_MODEL_METADATA: Final = {
    "title": "ModelMetadata",
    "type": "object",
    "required": ["name", "versions", "platform", "inputs", "outputs", "parameters"],
    "properties": {
        "name": STRING,
        "versions": {"type": "array", "items": STRING},
        "platform": STRING,
        "inputs": {"type": "array", "items": _TENSOR_METADATA},
        "outputs": {"type": "array", "items": _TENSOR_METADATA},
        "parameters": {**_OBJECT, "description": "JSON schemas of the parameters, and installed models."},
    },
}
_JSON_LENGTH: Final = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "schema": {"type": "integer", "minimum": 0},
    "description": "Bytes of JSON at the start of the body; 0 if the body is a document. Not sent with JSON alone.",
}
_BINARY: Final = {**STRING, "format": "binary"}
_JSON: Final = "application/json"
_TENSORS: Final = "application/octet-stream"


def error_responses(*, without: Iterable[int] = ()) -> dict[str, dict[str, Any]]:
    """One response for each status that an error has, with the codes that come with it."""
    codes: dict[int, list[str]] = {}
    for kind in OcrError.__subclasses__():
        if kind.status not in {499, *without}:  # nobody is left to read a 499
            codes.setdefault(kind.status, []).append(kind.code)
    return {
        str(status): {
            "description": f"Rejected with code {' or '.join(found)}.",
            "content": {_JSON: {"schema": _ERROR}},
            **({"headers": {"Retry-After": {"schema": {"type": "integer"}}}} if status == 503 else {}),
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
) -> dict[str, Any]:
    """The operation of a route with a model in its path."""
    return {
        "tags": ["inference"],
        "summary": summary,
        "description": description,
        "operationId": operation_id,
        "parameters": [MODEL_NAME, *parameters],
        **({"requestBody": {"required": True, "content": request}} if request else {}),
        "responses": {
            "200": {"description": "The result.", "content": response},
            **error_responses(without=() if request else (406, 413, 415, 422)),
        },
    }


_STATE: Final = {
    "/": "Whether the server is alive",
    "/metrics": "Metrics for Prometheus",
    "/v1/models": "Models, by the V1 protocol",
    "/v1/models/{model_name}": "Whether a model is ready, by the V1 protocol",
    "/v2": "Name, version and extensions of the server",
    "/v2/health/live": "Whether the server is alive",
    "/v2/health/ready": "Whether the server is ready",
    "/v2/models": "Models, by the V2 protocol",
    "/v2/models/{model_name}/ready": "Whether a model is ready, by the V2 protocol",
}


def state(path: str) -> dict[str, Any]:
    """The operation of one of KServe's routes, which take nothing but the model's name."""
    content = {"text/plain": {"schema": STRING}} if path == "/metrics" else {_JSON: {"schema": _OBJECT}}
    statuses = ("401", "404", "405", "429", "431", "500", "503")
    return {
        "tags": ["state"],
        "summary": _STATE[path],
        "operationId": f"get{re.sub('[^0-9a-z]+', '_', path).rstrip('_')}",
        **({"parameters": [MODEL_NAME]} if "{model_name}" in path else {}),
        "responses": {
            "200": {"description": "The state.", "content": content},
            **{status: response for status, response in error_responses().items() if status in statuses},
        },
    }


INFER: Final = _inference(
    "infer",
    "Recognize documents by the V2 inference protocol",
    "JSON, or the binary tensor extension: `Inference-Header-Content-Length` bytes of JSON, then the tensors.",
    request={_JSON: {"schema": V2_REQUEST}, _TENSORS: {"schema": _BINARY}},
    response={_JSON: {"schema": V2_RESPONSE}, _TENSORS: {"schema": _BINARY}},
    parameters=(_JSON_LENGTH,),
)
PREDICT: Final = _inference(
    "predict",
    "Recognize documents by the V1 protocol",
    "Documents as base64 in `b64`.",
    request={_JSON: {"schema": _V1_REQUEST}},
    response={_JSON: {"schema": _V1_RESPONSE}},
)
METADATA: Final = _inference(
    "model_metadata",
    "Inputs, outputs and choices of the model",
    "Inputs and outputs of the model, and what its parameters take.",
    response={_JSON: {"schema": _MODEL_METADATA}},
)
