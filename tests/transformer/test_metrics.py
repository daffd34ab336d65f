"""What only the transformer counts, with labels from closed sets."""

from __future__ import annotations

from typing import get_args

import pytest
from prometheus_client import REGISTRY

from transformer import metrics
from transformer.decoding.sniff import FileType
from transformer.preprocess.prepare import STEPS


def value(name: str, **labels: str) -> float:
    """A sample's value, 0 if it is not there."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(("kind", "counted"), [("png", "png"), ("PDF", "pdf"), ("../../x", "other")])
def test_documents(kind: str, counted: str) -> None:
    before = value("ocr_documents_total", kind=counted), value("ocr_document_bytes_total")
    metrics.record_document(kind=kind, size=100)
    assert (value("ocr_documents_total", kind=counted), value("ocr_document_bytes_total")) == (
        before[0] + 1,
        before[1] + 100,
    )


@pytest.mark.parametrize(("steps", "counted"), [(("scale", "invert"), "scale"), ((), "none"), (("new",), "other")])
def test_steps(steps: tuple[str, ...], counted: str) -> None:
    before = value("ocr_preprocess_steps_total", step=counted), value("ocr_pixels_total")
    metrics.record_prepared(width=20, height=30, steps=steps)
    assert value("ocr_preprocess_steps_total", step=counted) == before[0] + 1
    assert value("ocr_pixels_total") == before[1] + 600


@pytest.mark.parametrize(("reason", "counted"), [("status_503", "status_503"), ("status_418", "other")])
def test_retries(reason: str, counted: str) -> None:
    before = value("ocr_page_retries_total", reason=counted)
    metrics.record_retry(reason)
    assert value("ocr_page_retries_total", reason=counted) == before + 1


def test_labels_know_every_kind_and_step_that_there_is() -> None:
    assert set(get_args(FileType)) < set(metrics.KINDS)
    assert set(STEPS) < set(metrics.STEPS)
