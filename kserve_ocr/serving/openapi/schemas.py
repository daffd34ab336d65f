"""JSON schemas of requests and responses of the V1 and V2 protocols, and of what Triton's clients ask for.

An object with a title becomes a component of the document, after which generators of clients name a type.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

STRING: Final[Schema] = {"type": "string"}
OBJECT: Final[Schema] = {"type": "object"}
_PARAMETERS: Final[Schema] = {"type": ["object", "null"]}
BINARY: Final[Schema] = {**STRING, "format": "binary"}
_BOOLEAN: Final[Schema] = {"type": "boolean"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}


def titled(title: str, properties: dict[str, Schema], *, required: tuple[str, ...] | None = None) -> Schema:
    """An object with that title; ``required`` are all its properties unless they are named."""
    return {
        "title": title,
        "type": "object",
        "required": list(properties) if required is None else list(required),
        "properties": properties,
    }


def array(items: Schema, **more: int) -> Schema:
    """A list of ``items``."""
    return {"type": "array", **more, "items": items}


ERROR: Final = titled(
    "Error",
    {
        "error": {**STRING, "description": "What to do."},
        "code": {**STRING, "description": "The same for every error of a kind."},
    },
)

_TENSOR: Final = titled(
    "Tensor",
    {
        "name": STRING,
        "shape": array(_COUNT),
        "datatype": {**STRING, "examples": ["BYTES", "UINT8"]},
        "parameters": _PARAMETERS,
        "data": {**array({}), "type": ["array", "null"]},
    },
    required=("name", "shape", "datatype"),
)
_REQUESTED_OUTPUT: Final = titled("RequestedOutput", {"name": STRING, "parameters": _PARAMETERS}, required=("name",))
V2_REQUEST: Final = titled(
    "InferRequest",
    {
        "id": {"type": ["string", "null"]},
        "parameters": _PARAMETERS,
        "inputs": array(_TENSOR, minItems=1),
        "outputs": {**array(_REQUESTED_OUTPUT), "type": ["array", "null"]},
    },
    required=("inputs",),
)
V2_RESPONSE: Final = titled(
    "InferResponse",
    {
        "model_name": STRING,
        "model_version": STRING,
        "id": {**STRING, "description": "That of the request, if it has one."},
        "parameters": OBJECT,
        "outputs": array(_TENSOR),
    },
    required=("model_name", "model_version", "outputs"),
)
V1_REQUEST: Final = titled(
    "PredictRequest",
    {
        "instances": array({"type": ["object", "string"]}, minItems=1),
        "parameters": _PARAMETERS,
        "outputs": {**array({"type": ["object", "string"]}), "type": ["array", "null"]},
    },
    required=("instances",),
)
V1_RESPONSE: Final = titled("PredictResponse", {"predictions": array({})})

_TENSOR_METADATA: Final = titled(
    "TensorMetadata", {"name": STRING, "datatype": STRING, "shape": array({"type": "integer"})}
)
MODEL_METADATA: Final = titled(
    "ModelMetadata",
    {
        "name": STRING,
        "versions": array(STRING),
        "platform": STRING,
        "inputs": array(_TENSOR_METADATA),
        "outputs": array(_TENSOR_METADATA),
        "parameters": {**OBJECT, "description": "JSON schemas of the parameters, and installed models."},
    },
)
_TENSOR_CONFIG: Final = titled(
    "TensorConfig", {"name": STRING, "data_type": STRING, "dims": array({"type": "integer"})}
)
MODEL_CONFIG: Final = titled(
    "ModelConfig",
    {
        "name": STRING,
        "platform": STRING,
        "backend": STRING,
        "version_policy": OBJECT,
        "max_batch_size": _COUNT,
        "input": array(_TENSOR_CONFIG),
        "output": array(_TENSOR_CONFIG),
    },
)
_DURATION: Final = titled(
    "StatisticDuration", {"count": _COUNT, "ns": {**_COUNT, "description": "Nanoseconds of all together."}}
)
MODEL_STATISTICS: Final = titled(
    "ModelStatistics",
    {
        "model_stats": array(
            titled(
                "ModelStatistic",
                {
                    "name": STRING,
                    "version": STRING,
                    "last_inference": _COUNT,
                    "inference_count": _COUNT,
                    "execution_count": _COUNT,
                    "inference_stats": titled("InferStatistics", {"success": _DURATION, "fail": _DURATION}),
                    "batch_stats": array(OBJECT),
                },
            )
        )
    },
)
ALIVE: Final = titled("ServerStatus", {"status": STRING})
LIVE: Final = titled("ServerLive", {"live": _BOOLEAN})
READY: Final = titled("ServerReady", {"ready": _BOOLEAN})
MODELS: Final = titled("ModelList", {"models": array(STRING)})
MODEL_READY: Final = titled("ModelReady", {"name": STRING, "ready": _BOOLEAN})
SERVER_METADATA: Final = titled("ServerMetadata", {"name": STRING, "version": STRING, "extensions": array(STRING)})
