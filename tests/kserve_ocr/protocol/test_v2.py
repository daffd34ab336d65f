from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.protocol import request_parameters, v2_request, v2_response
from kserve_ocr.protocol.encoding.base64_text import from_base64
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError


def encode(header: dict[str, Any], raw: bytes = b"") -> tuple[bytes, int]:
    encoded = json.dumps(header).encode()
    return encoded + raw, len(encoded)


def raw_bytes(*elements: bytes) -> bytes:
    return b"".join(len(element).to_bytes(4, "little") + element for element in elements)


def binary(*elements: bytes) -> InferRequest:
    """A request with one BYTES tensor in the binary part."""
    raw = raw_bytes(*elements)
    tensor = {"name": "a", "datatype": "BYTES", "shape": [len(elements)], "parameters": {"binary_data_size": len(raw)}}
    body, length = encode({"inputs": [tensor]}, raw)
    return v2_request.decode_request(body, json_length=length, model_name="m")


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_binary_elements_are_what_was_sent(elements: list[bytes]) -> None:
    request = binary(*elements)

    assert [bytes(found) for found in v2_request.elements(request.inputs[0], limit=9)] == elements


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_base64_elements_are_what_was_sent(elements: list[bytes]) -> None:
    tensor = InferInput(
        "a", [len(elements)], "BYTES", data=[base64.b64encode(element).decode() for element in elements]
    )

    assert [bytes(found) for found in v2_request.elements(tensor, limit=9)] == elements


@pytest.mark.parametrize("shape", [[2], [2, 1], [1, 2], [1, 2, 1]])
def test_shapes_of_a_batch(shape: list[int]) -> None:
    tensor = InferInput("a", shape, "BYTES", data=[["eHl6"], ["YQ=="]])

    assert v2_request.elements(tensor, limit=9) == [b"xyz", b"a"]


@pytest.mark.parametrize("shape", [[], [2, 2], [1, 3], [1] * 9])
def test_other_shapes_are_rejected(shape: list[int]) -> None:
    with pytest.raises(MalformedRequestError, match="shape"):
        v2_request.elements(InferInput("a", shape, "BYTES", data=["eHl6", "YQ=="]), limit=9)


def test_another_name_of_a_parameter() -> None:
    tensor = InferInput("a", [1], "BYTES", parameters={"language": "deu"})
    request = InferRequest("m", [tensor], parameters={"lang": "eng", "psm": 6})

    assert request_parameters.parameters(request, tensor) == {"lang": "deu", "psm": 6}
    tensor.parameters["lang"] = "eng"
    with pytest.raises(InvalidParameterError, match="'language' is another name of 'lang'"):
        request_parameters.parameters(request, tensor)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_whatever_break_the_decoder(body: bytes, length: int) -> None:
    """Refused with a message or decoded, never anything else."""
    try:
        request = v2_request.decode_request(body, json_length=length, model_name="m")
    except MalformedRequestError:
        return
    assert request.inputs


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8))
def test_no_json_whatever_breaks_the_decoder(value: Any) -> None:
    body, _ = encode({"inputs": [{"name": "a", "datatype": "BYTES", "shape": value, "data": value}], "outputs": value})
    try:
        request = v2_request.decode_request(body, json_length=None, model_name="m")
        found = v2_request.elements(request.inputs[0], limit=9)
    except MalformedRequestError:
        return
    assert all(isinstance(element, bytes) for element in found)


def test_several_tensors_share_the_binary_part() -> None:
    header = {
        "id": "7",
        "inputs": [
            {"name": "a", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 7}},
            {"name": "b", "datatype": "BYTES", "shape": [1], "data": ["eHl6"]},
            {"name": "c", "datatype": "UINT8", "shape": [1, 2], "parameters": {"binary_data_size": 2}},
        ],
    }
    body, length = encode(header, raw_bytes(b"abc") + b"\x01\x02")

    request = v2_request.decode_request(body, json_length=length, model_name="m")

    assert request.id == "7"
    assert [bytes(v2_request.elements(tensor, limit=9)[0]) for tensor in request.inputs[:2]] == [b"abc", b"xyz"]
    assert v2_request.page(request.inputs[2]).tolist() == [[1, 2]]


@pytest.mark.parametrize("data", [[[1, 2], [3, 4]], [1, 2, 3, 4]])
def test_a_page_in_json_may_be_nested_or_flat(data: list[Any]) -> None:
    page = v2_request.page(InferInput("a", [2, 2], "UINT8", data=data))

    assert page.dtype == np.uint8
    assert page.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("data", [[256], [-1], ["x"], [None]])
def test_a_pixel_that_is_none(data: list[Any]) -> None:
    with pytest.raises(MalformedRequestError, match="0 to 255"):
        v2_request.page(InferInput("a", [1, 1], "UINT8", data=data))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("eHl6", b"xyz"),
        ("data:image/png;base64,eHl6", b"xyz"),
        ("data:;base64,eHl6", b"xyz"),
        ("eH\nl6\n", b"xyz"),
        ("eHk=", b"xy"),
        ("eHk", b"xy"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("+/+/", b"\xfb\xff\xbf"),
        ("__8", b"\xff\xff"),
        ("", b""),
    ],
)
def test_base64(text: str, data: bytes) -> None:
    assert from_base64(text) == data


@pytest.mark.parametrize("text", ["?", "e", "eHl6!", "data:image/png", "http://example.com"])
def test_what_is_not_base64(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        from_base64(text)


def test_long_base64_is_decoded_in_pieces() -> None:
    data = bytes(range(256)) * 30_000
    text = base64.b64encode(data).decode()
    assert from_base64(text) == data
    assert from_base64(text.rstrip("=")) == data
    for damaged in (text[:5_000_000] + "=" + text[5_000_001:], text[:5_000_000] + "!" + text[5_000_001:], text[:-3]):
        with pytest.raises(ValueError, match="not valid base64"):
            from_base64(damaged)


def test_parameters_of_the_tensor_go_over_those_of_the_request() -> None:
    tensor = InferInput("a", [1], "BYTES", data=["eHl6"], parameters={"psm": 7})
    request = InferRequest(model_name="m", infer_inputs=[tensor], parameters={"psm": 3, "lang": "deu"})

    assert request_parameters.parameters(request, tensor) == {"psm": 7, "lang": "deu"}


def answer(**values: tuple[str, list[Any]]) -> InferResponse:
    outputs = [InferOutput(name, [len(data)], datatype, data=data) for name, (datatype, data) in values.items()]
    return InferResponse(response_id="7", model_name="m", infer_outputs=outputs)


def request(*, binary_output: bool = False, outputs: list[RequestedOutput] | None = None) -> InferRequest:
    asked = {"binary_data_output": True} if binary_output else {}
    return InferRequest(model_name="m", infer_inputs=[], parameters=asked, request_outputs=outputs)


VALUES: dict[str, tuple[str, list[Any]]] = {
    "text": ("BYTES", ["Straße", ""]),
    "pdf": ("BYTES", [b"%PDF\xff", b""]),
    "confidence": ("FP32", [0.5, 0.0]),
    "pages": ("INT32", [3, 1]),
}


def test_a_response_as_json() -> None:
    body, headers = v2_response.encode_response(answer(**VALUES), request=request())

    assert headers == {"content-type": "application/json"}
    found = v2_response.decode_response(body, json_length=None)
    assert found == {
        "text": ["Straße", ""],
        "pdf": [base64.b64encode(b"%PDF\xff").decode(), ""],
        "confidence": [0.5, 0.0],
        "pages": [3, 1],
    }


def test_a_response_in_binary() -> None:
    body, headers = v2_response.encode_response(answer(**VALUES), request=request(binary_output=True))

    assert headers["content-type"] == "application/octet-stream"
    found = v2_response.decode_response(body, json_length=int(headers["inference-header-content-length"]))
    assert found == {
        "text": ["Straße".encode(), b""],
        "pdf": [b"%PDF\xff", b""],
        "confidence": [0.5, 0.0],
        "pages": [3, 1],
    }


def test_what_an_output_asks_for_goes_over_the_default() -> None:
    outputs = [RequestedOutput("text"), RequestedOutput("pages", {"binary_data": False})]
    asked = request(binary_output=True, outputs=outputs)

    body, headers = v2_response.encode_response(answer(text=VALUES["text"], pages=VALUES["pages"]), request=asked)

    header = json.loads(body[: int(headers["inference-header-content-length"])])
    assert "data" not in header["outputs"][0]
    assert header["outputs"][1]["data"] == [3, 1]
