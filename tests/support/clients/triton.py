"""Triton's clients, with binary tensors both ways. Forms: ``http``, ``grpc``."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def send(*, form: str, address: str, file: str, outputs: list[str]) -> dict[str, list[Any]]:
    """One document sent by the library ``tritonclient.FORM``."""
    library = importlib.import_module(f"tritonclient.{form}")
    client = library.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("ocr-model")
    binary = {"binary_data": True} if form == "http" else {}
    tensor = library.InferInput("input-0", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([Path(file).read_bytes()], dtype=np.object_), **binary)
    asked = [library.InferRequestedOutput(name, **binary) for name in outputs]
    answer = client.infer("ocr-model", [tensor], outputs=asked, request_id="triton", parameters={"psm": 6})
    client.close()
    return {name: [_plain(value) for value in answer.as_numpy(name).tolist()] for name in outputs}


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def main() -> list[Any]:
    """One answer or error for each call."""
    found: list[Any] = []
    for call in json.load(sys.stdin):
        try:
            found.append(send(**call))
        except Exception as error:  # the test that asked for this call reports it
            found.append(repr(error))
    return found


print(json.dumps(main()))
