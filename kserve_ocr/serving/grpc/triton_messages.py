"""Messages of Triton's calls that KServe's protocol lacks, in Protocol Buffers' wire format.

Field numbers from Triton's ``grpc_service.proto`` and ``model_config.proto``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferResponse

_DATA_TYPES: Final = {"TYPE_UINT8": 2, "TYPE_INT32": 8, "TYPE_FP32": 11, "TYPE_STRING": 13}
_Field = tuple[int, "int | str | bytes"]


def stream_response(response: ModelInferResponse) -> bytes:
    """A ``ModelStreamInferResponse`` with a result."""
    return _message([(2, response.SerializeToString())])


def stream_error(message: str) -> bytes:
    """A ``ModelStreamInferResponse`` that says what failed."""
    return _message([(1, message)])


def config(value: Mapping[str, Any]) -> bytes:
    """A ``ModelConfigResponse`` of what :func:`kserve_ocr.serving.triton.config` returns."""
    inputs = [(5, _tensor(tensor, dims=4)) for tensor in value["input"]]
    outputs = [(6, _tensor(tensor, dims=3)) for tensor in value["output"]]
    fields: list[_Field] = [(1, value["name"]), (2, value["platform"]), *inputs, *outputs, (17, value["backend"])]
    return _message([(1, _message(fields))])


def _tensor(value: Mapping[str, Any], *, dims: int) -> bytes:
    sides = b"".join(map(_varint, value["dims"]))
    return _message([(1, value["name"]), (2, _DATA_TYPES[value["data_type"]]), (dims, sides)])


def statistics(value: Mapping[str, Any]) -> bytes:
    """A ``ModelStatisticsResponse`` of what :func:`kserve_ocr.serving.triton.statistics` returns."""
    return _message([(1, _model_statistics(model)) for model in value["model_stats"]])


def _model_statistics(model: Mapping[str, Any]) -> bytes:
    durations = model["inference_stats"]
    stats = [
        (number, _message([(1, durations[name]["count"]), (2, durations[name]["ns"])]))
        for number, name in ((1, "success"), (2, "fail"))
    ]
    counts = (model[name] for name in ("last_inference", "inference_count", "execution_count"))
    return _message([(1, model["name"]), (2, model["version"]), *enumerate(counts, 3), (6, _message(stats))])


def _message(fields: Iterable[_Field]) -> bytes:
    """Fields with their numbers, each a number, a text or a message."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are those of 64 bits
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
