"""KServe's REST and gRPC clients. Forms: ``v1``, ``v2``, ``v2-binary``, ``grpc-raw``, ``grpc-typed``."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

_LIMIT = 1 << 28
_OPTIONS = [("grpc.max_send_message_length", _LIMIT), ("grpc.max_receive_message_length", _LIMIT)]


def request(document: bytes, *, form: str) -> InferRequest:
    """One document as an element of BYTES, in the form that the client's user would choose."""
    tensor = InferInput("input-0", [1], "BYTES")
    if form in {"v2-binary", "grpc-raw"}:
        tensor.set_data_from_numpy(np.array([document], dtype=np.object_), binary_data=True)
    else:
        value = base64.b64encode(document).decode() if form == "v2" else document
        tensor = InferInput("input-0", [1], "BYTES", data=[value])
    return InferRequest(model_name="ocr-model", infer_inputs=[tensor], request_id="kserve")


async def rest(document: bytes, *, form: str, address: str) -> Any:
    client = InferenceRESTClient(RESTConfig(protocol=form[:2], timeout=60, retries=0))
    url = f"http://{address}"
    try:
        if form == "v1":
            body = {"instances": [{"b64": base64.b64encode(document).decode()}]}
            return await client.infer(url, body, model_name="ocr-model")
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "ocr-model")
        answer = await client.infer(url, request(document, form=form), model_name="ocr-model")
        assert answer.id == "kserve"
        return {output.name: output.data for output in answer.outputs}
    finally:
        await client.close()


async def grpc(document: bytes, *, form: str, address: str) -> Any:
    client = InferenceGRPCClient(address, timeout=60, retries=0, channel_args=_OPTIONS)
    try:
        assert await client.is_server_ready()
        assert await client.is_model_ready("ocr-model")
        answer = await client.infer(request(document, form=form))
        assert answer.id == "kserve"
        return {output.name: [value.decode() for value in output.as_numpy().tolist()] for output in answer.outputs}
    finally:
        await client.close()


async def main() -> list[Any]:
    """One answer or error for each call."""
    found = []
    for call in json.load(sys.stdin):
        send = grpc if call["form"].startswith("grpc") else rest
        try:
            found.append(await send(Path(call["file"]).read_bytes(), form=call["form"], address=call["address"]))
        except Exception as error:  # the test that asked for this call reports it
            found.append(repr(error))
    return found


print(json.dumps(asyncio.run(main())))
