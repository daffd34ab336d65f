"""Triton's gRPC client in a process of its own: its messages have the names of KServe's.

Actions: ``stream`` (several requests, answered page by page) and ``describe`` (configuration and statistics).
"""

from __future__ import annotations

import json
import queue
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.grpc as triton

_SECONDS = 60.0


def _tensor(file: str) -> Any:
    found = triton.InferInput("input-0", [1], "BYTES")
    found.set_data_from_numpy(np.array([Path(file).read_bytes()], dtype=np.object_))
    return found


def stream(*, address: str, requests: list[dict[str, Any]], answers: int) -> list[dict[str, Any]]:
    """The first ``answers`` responses to all requests, each with text, page and id, or an error."""
    found: queue.Queue[dict[str, Any]] = queue.Queue()

    def answered(result: Any, error: Any) -> None:
        if error:
            found.put({"error": str(error)})
            return
        response = result.get_response()
        text = result.as_numpy("output-0")[0].decode()
        found.put({"text": text, "page": response.parameters["page"].string_param, "id": response.id})

    with triton.InferenceServerClient(address) as client:
        client.start_stream(callback=answered)
        for number, request in enumerate(requests):
            outputs = [triton.InferRequestedOutput(name) for name in request["outputs"]]
            client.async_stream_infer(
                "ocr-model", [_tensor(request["file"])], outputs=outputs, request_id=str(number), parameters={"psm": 6}
            )
        results = [found.get(timeout=_SECONDS) for _ in range(answers)]
        client.stop_stream()
    return results


def describe(*, address: str, file: str) -> dict[str, Any]:
    """Configuration, and the statistics before and after a request."""
    with triton.InferenceServerClient(address) as client:
        config = client.get_model_config("ocr-model", as_json=True)["config"]
        before = client.get_inference_statistics("ocr-model", as_json=True)["model_stats"][0]
        client.infer("ocr-model", [_tensor(file)])
        after = client.get_inference_statistics(as_json=True)["model_stats"][0]
    return {"config": config, "before": before, "after": after}


def main() -> list[Any]:
    """One answer for each call."""
    actions: dict[str, Callable[..., Any]] = {"stream": stream, "describe": describe}
    return [actions[call.pop("action")](**call) for call in json.load(sys.stdin)]


print(json.dumps(main()))
