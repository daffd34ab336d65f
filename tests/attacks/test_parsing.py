"""Requests that cost a parser far more than their bytes. Each stopped the event loop for seconds once."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from tests.attacks.target import Target
from tests.support.drawn_pages import draw_page, encode, v2_body
from tests.support.http_calls import GATEWAY, GOOD, INFER, TIMEOUT, assert_refused
from tests.support.second_client import always_served
from tools.local_stack import Endpoint

_REPEATS = 3


def json_body(shape: list[int], data: bytes) -> bytes:
    """A V2 request whose one BYTES tensor has this JSON text as its data."""
    tensor = orjson.dumps({"name": "input-0", "datatype": "BYTES", "shape": shape})
    return b'{"inputs":[' + tensor[:-1] + b',"data":' + data + b"}]}"


def binary_body(elements: int) -> tuple[bytes, dict[str, str]]:
    """A V2 request with that number of empty BYTES elements as binary data."""
    size = 4 * elements
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [elements], "parameters": {"binary_data_size": size}}
    header = orjson.dumps({"inputs": [tensor]})
    return header + bytes(size), {"Inference-Header-Content-Length": str(len(header))}


@pytest.mark.parametrize("elements", [150_000, 1_000_000])
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_empty_elements_in_json(attacked: Target, role: str, elements: int) -> None:
    server = attacked.transformer if role == "transformer" else attacked.predictor
    body = json_body([elements], b"[" + b",".join([b'""'] * elements) + b"]")

    with always_served(attacked.transformer, attacked.predictor):
        for _ in range(_REPEATS):
            answer = httpx.post(server.url + INFER, content=body, timeout=TIMEOUT)

    code = "too_many_documents" if elements == 150_000 else "too_many_bytes"
    assert_refused(answer, 413, code)


@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_empty_elements_in_a_binary_tensor(attacked: Target, role: str) -> None:
    server = attacked.transformer if role == "transformer" else attacked.predictor
    body, headers = binary_body(10_000_000)

    with always_served(attacked.transformer, attacked.predictor):
        answer = httpx.post(server.url + INFER, content=body, headers=headers, timeout=TIMEOUT)

    assert_refused(answer, 413, "too_many_documents")


@pytest.mark.parametrize("sides", [2, 8, 300, 120_000])
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_a_shape_of_many_long_sides(attacked: Target, role: str, sides: int) -> None:
    server = attacked.transformer if role == "transformer" else attacked.predictor
    body = json_body([1 << 62] * sides, b'["QUJD"]')

    with always_served(attacked.transformer, attacked.predictor):
        answer = httpx.post(server.url + INFER, content=body, timeout=TIMEOUT)

    assert_refused(answer, 400, "malformed_request")


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (3_000_000, "malformed_request"),
        pytest.param(15_000_000, "malformed_request", marks=pytest.mark.long),
        pytest.param(20_000_000, "too_many_bytes", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_millions_of_numbers_in_json(attacked: Target, role: str, numbers: int, code: str) -> None:
    server = attacked.transformer if role == "transformer" else attacked.predictor
    tensor = orjson.dumps({"name": "input-0", "datatype": "UINT8", "shape": [3, numbers]})
    body = b'{"inputs":[' + tensor[:-1] + b',"data":[' + b",".join([b"255"] * numbers) + b"]}]}"

    with always_served(attacked.transformer, attacked.predictor):
        for _ in range(_REPEATS):
            answer = httpx.post(server.url + INFER, content=body, timeout=TIMEOUT)

    assert_refused(answer, 413 if code == "too_many_bytes" else 400, code)


def test_a_document_of_forty_mebibytes_in_base64(attacked: Target) -> None:
    body = orjson.dumps({"image": base64.b64encode(bytes(40 << 20)).decode()})

    with always_served(attacked.transformer, attacked.predictor):
        answer = httpx.post(
            attacked.url + GATEWAY, content=body, headers={"Content-Type": "application/json"}, timeout=TIMEOUT
        )

    assert_refused(answer, 415, "unsupported_document")


def test_a_form_of_tiny_parts(attacked: Target) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    body = part * (60_000_000 // len(part)) + b"--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    with always_served(attacked.transformer):
        answer = httpx.post(attacked.url + GATEWAY, content=body, headers=headers, timeout=TIMEOUT)

    assert "1000 parts" in assert_refused(answer, 400, "malformed_request")


def test_a_part_with_endless_headers(attacked: Target) -> None:
    body = b"--x\r\n" + b"A: b\r\n" * 8_000_000 + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    with always_served(attacked.transformer):
        answer = httpx.post(attacked.url + GATEWAY, content=body, headers=headers, timeout=TIMEOUT)

    assert "8192 bytes" in assert_refused(answer, 400, "malformed_request")


def test_outputs_are_made_once_however_often_they_are_named(attacked: Target) -> None:
    page = encode(draw_page())
    names = ",".join(["words", "alto"] * 450)

    with always_served(attacked.transformer):
        answer = httpx.post(
            attacked.url + GATEWAY,
            files={"image_file": ("page.png", page)},
            data={"outputs": names},
            timeout=TIMEOUT,
        )

    assert answer.status_code == 200, answer.text
    assert [output["name"] for output in answer.json()["outputs"]] == ["words", "alto"]


def test_an_output_named_300000_times(attacked: Target) -> None:
    def send(_: int) -> httpx.Response:
        files = {"image_file": ("page.png", encode(draw_page()))}
        return httpx.post(attacked.url + GATEWAY, files=files, data={"outputs": "pdf," * 300_000}, timeout=TIMEOUT)

    with always_served(attacked.transformer), ThreadPoolExecutor(6) as senders:
        answers = list(senders.map(send, range(6)))

    for answer in answers:
        assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("regions", "1;" * 20_000_000),
        ("whitelist", "a b" * 15_000_000),
        ("lang", "eng+" * 10_000_000),
        ("skip_steps", "deskew," * 6_000_000),
        ("words", ["word"] * 190_000),
        ("regions", [[[0]]] * 60_000),
    ],
)
def test_a_parameter_without_end(attacked: Target, name: str, value: str | list[Any]) -> None:
    body = v2_body(GOOD, parameters={name: value})

    with always_served(attacked.transformer, attacked.predictor):
        answer = httpx.post(attacked.url + INFER, content=orjson.dumps(body), timeout=TIMEOUT)

    assert "is longer than" in assert_refused(answer, 400, "invalid_parameter")


@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_many_parameters_for_many_tensors(attacked: Target, role: str) -> None:
    server: Endpoint = getattr(attacked, role)
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [0], "data": []}
    body = {"inputs": [tensor] * 1000, "parameters": {f"name {number}": 1 for number in range(150_000)}}

    with always_served(attacked.transformer, attacked.predictor):
        answer = httpx.post(server.url + INFER, content=orjson.dumps(body), timeout=TIMEOUT)

    assert "at most 100 names" in assert_refused(answer, 400, "malformed_request")
