"""The running predictor, called directly."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.drawn_pages import LINE, draw_line, draw_page, encode, v2_body
from tests.support.http_calls import (
    GOOD,
    INFER,
    TIMEOUT,
    grpc_request,
    grpc_stub,
    grpc_values,
    infer,
    metric,
    outputs_of,
    text_of,
    words_of,
)
from tools.local_stack import Server, Service


@pytest.fixture
def server(service: Service) -> Server:
    return service.predictor


def test_every_output(server: Server) -> None:
    asked = [{"name": name} for name in ("text", "confidence", "words", "output-0")]

    found = outputs_of(infer(server, GOOD, outputs=asked))

    assert list(found) == ["text", "confidence", "words", "output-0"]
    assert found["text"] == found["output-0"]
    assert found["text"][0].strip() == LINE
    assert 0.5 < found["confidence"][0] <= 1
    (page,) = json.loads(found["words"][0])["pages"]
    assert [word["text"] for word in words_of(page)] == LINE.split()


def test_several_pages_in_order(server: Server) -> None:
    texts = ("First page", "Second page", "Third page")

    found = outputs_of(infer(server, *(encode(draw_line(text)) for text in texts)))

    assert [text.strip() for text in found["output-0"]] == list(texts)


@pytest.mark.parametrize("typed", [False, True], ids=["raw", "typed"])
def test_grpc(server: Server, typed: bool) -> None:
    request = grpc_request(GOOD, typed=typed, outputs=("text", "words"), parameters={"psm": 7})

    with grpc_stub(server) as stub:
        found = grpc_values(stub.ModelInfer(request, timeout=TIMEOUT))

    assert found["text"][0].decode().strip() == LINE
    assert json.loads(found["words"][0])["pages"][0]["blocks"]


def test_parameters_of_the_request_and_of_the_input(server: Server) -> None:
    body = v2_body(GOOD, parameters={"lang": "tlh"})
    body["inputs"][0]["parameters"]["lang"] = "eng"

    assert text_of(httpx.post(server.url + INFER, json=body, timeout=TIMEOUT)).strip() == LINE


def test_metadata_tells_what_can_be_sent(server: Server) -> None:
    found = httpx.get(server.url + "/v2/models/ocr-model").json()

    assert found["inputs"] == [{"name": "input-0", "datatype": "UINT8", "shape": [-1, -1]}]
    assert {output["name"]: output["datatype"] for output in found["outputs"]} == {
        "output-0": "BYTES",
        "confidence": "FP32",
        "words": "BYTES",
    }
    assert {"eng", "osd"} <= set(found["parameters"]["languages"])
    assert found["parameters"]["engine"] == "tesserocr"
    assert found["parameters"]["workers"] == len(server.children()) - 1


def test_pages_are_counted(server: Server) -> None:
    before = metric(server, "ocr_pages_total")

    infer(server, GOOD, GOOD)

    assert metric(server, "ocr_pages_total") == before + 2


def test_the_transformer_of_the_first_release_gets_a_layout_that_is_not_compressed(server: Server) -> None:
    """It lets its HTTP library name the encodings that it accepts, and parses the body as it is."""
    body = v2_body(encode(draw_page()), outputs=[{"name": "words"}])
    with httpx.stream("POST", server.url + INFER, json=body, timeout=TIMEOUT) as response:
        assert "gzip" in response.request.headers["accept-encoding"]
        raw = b"".join(response.iter_raw())

    assert len(raw) > 1024
    assert json.loads(json.loads(raw)["outputs"][0]["data"][0])["pages"]
