"""Every address of the Open Inference Protocol's own document, whose responses have the types that it names.

The schemas are written from the specification; ``make conformance`` checks the same by the document itself.
"""

from __future__ import annotations

from typing import Any, Final

import httpx
import jsonschema
import pytest

from tests.support.drawn_pages import draw_line, encode, v2_body
from tests.support.http_calls import grpc_request, grpc_stub
from tools.local_stack import Server

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_SIDES: Final = {"type": "array", "items": {"type": "integer"}}
_VALUES: Final = {"type": "array", "items": {"type": ["number", "string", "boolean", "array"]}}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


_TENSOR: Final = _object("name datatype shape", name=_TEXT, datatype=_TEXT, shape=_SIDES)
_OUTPUT: Final = _object("name datatype shape data", name=_TEXT, datatype=_TEXT, shape=_SIDES, data=_VALUES)
_SERVER: Final = _object("name version extensions", name=_TEXT, version=_TEXT, extensions=_TEXTS)
_TENSORS: Final = {"type": "array", "minItems": 1, "items": _TENSOR}
_MODEL: Final = _object("name platform", name=_TEXT, versions=_TEXTS, platform=_TEXT, inputs=_TENSORS, outputs=_TENSORS)
_OUTPUTS: Final = {"type": "array", "minItems": 1, "items": _OUTPUT}
_RESULT: Final = _object("model_name outputs", model_name=_TEXT, model_version=_TEXT, id=_TEXT, outputs=_OUTPUTS)
_ERROR: Final = _object("error", error=_TEXT)
_MODEL_READY: Final = _object("name ready", name=_TEXT, ready={"type": "boolean"})
_ADDRESSES: Final = {
    "/v2/health/live": _object("live", live={"type": "boolean"}),
    "/v2/health/ready": _object("ready", ready={"type": "boolean"}),
    "/v2": _SERVER,
    "/v2/": _SERVER,
    **{f"/v2/models/ocr-model{version}": _MODEL for version in ("", "/versions/1")},
    **{f"/v2/models/ocr-model{version}/ready": _MODEL_READY for version in ("", "/versions/1")},
}
PNG: Final = encode(draw_line())


@pytest.mark.parametrize("path", _ADDRESSES)
def test_what_is_read(server: Server, path: str) -> None:
    answer = httpx.get(server.url + path, timeout=30)

    assert answer.status_code == 200, answer.text
    jsonschema.validate(answer.json(), _ADDRESSES[path])


@pytest.mark.parametrize("version", ["", "/versions/1"])
@pytest.mark.parametrize("given", [{}, {"id": "42"}])
def test_inference(server: Server, version: str, given: dict[str, str]) -> None:
    address = f"{server.url}/v2/models/ocr-model{version}/infer"
    wanted = {"outputs": [{"name": name} for name in ("output-0", "confidence", "words")]}
    answer = httpx.post(address, json={**v2_body(PNG), **wanted, **given}, timeout=60)

    assert answer.status_code == 200, answer.text
    jsonschema.validate(answer.json(), _RESULT)
    assert answer.json().get("id") == given.get("id")
    assert answer.json()["model_version"] == "1"


def test_inference_over_grpc_names_the_version(server: Server) -> None:
    with grpc_stub(server) as stub:
        assert stub.ModelInfer(grpc_request(PNG), timeout=60).model_version == "1"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v2/models/another", None),
        ("GET", "/v2/models/ocr-model/versions/2", None),
        ("POST", "/v2/models/another/infer", {}),
        ("POST", "/v2/models/ocr-model/infer", {"inputs": []}),
        ("POST", "/v2/models/ocr-model/infer", {"inputs": [{"name": "input-0"}]}),
    ],
)
def test_errors(server: Server, method: str, path: str, body: dict[str, Any] | None) -> None:
    answer = httpx.request(method, server.url + path, json=body, timeout=30)

    assert 400 <= answer.status_code < 500
    jsonschema.validate(answer.json(), _ERROR)
