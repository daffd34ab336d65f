"""Requests to running servers, as clients send them, and what every refusal must look like."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
from kserve import InferResponse
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from kserve_ocr.protocol import names
from tests.support.drawn_pages import LINE, draw_line, encode, v2_body
from tools.local_stack import ROOT, Endpoint

INFER = "/v2/models/ocr-model/infer"
PREDICT = "/v1/models/ocr-model:predict"
GATEWAY = "/gateway/ocr"
TIMEOUT = 60.0
"""Seconds after which a wait for something that must happen fails."""

GOOD = encode(draw_line())


@contextmanager
def one_connection(server: Endpoint) -> Iterator[httpx.Client]:
    """A client that keeps a single connection alive."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    with httpx.Client(base_url=server.url, timeout=TIMEOUT, limits=limits) as client:
        yield client


def connection_of(response: httpx.Response) -> Any:
    """The client's own address on the connection that the answer came by."""
    return response.extensions["network_stream"].get_extra_info("client_addr")


def infer(server: Endpoint, *documents: bytes, **more: Any) -> httpx.Response:
    """A V2 JSON request, as the older gateway sends it."""
    return httpx.post(server.url + INFER, json=v2_body(*documents, **more), timeout=TIMEOUT)


def upload(
    server: Endpoint, *documents: bytes, headers: Mapping[str, str] | None = None, **options: str
) -> httpx.Response:
    """Multipart files with options in the query."""
    files = [("image_file", (f"page-{number}", data)) for number, data in enumerate(documents)]
    return httpx.post(server.url + GATEWAY, files=files, params=options, headers=headers, timeout=TIMEOUT)


def outputs_of(response: httpx.Response) -> dict[str, list[Any]]:
    """Output values by name of a V2 JSON answer."""
    assert response.status_code == 200, response.text
    outputs = {output["name"]: output for output in response.json()["outputs"]}
    for output in outputs.values():
        assert output["shape"] == [len(output["data"])]
    return {name: output["data"] for name, output in outputs.items()}


def words_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The words of a page of the output ``words``, in reading order."""
    return [
        word
        for block in page["blocks"]
        for paragraph in block["paragraphs"]
        for line in paragraph["lines"]
        for word in line["words"]
    ]


def text_of(response: httpx.Response) -> str:
    """The first text of a V2 JSON answer."""
    assert response.status_code == 200, response.text
    text = response.json()["outputs"][0]["data"][0]
    assert isinstance(text, str)
    return text


def assert_reads(server: Endpoint) -> None:
    """The next good request works."""
    assert text_of(infer(server, GOOD)).strip() == LINE


def assert_refused(response: httpx.Response, status: int, code: str) -> str:
    """The one shape of errors; its message."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers[names.REQUEST_ID]
    body = response.json()
    assert set(body) == {"error", "code"}
    assert body["code"] == code
    message = body["error"]
    assert isinstance(message, str)
    assert len(message.split()) > 3, f"not a message: {message}"
    assert "Traceback" not in message
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    return message


@contextmanager
def grpc_stub(
    server: Endpoint, *, port: int | None = None, max_bytes: int = 1 << 28
) -> Iterator[GRPCInferenceServiceStub]:
    """KServe's gRPC service on one channel, to another port than that of gRPC if one is given."""
    options = [("grpc.max_send_message_length", max_bytes), ("grpc.max_receive_message_length", max_bytes)]
    with grpc.insecure_channel(f"127.0.0.1:{port or server.grpc_port}", options=options) as channel:
        yield GRPCInferenceServiceStub(channel)


def grpc_request(
    *documents: bytes,
    parameters: Mapping[str, str | int | bool] | None = None,
    outputs: Sequence[str] = (),
    typed: bool = False,
    model: str = "ocr-model",
) -> Any:
    """A ModelInferRequest; documents as raw tensor contents, or as typed ``bytes_contents``."""
    request = pb.ModelInferRequest(model_name=model, id="from a test")
    tensor = request.inputs.add(name="input-0", datatype="BYTES", shape=[len(documents)])
    if typed:
        tensor.contents.bytes_contents.extend(documents)
    else:
        raw = b"".join(len(document).to_bytes(4, "little") + document for document in documents)
        request.raw_input_contents.append(raw)
    for name, value in (parameters or {}).items():
        kind = {str: "string_param", bool: "bool_param", int: "int64_param"}[type(value)]
        setattr(request.parameters[name], kind, value)
    for name in outputs:
        request.outputs.add(name=name)
    return request


def grpc_values(response: Any) -> dict[str, list[Any]]:
    """Output values by name of a gRPC answer, raw or typed; BYTES as bytes."""
    return {output.name: output.as_numpy().tolist() for output in InferResponse.from_grpc(response).outputs}


def grpc_text(response: Any) -> str:
    """The first text of a gRPC answer."""
    text: bytes = grpc_values(response)["output-0"][0]
    return text.decode()


def grpc_refusal(call: Callable[..., Any], request: Any) -> tuple[str, dict[str, str], str]:
    """Status name, trailing metadata and message of a call that must fail."""
    try:
        call(request, timeout=TIMEOUT)
    except grpc.RpcError as error:
        trailing = {key: str(value) for key, value in error.trailing_metadata() or ()}
        return error.code().name, trailing, str(error.details())
    raise AssertionError("the call was answered")


def run_client(script: str, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What a client under tests/clients gets for each call, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tests.support.clients.{script}"],
        cwd=ROOT,
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def curl(*arguments: str) -> str:
    """What curl writes to its output."""
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(condition: Callable[[], bool], what: str, *, seconds: float = TIMEOUT) -> None:
    """Wait for something that must become true."""
    end, pause = time.monotonic() + seconds, 0.01
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(pause)
        pause = min(0.1, 1.5 * pause)  # asking takes time from what is waited for


def metric(server: Endpoint, name: str, **labels: str) -> float:
    """The sum of a metric's series that carry these labels."""
    return sum(
        float(line.rpartition(" ")[2])
        for line in httpx.get(f"{server.url}/metrics", timeout=TIMEOUT).text.splitlines()
        if line.partition("{")[0].partition(" ")[0] == name
        and all(f'{label}="{value}"' in line for label, value in labels.items())
    )


def save(folder: Path, name: str, data: bytes) -> Path:
    """The data as a file."""
    path = folder / name
    path.write_bytes(data)
    return path
