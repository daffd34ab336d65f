"""Triton's clients, with binary tensors both ways. Forms: ``http``, ``grpc`` and ``.aio`` of both."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def send(*, form: str, address: str, file: str, outputs: list[str]) -> dict[str, list[Any]]:
    """One document sent by the library ``tritonclient.FORM``."""
    library, _, way = form.partition(".")
    arguments = _arguments(importlib.import_module(f"tritonclient.{library}"), library, file, outputs)
    make_client = importlib.import_module(f"tritonclient.{form}").InferenceServerClient
    if way == "aio":
        answer = asyncio.run(_send_asynchronously(make_client, address, arguments))
    else:
        client = make_client(address)
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("ocr-model")
        answer = client.infer(**arguments)
        client.close()
    return {name: [_plain(value) for value in answer.as_numpy(name).tolist()] for name in outputs}


def _arguments(library: Any, form: str, file: str, outputs: list[str]) -> dict[str, Any]:
    binary = {"binary_data": True} if form == "http" else {}
    tensor = library.InferInput("input-0", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([Path(file).read_bytes()], dtype=np.object_), **binary)
    asked = [library.InferRequestedOutput(name, **binary) for name in outputs]
    more = {"request_id": "triton", "parameters": {"psm": 6}}
    return {"model_name": "ocr-model", "inputs": [tensor], "outputs": asked, **more}


async def _send_asynchronously(make_client: Callable[[str], Any], address: str, arguments: dict[str, Any]) -> Any:
    """The answer, after what the client asks for besides; it accepts compressed answers to that, and decodes none."""
    client = make_client(address)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("ocr-model")
    for described in (await client.get_model_metadata("ocr-model"), await client.get_model_config("ocr-model")):
        assert "ocr-model" in str(described)
    assert "ocr-model" in str(await client.get_inference_statistics("ocr-model"))
    answer = await client.infer(**arguments)
    await client.close()
    return answer


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
