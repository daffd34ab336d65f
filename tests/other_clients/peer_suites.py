"""Tests of the V2 protocol by its authors, from their repositories, against both servers (``make conformance``).

They are run as they are: of Triton's tests those that ask for no model of their own; of the Open Inference Protocol
the document of its addresses and types. docs/clients.md lists what does not apply.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema
import yaml

from kserve_ocr.serving.openapi.examples import V2_REQUEST
from tools.local_stack import Server, end, spawn, spawn_transformer, wait_ready

_HTTP_PORT, _GRPC_PORT = 8000, 8001
"""Those of Triton, which its tests have in their code."""
_SETTINGS: Final = {"OCR_MODEL_ALIASES": "simple,onnx_zero_1_float32"}
_STATE: Final = ("is_server_live", "is_server_ready", "is_model_ready")
_CLIENT: Final = (*_STATE, "get_model_metadata", "get_model_config", "get_inference_statistics")
_TRITON: Final = {
    "L0_http/python_http_aio_test": ("TestHttpAioClient", _CLIENT),
    "L0_http/http_test": (
        "HttpTest",
        ("inference_header_content_length_out_of_range", "content_encoding_unsupported_client"),
    ),
    "L0_http/http_restricted_api_test": ("RestrictedAPITest", ("sanity",)),
    "L0_grpc/python_grpc_aio_test": ("TestGrpcAioClient", _CLIENT),
    "L0_grpc/python_unit_test": ("RestrictedProtocolTest", ("sanity",)),
}
_DOCUMENT: Final = "specification/protocol/open_inference_rest.yaml"
_NAMES: Final = {"${MODEL_NAME}": "ocr-model", "${MODEL_VERSION}": "1"}


def triton(folder: Path) -> Iterator[str]:
    """What fails of Triton's tests, in the checkout of its server, against the server at its ports."""
    quality = folder / "qa"
    environment = {**os.environ, "PYTHONPATH": str(quality / "common")}
    for module, (case, tests) in _TRITON.items():
        file = quality / module
        names = [f"{file.name}.{case}.test_{test}" for test in tests]
        command = [sys.executable, "-m", "unittest", *names]
        done = subprocess.run(
            command, cwd=file.parent, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode != 0:
            yield f"{module}: {done.stderr[-2000:]}"


def protocol(folder: Path, server: Server) -> Iterator[str]:
    """What a response has that the protocol's document, in its checkout, does not allow."""
    document = yaml.safe_load((folder / _DOCUMENT).read_text())
    for path, item in document["paths"].items():
        for method in {"get", "post"} & item.keys():
            address = path
            for name, value in _NAMES.items():
                address = address.replace(name, value)
            yield from _disagreements(document, item[method], method, server.url + address)


def _disagreements(document: dict[str, Any], operation: dict[str, Any], method: str, url: str) -> Iterator[str]:
    """A good request, and where the operation takes a body one without it as well."""
    bodies: tuple[Any, ...] = (V2_REQUEST, {**V2_REQUEST, "id": "7"}, {}) if method == "post" else (None,)
    for body in bodies:
        answer = httpx.request(method, url, json=body, timeout=60)
        expected = operation["responses"].get(str(answer.status_code))
        if expected is None or (answer.status_code != 200) is bool(body or method == "get"):
            yield f"{method} {url}: {answer.status_code} {answer.text}"
        elif "content" in expected:
            schema = {**expected["content"]["application/json"]["schema"], "components": document["components"]}
            errors = jsonschema.Draft4Validator(schema).iter_errors(answer.json())
            yield from (f"{method} {url}: {error.message}" for error in errors)


def failures(triton_folder: Path | None, protocol_folder: Path | None, logs: Path) -> Iterator[str]:
    """What fails, with each server in turn at Triton's ports."""
    predictor = spawn("predictor", logs=logs)
    options: dict[str, Any] = {"logs": logs, "settings": _SETTINGS, "port": _HTTP_PORT, "grpc_port": _GRPC_PORT}
    try:
        wait_ready(predictor)
        for name in ("transformer", "predictor"):
            is_front = name == "transformer"
            server = spawn_transformer(predictor.port, **options) if is_front else spawn(name, **options)
            try:
                wait_ready(server)
                found = [*(triton(triton_folder) if triton_folder else ())]
                found += protocol(protocol_folder, server) if protocol_folder else ()
            finally:
                end(server)
            yield from (f"{name}: {failure}" for failure in found)
    finally:
        end(predictor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a test fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triton", type=Path, help="checkout of triton-inference-server/server")
    parser.add_argument("--protocol", type=Path, help="checkout of kserve/open-inference-protocol")
    options = parser.parse_args(arguments)
    if options.triton is None and options.protocol is None:
        parser.error("name a checkout with --triton or --protocol")
    with tempfile.TemporaryDirectory() as logs:
        found = list(failures(options.triton, options.protocol, Path(logs)))
    print("\n".join(found) or "everything passed")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
