"""V2 inference bodies to and from KServe's request and response objects, without copying tensor data.

KServe's own ``InferRequest.from_bytes`` turns raw tensors into Python lists (8.7 million integers for an A4 page)
and refuses BYTES that are not UTF-8; here raw tensors stay views of the request body.

Sources: the Open Inference Protocol, and Triton's binary tensor data extension.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.protocol import names
from kserve_ocr.protocol.encoding import bounded_json
from kserve_ocr.protocol.encoding.base64_text import from_base64
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError, TooManyDocumentsError
from kserve_ocr.protocol.types import Buffer, Page

_MAX_SIDES: Final = 8
MAX_TENSORS: Final = 1000
"""Inputs, and requested outputs, of one request."""
_LENGTH = struct.Struct("<I")


def decode_request(body: Buffer, *, json_length: int | None, model_name: str) -> InferRequest:
    """The request in ``body``; raw tensors become memoryviews of it.

    ``json_length`` is the length of the JSON part in bytes, None if the whole body is JSON, and 0 if the whole body is
    the one element of the one input, as in Triton's raw binary requests. Raises MalformedRequestError.
    """
    view = memoryview(body)
    if json_length == 0:
        return _raw_request(view, model_name=model_name)
    if json_length is not None and not 0 <= json_length <= len(view):
        raise MalformedRequestError(
            f"Inference-Header-Content-Length is {json_length}, but the body has {len(view)} bytes"
        )
    header = _json_object(view[:json_length])
    request = InferRequest(
        model_name=model_name,
        infer_inputs=[_input(value) for value in _objects(header, "inputs")],
        request_id=_optional_text(header, "id"),
        parameters=parameters_of(header),
        request_outputs=[_requested_output(value) for value in _objects(header, "outputs")] or None,
    )
    if not request.inputs:
        raise MalformedRequestError("the request has no inputs; send at least one tensor in 'inputs'")
    _attach_raw(request.inputs, view[json_length:] if json_length is not None else memoryview(b""))
    return request


def _raw_request(body: memoryview, *, model_name: str) -> InferRequest:
    """The request of a body that is one document; its outputs are binary too, as Triton's are."""
    if not body:
        raise MalformedRequestError("the body is empty; send a document, or JSON and its length")
    document = InferInput(name=names.INPUT, shape=[1], datatype="BYTES", data=[body], parameters={})
    return InferRequest(model_name, [document], parameters={"binary_data_output": True})


def _json_object(part: memoryview) -> dict[str, Any]:
    value = bounded_json.parse(part)
    if not isinstance(value, dict):
        raise MalformedRequestError("the body must be a JSON object")
    return value


def _objects(header: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = header.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedRequestError(f"'{key}' must be a list of objects")
    if len(value) > MAX_TENSORS:
        raise MalformedRequestError(f"'{key}' must have at most {MAX_TENSORS} objects; send several requests")
    return value


def _optional_text(value: dict[str, Any], key: str) -> str | None:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise MalformedRequestError(f"'{key}' must be a string")
    return text


def parameters_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a request or a tensor; none for null. Raises MalformedRequestError."""
    parameters = value.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise MalformedRequestError("'parameters' must be an object")
    return parameters


def _input(value: dict[str, Any]) -> InferInput:
    name, datatype, shape = value.get("name"), value.get("datatype"), value.get("shape")
    if not isinstance(name, str) or not isinstance(datatype, str):
        raise MalformedRequestError("every input needs a 'name' and a 'datatype'")
    if (
        not isinstance(shape, list)
        or len(shape) > _MAX_SIDES
        or not all(isinstance(side, int) and not isinstance(side, bool) and side >= 0 for side in shape)
    ):
        raise MalformedRequestError(f"input '{name}': 'shape' must be a list of at most {_MAX_SIDES} whole numbers")
    data = value.get("data")
    if data is not None and not isinstance(data, list):
        raise MalformedRequestError(f"input '{name}': 'data' must be a list")
    return InferInput(name=name, shape=shape, datatype=datatype, data=data, parameters=parameters_of(value))


def _requested_output(value: dict[str, Any]) -> RequestedOutput:
    name = value.get("name")
    if not isinstance(name, str):
        raise MalformedRequestError("every requested output needs a 'name'")
    return RequestedOutput(name, parameters_of(value))


def _attach_raw(inputs: Sequence[InferInput], raw: memoryview) -> None:
    start = 0
    for tensor in inputs:
        if names.SHARED_MEMORY in tensor.parameters:
            raise MalformedRequestError(
                f"input '{tensor.name}' lies in shared memory, which is not supported; send the tensor in the request"
            )
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            if tensor.data is None:
                raise MalformedRequestError(f"input '{tensor.name}' has neither 'data' nor 'binary_data_size'")
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(raw) - start:
            raise MalformedRequestError(
                f"input '{tensor.name}': binary_data_size {size} does not fit the {len(raw)} bytes after the JSON"
            )
        tensor._raw_data = raw[start : start + size]  # no public setter takes bytes as they are
        start += size
    if start != len(raw):
        raise MalformedRequestError(f"{len(raw) - start} bytes after the last binary tensor belong to no input")


def elements(tensor: InferInput, *, limit: int, taken: int = 0) -> list[Buffer]:
    """The elements of a BYTES tensor: views of the raw data, or JSON strings decoded from base64.

    Raises MalformedRequestError if the data does not match the shape or is not base64, and TooManyDocumentsError at
    the first element beyond ``limit``, ``taken`` by other tensors included.
    """
    _check_sides(tensor)
    if not tensor.shape or sum(side != 1 for side in tensor.shape) > 1:
        raise MalformedRequestError(
            f"input '{tensor.name}' has the shape {list(tensor.shape)}; send BYTES with the shape [number of documents]"
        )
    expected = math.prod(tensor.shape)
    if tensor._raw_data is not None:
        values: Iterator[Buffer] = _raw_elements(tensor.name, memoryview(tensor._raw_data))
    else:
        values = (_element(tensor.name, value) for value in _flat(tensor.data))
    found = list(islice(values, limit - taken + 1))
    if len(found) > limit - taken:
        raise TooManyDocumentsError(f"the request has more than {limit} documents; send the rest in another one")
    if len(found) != expected:
        raise MalformedRequestError(
            f"input '{tensor.name}': shape {list(tensor.shape)} says {expected} elements, the data has {len(found)}"
        )
    return found


def _raw_elements(name: str, raw: memoryview) -> Iterator[memoryview]:
    start = 0
    while start < len(raw):
        if start + 4 > len(raw):
            raise MalformedRequestError(f"input '{name}': the BYTES tensor ends inside a length")
        (length,) = _LENGTH.unpack_from(raw, start)
        start += 4
        if start + length > len(raw):
            raise MalformedRequestError(f"input '{name}': a BYTES element is longer than the tensor")
        yield raw[start : start + length]
        start += length


def _flat(data: Any) -> Iterator[Any]:
    """The elements of lists nested to any depth, in order; a client chooses the depth, so it is not recursive."""
    open_lists = [iter(data)]
    while open_lists:
        for value in open_lists[-1]:
            if isinstance(value, list):
                open_lists.append(iter(value))
                break
            yield value
        else:
            open_lists.pop()


def weight(request: InferRequest) -> int:
    """Values and characters of the tensors that came as JSON: what is still to be decoded from base64, or copied."""
    lists = [tensor.data for tensor in request.inputs if tensor._raw_data is None and tensor.data is not None]
    texts_in = (value for data in lists for value in islice(data, MAX_TENSORS) if isinstance(value, str))
    return sum(map(len, lists)) + sum(map(len, texts_in))


def requested_outputs(request: InferRequest, known: Collection[str], *, default: str) -> tuple[str, ...]:
    """Names of the outputs that are asked for, in their order and each once. Raises InvalidParameterError."""
    found = tuple(dict.fromkeys(output.name for output in request.request_outputs or ())) or (default,)
    for name in found:
        if name not in known:
            raise InvalidParameterError(f"there is no output '{name:.100}'; choose from {', '.join(known)}")
    return found


def check_number_of_inputs(request: InferRequest) -> None:
    """Raise MalformedRequestError if there are more tensors than one request may have, whatever it came by."""
    if len(request.inputs) > MAX_TENSORS:
        raise MalformedRequestError(f"'inputs' must have at most {MAX_TENSORS} tensors; send several requests")


def _element(name: str, value: Any) -> Buffer:
    if isinstance(value, bytes | memoryview):  # typed contents of gRPC, or a part of a form
        return value
    if not isinstance(value, str):
        raise MalformedRequestError(f"input '{name}': BYTES elements in JSON must be base64 strings")
    try:
        return from_base64(value)
    except ValueError as error:
        raise MalformedRequestError(f"input '{name}': {error}") from None


def page(tensor: InferInput) -> Page:
    """The page in a UINT8 tensor of shape ``[height, width]``, as a view. Raises MalformedRequestError."""
    if tensor.datatype != "UINT8" or len(tensor.shape) != 2:
        raise MalformedRequestError(f"input '{tensor.name}' must be UINT8 of shape [height, width], one grey page")
    height, width = tensor.shape
    return pixels(tensor).reshape(int(height), int(width))


def pixels(tensor: InferInput) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The values of a UINT8 tensor in its shape, as a view of raw data. Raises MalformedRequestError."""
    _check_sides(tensor)
    shape = tuple(int(side) for side in tensor.shape)
    if tensor._raw_data is not None:
        values = np.frombuffer(tensor._raw_data, dtype=np.uint8)
    else:
        try:
            values = np.fromiter(_flat(tensor.data), dtype=np.uint8)
        except (OverflowError, TypeError, ValueError):
            raise MalformedRequestError(f"input '{tensor.name}': pixels must be 0 to 255") from None
    if values.size != math.prod(shape):
        raise MalformedRequestError(
            f"input '{tensor.name}': shape {list(shape)} needs {math.prod(shape)} bytes, got {values.size}"
        )
    return values.reshape(shape)


def _check_sides(tensor: InferInput) -> None:
    """A shape is multiplied out, and by gRPC it may have come with any number of sides."""
    if len(tensor.shape) > _MAX_SIDES:
        raise MalformedRequestError(f"input '{tensor.name}': 'shape' must have at most {_MAX_SIDES} sides")


def texts(tensor: InferInput) -> list[str]:
    """The elements of a BYTES tensor that holds text, not documents. Raises MalformedRequestError."""
    raw = tensor._raw_data
    values: Iterator[Any] = _flat(tensor.data) if raw is None else _raw_elements(tensor.name, memoryview(raw))
    found = list(islice(values, MAX_TENSORS + 1))
    if len(found) > MAX_TENSORS:
        raise MalformedRequestError(f"input '{tensor.name}' must have at most {MAX_TENSORS} elements")
    if not all(isinstance(value, str | Buffer) for value in found):
        raise MalformedRequestError(f"input '{tensor.name}' must hold text")
    try:
        return [value if isinstance(value, str) else bytes(value).decode() for value in found]
    except UnicodeDecodeError:
        raise MalformedRequestError(f"input '{tensor.name}' must hold text in UTF-8") from None


def json_length(headers: Mapping[str, str]) -> int | None:
    """Bytes of the JSON part of a V2 body, None if all of it is JSON. Raises MalformedRequestError."""
    value = headers.get(names.JSON_LENGTH)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise MalformedRequestError("Inference-Header-Content-Length must be a whole number of bytes")
    return int(value)
