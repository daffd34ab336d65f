"""Random and damaged requests to every parser: each is read, or refused with an error of ours, and nothing else.

``FUZZ_EXAMPLES`` is how many of each kind are tried: some in the suite, as many as one likes by ``make fuzz``.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kserve import InferInput, InferRequest

from kserve_ocr.protocol import v2_request
from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.v1 import v1_request
from kserve_ocr.serving.grpc.grpc_messages import parse_infer_request
from predictor import predict_request
from transformer.api import upload
from transformer.pipeline import ocr_request
from transformer.settings import TransformerSettings

EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
T = TypeVar("T")

TRANSFORMER = TransformerSettings()
DEFAULTS = RecognitionOptions(lang="eng")

names = st.sampled_from(["input-0", "name", "lang", "psm", "outputs", "image", "instances", "b64", "data", "id"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["QUJD", "eng", "text", "3", "data:image/png;base64,QUJD"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
parameters = st.dictionaries(
    st.sampled_from(
        ["lang", "psm", "oem", "dpi", "pages", "preprocess", "binary_data_size", "shared_memory_region", "x"]
    ),
    values,
    max_size=4,
)
tensors = st.fixed_dictionaries(
    {},
    optional={
        "name": names | values,
        "datatype": st.sampled_from(["BYTES", "UINT8", "FP32"]) | values,
        "shape": st.lists(st.integers(-1, 2**63), max_size=10) | values,
        "data": st.lists(values, max_size=6) | values,
        "parameters": parameters | values,
    },
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(tensors, max_size=3) | values,
        "outputs": st.lists(st.fixed_dictionaries({"name": names | values}), max_size=3) | values,
        "parameters": parameters | values,
        "id": values,
    },
)
V2 = orjson.dumps({"inputs": [{"name": "i", "datatype": "BYTES", "shape": [1], "data": ["QUJD"]}]})
FORM = b'--x\r\nContent-Disposition: form-data; name="image_file"; filename="a.png"\r\n\r\nPNG\r\n--x--\r\n'


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A body with pieces cut out, doubled or replaced."""
    body = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, len(body)))
        body = body[:start] + draw(st.binary(max_size=8) | st.just(body[start:end] * 2)) + body[end:]
    return body


def read(parse: Callable[[], T]) -> T | None:
    """What is parsed; None if it is refused as the client's mistake."""
    refused = None
    try:
        return parse()
    except OcrError as error:
        refused = error
    assert refused.status < 500, refused
    return None


def serve(request: InferRequest | None) -> None:
    """What both services do with a parsed request."""
    if request is not None:
        read(lambda: v2_request.weight(request))
        other = copy.copy(request)
        other.inputs = list(request.inputs)
        read(lambda: ocr_request.parse(other, TRANSFORMER))
        read(lambda: predict_request.parse(request, defaults=DEFAULTS, max_pixels=1_000_000, max_pages=10))


def decode(body: bytes, *, json_length: int | None) -> None:
    serve(read(lambda: v2_request.decode_request(body, json_length=json_length, model_name="m")))


@EXAMPLES
@given(requests)
def test_json_of_the_right_shape(request: dict[str, Any]) -> None:
    decode(orjson.dumps(request), json_length=None)


@EXAMPLES
@given(damaged(V2) | st.binary(max_size=60))
def test_damaged_json(body: bytes) -> None:
    decode(body, json_length=None)


@EXAMPLES
@given(requests, st.binary(max_size=80), st.integers(-2, 400))
def test_binary_tensors(request: dict[str, Any], raw: bytes, length: int) -> None:
    header = orjson.dumps(request)
    decode(header + raw, json_length=len(header))
    decode(header + raw, json_length=length)


@EXAMPLES
@given(st.binary(max_size=60), st.lists(st.integers(0, 2**63), max_size=3), st.sampled_from(["BYTES", "UINT8"]))
def test_raw_data_of_a_tensor(raw: bytes, shape: list[int], datatype: str) -> None:
    tensor = InferInput("input-0", shape, datatype, parameters={})
    tensor._raw_data = memoryview(raw)
    serve(InferRequest("m", [tensor]))


@EXAMPLES
@given(values)
def test_v1_bodies(value: Any) -> None:
    for body in (value, {"instances": value}):
        serve(read(partial(v1_request, orjson.dumps(body), model_name="m")))


@EXAMPLES
@example(FORM, "multipart/form-data; boundary=x")
@given(
    damaged(FORM) | st.binary(max_size=60) | st.builds(orjson.dumps, values),
    st.sampled_from(
        ["multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencoded", "image/png", ""]
    )
    | st.text(max_size=30),
)
def test_uploads(body: bytes, content_type: str) -> None:
    read(lambda: upload.parse(body, content_type))


@EXAMPLES
@given(st.dictionaries(st.text(max_size=20).map(str.lower), st.text(max_size=40), max_size=4), st.text(max_size=30))
def test_headers(headers: dict[str, str], length: str) -> None:
    read(lambda: v2_request.json_length({**headers, "inference-header-content-length": length}))


@EXAMPLES
@given(st.binary(max_size=200))
def test_grpc_messages(message: bytes) -> None:
    read(lambda: parse_infer_request(message))
