"""What the V2 protocol (Open Inference Protocol) asks of a server, of both servers, over HTTP and gRPC.

The cases are those that the specification and Triton's own tests cover; docs/clients.md lists what does not apply.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from kserve_ocr.protocol import names, v2_response
from tests.support.drawn_pages import LINE, draw_line, encode, v2_body
from tests.support.http_calls import INFER, grpc_refusal, grpc_request, grpc_stub, grpc_text, one_connection, text_of
from tools.local_stack import Server

MODEL = "/v2/models/ocr-model"
DATATYPES = {"BOOL", "BYTES", *(f"{kind}{bits}" for kind in ("INT", "UINT") for bits in (8, 16, 32, 64))}
DATATYPES |= {"FP16", "FP32", "FP64"}
PNG = encode(draw_line())
TENSOR = v2_body(PNG)["inputs"][0]


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with one_connection(server) as client:
        yield client


def test_the_state_of_the_server(client: httpx.Client) -> None:
    metadata = client.get("/v2").json()

    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get(f"{MODEL}/ready").json() == {"name": "ocr-model", "ready": True}
    assert all(isinstance(metadata[name], str) for name in ("name", "version"))
    assert all(isinstance(name, str) for name in metadata["extensions"])


def test_the_metadata_of_the_model(client: httpx.Client, server: Server) -> None:
    metadata = client.get(MODEL).json()

    assert (metadata["name"], metadata["platform"], metadata["versions"]) == ("ocr-model", "tesseract", ["1"])
    for tensor in [*metadata["inputs"], *metadata["outputs"]]:
        assert tensor["datatype"] in DATATYPES
        assert all(side == -1 or side > 0 for side in tensor["shape"])
    with grpc_stub(server) as stub:
        over_grpc = stub.ModelMetadata(pb.ModelMetadataRequest(name="ocr-model"), timeout=30)
    for kind in ("inputs", "outputs"):
        found = [(one.name, one.datatype, list(one.shape)) for one in getattr(over_grpc, kind)]
        assert found == [(one["name"], one["datatype"], one["shape"]) for one in metadata[kind]]


def test_a_model_that_is_not_served(client: httpx.Client, server: Server) -> None:
    unknown = MODEL.replace("ocr-model", "another")
    answers = [client.get(unknown), client.get(f"{unknown}/ready"), client.post(f"{unknown}/infer", json=v2_body(PNG))]
    with grpc_stub(server) as stub:
        refusals = [
            grpc_refusal(stub.ModelInfer, grpc_request(PNG, model="another")),
            grpc_refusal(stub.ModelMetadata, pb.ModelMetadataRequest(name="another")),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert all("another" in answer.json()["error"] for answer in answers)
    assert [status for status, _, _ in refusals] == ["NOT_FOUND", "NOT_FOUND"]


def test_the_request_s_id_comes_back(client: httpx.Client, server: Server) -> None:
    with grpc_stub(server) as stub:
        over_grpc = stub.ModelInfer(grpc_request(PNG), timeout=60)

    assert client.post(INFER, json={"id": "request 7", "inputs": [TENSOR]}).json()["id"] == "request 7"
    assert client.post(INFER, json={"inputs": [TENSOR]}).json().get("id") is None
    assert over_grpc.id == "from a test"


def test_the_outputs_that_are_requested(client: httpx.Client, server: Server) -> None:
    wanted = ["words", "confidence", "output-0"]
    answer = client.post(INFER, json={"inputs": [TENSOR], "outputs": [{"name": name} for name in wanted]}).json()
    with grpc_stub(server) as stub:
        over_grpc = stub.ModelInfer(grpc_request(PNG, outputs=wanted), timeout=60)

    assert answer["model_name"] == over_grpc.model_name == "ocr-model"
    assert [output["name"] for output in answer["outputs"]] == wanted
    assert [output.name for output in over_grpc.outputs] == wanted
    assert [output["datatype"] for output in answer["outputs"]] == ["BYTES", "FP32", "BYTES"]
    assert all(math.prod(output["shape"]) == len(output["data"]) for output in answer["outputs"])
    assert grpc_text(over_grpc).strip() == LINE


@pytest.mark.parametrize("shape", [[1], [1, 1]])
def test_nested_and_flat_data(client: httpx.Client, shape: list[int]) -> None:
    for data in (TENSOR["data"], [TENSOR["data"]]):
        assert text_of(client.post(INFER, json={"inputs": [{**TENSOR, "shape": shape, "data": data}]})).strip() == LINE


def test_typed_and_raw_contents(server: Server) -> None:
    with grpc_stub(server) as stub:
        for typed in (True, False):
            assert grpc_text(stub.ModelInfer(grpc_request(PNG, typed=typed), timeout=60)).strip() == LINE


def decoded(response: httpx.Response) -> dict[str, list[Any]]:
    assert response.status_code == 200, response.text
    return v2_response.decode_response(response.content, json_length=int(response.headers[names.JSON_LENGTH]))


def test_outputs_in_binary(client: httpx.Client) -> None:
    outputs = [{"name": "output-0"}, {"name": "confidence", "parameters": {"binary_data": False}}]
    body = {"inputs": [TENSOR], "outputs": outputs, "parameters": {"binary_data_output": True}}

    response = client.post(INFER, json=body)

    assert decoded(response)["output-0"][0].decode().strip() == LINE
    header = orjson.loads(response.content[: int(response.headers[names.JSON_LENGTH])])
    assert "data" not in header["outputs"][0]
    assert 0 < header["outputs"][1]["data"][0] <= 1


@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_is_the_document(client: httpx.Client, chunked: bool) -> None:
    """Triton's raw binary request: no JSON, and one input of one element."""
    content = iter([PNG[:100], PNG[100:]]) if chunked else PNG

    response = client.post(INFER, content=content, headers={names.JSON_LENGTH: "0"})

    assert decoded(response)["output-0"][0].decode().strip() == LINE


MALFORMED: dict[str, Any] = {
    "no inputs": {"inputs": []},
    "no list": {"inputs": {"name": "input-0"}},
    "no datatype": {"inputs": [{"name": "input-0", "shape": [1], "data": ["eHl6"]}]},
    "an unknown datatype": {"inputs": [{**TENSOR, "datatype": "FP32", "data": [1.0]}]},
    "no data": {"inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES"}]},
    "fewer elements than the shape": {"inputs": [{**TENSOR, "shape": [2]}]},
    "a negative side": {"inputs": [{**TENSOR, "shape": [-1]}]},
    "sides whose product is over 64 bits": {"inputs": [{**TENSOR, "shape": [16, 2**60 + 2], "datatype": "UINT8"}]},
    "an unknown output": {"inputs": [TENSOR], "outputs": [{"name": "OUTPUT0"}]},
    "a parameter that is an object": {"inputs": [TENSOR], "parameters": {"psm": {"value": 6}}},
    "lists in lists": b'{"inputs":' + b"[" * 100_000,
    "no JSON": b"inputs",
    "nothing": b"",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request(client: httpx.Client, case: str) -> None:
    """It is refused with a sentence, and the next request of the connection is answered."""
    body = MALFORMED[case]
    content = body if isinstance(body, bytes) else orjson.dumps(body)

    response = client.post(INFER, content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 400, response.text
    assert response.json()["error"]
    assert client.get("/v2/health/ready").status_code == 200


@pytest.mark.parametrize("length", ["99999999", "-1", "1e3", "9" * 30])
def test_a_length_of_json_that_does_not_fit(client: httpx.Client, length: str) -> None:
    response = client.post(INFER, content=orjson.dumps(v2_body(PNG)), headers={names.JSON_LENGTH: length})

    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")


def test_malformed_messages(server: Server) -> None:
    wrong_shape, no_tensor, both = grpc_request(PNG), grpc_request(PNG), grpc_request(PNG, typed=True)
    wrong_shape.inputs[0].shape[:] = [2]
    del no_tensor.inputs[:]
    both.raw_input_contents.append(b"x")
    with grpc_stub(server) as stub:
        for request in (wrong_shape, no_tensor, both, grpc_request(PNG, outputs=["OUTPUT0"])):
            assert grpc_refusal(stub.ModelInfer, request)[0] == "INVALID_ARGUMENT"
        assert stub.ServerReady(pb.ServerReadyRequest(), timeout=30).ready
        assert stub.ServerLive(pb.ServerLiveRequest(), timeout=30).live
