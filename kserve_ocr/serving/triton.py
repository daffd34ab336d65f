"""What Triton's clients ask of a server besides inference: model configuration and statistics.

Source: Triton's model configuration and statistics extensions of the V2 protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kserve_ocr.observability.metrics import OK, REQUEST_SECONDS, REQUESTS
from kserve_ocr.protocol import names

_DATA_TYPES: Final = {"BYTES": "TYPE_STRING"}


def config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The model's configuration, from its V2 metadata."""
    return {
        "name": metadata["name"],
        "platform": "tesseract",
        "backend": "kserve-ocr",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": 0,
        "input": [_tensor(tensor) for tensor in metadata["inputs"]],
        "output": [_tensor(tensor) for tensor in metadata["outputs"]],
    }


def _tensor(tensor: Mapping[str, Any]) -> dict[str, Any]:
    datatype = tensor["datatype"]
    return {
        "name": tensor["name"],
        "data_type": _DATA_TYPES.get(datatype, f"TYPE_{datatype}"),
        "dims": list(tensor["shape"]),
    }


def statistics(name: str) -> dict[str, Any]:
    """Requests since the start, of all routes, from the metrics; durations in nanoseconds."""
    outcomes = [sample for metric in REQUESTS.collect() for sample in metric.samples if sample.name.endswith("_total")]
    succeeded = sum(int(sample.value) for sample in outcomes if sample.labels["code"] == OK)
    failed = sum(int(sample.value) for sample in outcomes) - succeeded
    durations = [sample for metric in REQUEST_SECONDS.collect() for sample in metric.samples]
    seconds = sum(sample.value for sample in durations if sample.name.endswith("_sum"))
    return {
        "model_stats": [
            {
                "name": name,
                "version": names.MODEL_VERSION,
                "last_inference": 0,
                "inference_count": succeeded,
                "execution_count": succeeded,
                "inference_stats": {
                    "success": {"count": succeeded, "ns": int(seconds * 1e9)},
                    "fail": {"count": failed, "ns": 0},
                },
                "batch_stats": [],
            }
        ]
    }
