"""V2 inference responses: encoded for clients, decoded by the transformer."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from kserve import InferOutput, InferRequest, InferResponse
from msgspec import Struct

from kserve_ocr.protocol import names
from kserve_ocr.protocol.types import Buffer
from kserve_ocr.protocol.v2_request import _LENGTH, _raw_elements


class Tensor(Struct, frozen=True):
    """One output: its flat values (str, bytes, int or float), and its shape if that is not ``[N]``."""

    datatype: str
    data: list[Any]
    shape: tuple[int, ...] | None = None

    @property
    def full_shape(self) -> tuple[int, ...]:
        return (len(self.data),) if self.shape is None else self.shape


def encode_response(response: InferResponse, *, request: InferRequest) -> tuple[bytes, Mapping[str, str]]:
    """The response's body and headers, each output as JSON or binary as the request asks.

    Outputs hold lists of str, bytes, int or float. bytes become base64 in JSON and stay raw in binary.
    """
    wants_binary = {output.name: output.binary_data for output in request.request_outputs or ()}
    default = bool(request.use_binary_outputs)
    outputs, raw = [], []
    for output in response.outputs:
        encoded: dict[str, Any] = {
            "name": output.name,
            "shape": list(output.shape),
            "datatype": output.datatype,
        }
        chosen = wants_binary.get(output.name)
        if default if chosen is None else chosen:
            data = raw_tensor(output.datatype, output.data)
            encoded["parameters"] = {"binary_data_size": len(data)}
            raw.append(data)
        else:
            encoded["data"] = [json_value(value) for value in output.data]
        outputs.append(encoded)
    header = orjson.dumps(
        {
            "model_name": response.model_name,
            "model_version": response.model_version or names.MODEL_VERSION,
            **({"id": response.id} if response.id is not None else {}),
            **({"parameters": response.parameters} if response.parameters else {}),
            "outputs": outputs,
        }
    )
    if not raw:
        return header, {"content-type": "application/json"}
    return b"".join((header, *raw)), {
        "content-type": "application/octet-stream",
        names.JSON_LENGTH: str(len(header)),
    }


def json_value(value: Any) -> Any:
    """The value in JSON: bytes as base64, anything else unchanged."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def raw_tensor(datatype: str, values: Sequence[Any]) -> bytes:
    if datatype != "BYTES":
        return np.asarray(values, dtype={"FP32": "<f4", "INT32": "<i4"}[datatype]).tobytes()
    parts = []
    for value in values:
        data = value.encode() if isinstance(value, str) else value
        parts += [_LENGTH.pack(len(data)), data]
    return b"".join(parts)


def decode_response(body: Buffer, *, json_length: int | None) -> dict[str, list[Any]]:
    """Output values by name of a response made by :func:`encode_response`; BYTES elements as bytes or str.

    Raises ValueError or KeyError for anything else.
    """
    view = memoryview(body)
    header = orjson.loads(view[:json_length])
    start = json_length or 0
    values: dict[str, list[Any]] = {}
    for output in header["outputs"]:
        size = (output.get("parameters") or {}).get("binary_data_size")
        if size is None:
            values[output["name"]] = output["data"]
            continue
        raw = view[start : start + size]
        start += size
        if output["datatype"] == "BYTES":
            values[output["name"]] = [bytes(item) for item in _raw_elements(output["name"], raw)]
        else:
            dtype = {"FP32": "<f4", "INT32": "<i4"}[output["datatype"]]
            values[output["name"]] = np.frombuffer(raw, dtype=dtype).tolist()
    return values


def response(
    request: InferRequest, outputs: Mapping[str, Tensor], *, parameters: Mapping[str, str] | None = None
) -> InferResponse:
    """The response to ``request`` with these tensors by name, and parameters of the response if there are any."""
    return InferResponse(
        response_id=request.id,
        model_name=request.model_name,
        infer_outputs=[
            InferOutput(name=name, shape=list(tensor.full_shape), datatype=tensor.datatype, data=tensor.data)
            for name, tensor in outputs.items()
        ],
        requested_outputs=request.request_outputs,
        use_binary_outputs=bool(request.use_binary_outputs),
        parameters=dict(parameters) if parameters else None,
    )


def output_types(outputs: Mapping[str, str]) -> list[dict[str, Any]]:
    """The outputs of a model's metadata, from datatypes by name; an alias is omitted.

    Each is of shape ``[N]``, but for boxes, which have four corners of two coordinates.
    """
    return [
        {"name": name, "datatype": datatype, "shape": [-1, 4, 2] if name == names.BOXES else [-1]}
        for name, datatype in outputs.items()
        if name != names.TEXT_ALIAS
    ]
