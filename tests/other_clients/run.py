"""Clients in other languages against both servers: ``python -m tests.other_clients.run FOLDER`` (``make clients``).

FOLDER has what scripts/other-clients installs: Maven's class path, grpcurl, newman and hocr-tools.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
from google.protobuf.descriptor_pb2 import FileDescriptorSet  # type: ignore[import-untyped]
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from tests.support.drawn_pages import LINE, draw_line, encode
from tools.local_stack import ROOT, Service, start_service

_HERE: Final = Path(__file__).parent
_SECONDS: Final = 300


def run(command: Sequence[str | Path], *, cwd: Path | None = None, given: str | None = None) -> str:
    """What a command writes; ends the program with its errors if it fails."""
    done = subprocess.run(command, cwd=cwd, input=given, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def java(service: Service, file: Path, installed: Path) -> str:
    path = (installed / "classpath").read_text()
    return run(["java", "-cp", path, _HERE / "Client.java", service.url.removeprefix("http://"), file])


def go(service: Service, file: Path, _: Path) -> str:
    return run(["go", "run", _HERE / "main.go", service.url, file])


def grpcurl(service: Service, file: Path, installed: Path) -> str:
    """Both servers, each at its port for gRPC and at that for HTTP."""
    descriptors = FileDescriptorSet()
    pb.DESCRIPTOR.CopyToProto(descriptors.file.add())
    protocol = file.with_suffix(".protoset")
    protocol.write_bytes(descriptors.SerializeToString())
    document = base64.b64encode(file.read_bytes()).decode()
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [document]}}
    request = json.dumps({"model_name": "ocr-model", "inputs": [tensor]})
    options = ("-plaintext", "-protoset", str(protocol), "-d", "@")
    texts = []
    for server in (service.transformer, service.predictor):
        for port in (server.grpc_port, server.port):
            call = (f"127.0.0.1:{port}", "inference.GRPCInferenceService/ModelInfer")
            response = json.loads(run([installed / "grpcurl", *options, *call], given=request))
            (values,) = response["outputs"][0]["contents"].values()
            texts.append(base64.b64decode(values[0]).decode())
    return "\n".join(texts)


def newman(service: Service, _: Path, installed: Path) -> str:
    """The collection of the documentation has tests of its own."""
    program = (installed / "node_modules" / ".bin" / "newman").absolute()
    options = ("--working-dir", ROOT / "samples", "--env-var", f"url={service.url}", "--color", "off")
    run([program, "run", ROOT / "docs" / "postman_collection.json", *map(str, options)])
    return LINE


def hocr_tools(service: Service, file: Path, installed: Path) -> str:
    """hocr-check finds nothing, and hocr-lines prints the text."""
    hocr = file.with_suffix(".hocr")
    answer = httpx.post(f"{service.url}/gateway/ocr", content=file.read_bytes(), headers={"Accept": "text/html"})
    hocr.write_bytes(answer.raise_for_status().content)
    programs = installed / "venv" / "bin"
    run([programs / "hocr-check", hocr])
    return run([programs / "hocr-lines", hocr])


CLIENTS: Final = {
    "Java": (java, 3),
    "Go": (go, 3),
    "grpcurl": (grpcurl, 4),
    "newman": (newman, 1),
    "hocr-tools": (hocr_tools, 1),
}
"""Each client with the number of its requests that print the text."""


def failures(installed: Path) -> Iterator[str]:
    """What did not read the page."""
    with tempfile.TemporaryDirectory() as folder, start_service(logs=Path(folder)) as service:
        file = Path(folder) / "page.png"
        file.write_bytes(encode(draw_line()))
        for name, (client, expected) in CLIENTS.items():
            found = client(service, file, installed).count(LINE)
            print(f"{name}: {found} of {expected} requests read", flush=True)
            if found != expected:
                yield name


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(1 if list(failures(Path(sys.argv[1]).absolute())) else 0)
