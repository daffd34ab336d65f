"""Both servers under all kinds of traffic, and a real Prometheus that watches them and Knative's recordings."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image

from kserve_ocr.workers.cpus import granted_cpus
from tests.monitoring.prometheus import Prometheus, knative_targets, play_recordings, start_prometheus
from tests.support import fault_injection
from tests.support.drawn_pages import draw_line, encode, encode_frames, v2_body
from tests.support.http_calls import until
from tools.local_prometheus import Target
from tools.local_stack import Service, end, spawn

_SETTINGS = {"OCR_PAGE_SECONDS": "1.5"}
"""Noise of the size of a page takes one worker several times as long on any machine, a line a tenth."""


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Prometheus]]:
    """The servers and the Prometheus, after good, bad, slow and killed-worker traffic."""
    logs = tmp_path_factory.mktemp("logs")
    reader = spawn("predictor", logs=logs, settings=_SETTINGS)
    front = spawn("transformer", f"--predictor_host=127.0.0.1:{reader.port}", logs=logs)
    service = Service(front, reader)
    try:
        with play_recordings() as knative:
            targets = [
                Target(f"127.0.0.1:{front.port}", "transformer", revision="ocr-transformer-00001"),
                Target(f"127.0.0.1:{reader.port}", "predictor", revision="ocr-predictor-00001"),
                *knative_targets(knative),
            ]
            with start_prometheus(tmp_path_factory.mktemp("prometheus"), targets) as prometheus:
                _wake(service)
                prometheus.wait_for("sum(ocr_pages_total) > 0")
                _send_everything(service)
                yield service, prometheus
    finally:
        end(front)
        end(reader)


def _wake(service: Service) -> None:
    """A single page that waits for both starts, so that its answer counts as a cold one."""
    line = encode(draw_line())
    for _ in range(1200):
        assert service.predictor.process.poll() is None, service.predictor.log_text()
        assert service.transformer.process.poll() is None, service.transformer.log_text()
        with contextlib.suppress(httpx.TransportError):
            if _gateway(service, line).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"no answer:\n{service.transformer.log_text()}")


def _gateway(service: Service, document: bytes, **options: str) -> httpx.Response:
    headers = {"content-type": "image/png"}
    return httpx.post(f"{service.url}/gateway/ocr", content=document, headers=headers, params=options, timeout=60)


def _send_everything(service: Service) -> None:
    line = encode(draw_line())
    for _ in range(5):
        assert _gateway(service, line).status_code == 200
    assert _gateway(service, encode_frames([draw_line()] * 3), outputs="words,hocr").status_code == 200
    v2 = f"{service.url}/v2/models/ocr-model/infer"
    assert httpx.post(v2, json=v2_body(line), timeout=60).status_code == 200
    assert httpx.post(f"{service.predictor.url}/v2/models/ocr-model/infer", json=v2_body(line)).status_code == 200
    assert _gateway(service, b"neither an image nor a PDF").status_code == 415
    assert _gateway(service, line, lang="../etc").status_code == 400
    noise = np.random.default_rng(1).integers(0, 256, (3500, 2500), dtype=np.uint8)
    slow = encode(Image.fromarray(noise), compress_level=1)
    assert _gateway(service, slow, preprocess="none").status_code == 504
    # Those that the slow page cost are replaced first: a pool without workers has none to lose.
    until(lambda: len(fault_injection.workers(service.predictor)) == granted_cpus(), "all workers")
    fault_injection.until_idle(service.predictor)
    fault_injection.signal_workers(service.predictor, signal.SIGKILL)
    assert _gateway(service, line).status_code == 200
