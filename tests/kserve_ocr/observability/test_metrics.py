"""Labels stay bounded, outcomes are told apart, and starts are measured once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from prometheus_client import REGISTRY

from kserve_ocr.observability import metrics, pool_metrics, startup_metrics
from kserve_ocr.observability.process_metrics import ProcessTree, seconds_since_start
from kserve_ocr.protocol.errors import OverloadedError, codes


def value(name: str, **labels: str) -> float:
    """A sample's value, 0 if it is not there."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def series(prefix: str) -> int:
    """How many series there are with that prefix."""
    return sum(len(metric.samples) for metric in REGISTRY.collect() if metric.name.startswith(prefix))


def counted(code: str, *, route: str = "infer", protocol: str = "json") -> float:
    return value("ocr_requests_total", route=route, protocol=protocol, code=code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OverloadedError("later"), "overloaded"),
        (asyncio.CancelledError(), "cancelled"),
        (ZeroDivisionError(), "internal"),
    ],
)
def test_request_counts_what_became_of_it(error: BaseException, code: str) -> None:
    before = counted(code)
    with pytest.raises(type(error)), metrics.request("infer", "json"):
        raise error
    assert counted(code) == before + 1
    assert value("ocr_requests_in_flight") == 0


def test_requests_in_flight() -> None:
    with metrics.request("infer", "json"):
        assert value("ocr_requests_in_flight") == 1
    assert value("ocr_requests_in_flight") == 0


def test_good_requests_are_timed_by_size() -> None:
    def timed(pages: str) -> float:
        return value("ocr_request_duration_seconds_count", route="gateway", pages=pages)

    for pages, size in ((0, "1"), (1, "1"), (2, "2-10"), (10, "2-10"), (11, "11+")):
        before = timed(size)
        with metrics.request("gateway", "raw"):
            metrics.note_pages(pages)
        metrics.note_pages(1000)  # no request, no effect
        assert timed(size) == before + 1, pages


def test_failed_requests_are_not_timed() -> None:
    before = value("ocr_request_duration_seconds_count", route="predict", pages="1")
    metrics.record_request("predict", "json", "overloaded", seconds=0.001)
    assert value("ocr_request_duration_seconds_count", route="predict", pages="1") == before


def test_an_outcome_can_be_set_by_who_answers_errors() -> None:
    before = counted("damaged_document", route="gateway", protocol="multipart")
    with metrics.request("gateway") as outcome:
        outcome.protocol, outcome.code = "multipart", "damaged_document"
    assert counted("damaged_document", route="gateway", protocol="multipart") == before + 1


def test_whatever_is_not_known_is_other() -> None:
    metrics.record_request("/etc/passwd", "gopher", "whatever", seconds=1)
    before = series("ocr_")
    for number in range(100):
        metrics.record_request(f"/{number}", f"p{number}", f"c{number}", seconds=1)
    assert series("ocr_") == before
    assert counted("other", route="other", protocol="other") >= 100


def test_every_error_has_its_own_code() -> None:
    assert set(codes()) <= set(metrics.CODES)


def test_series_of_a_service_start_at_zero() -> None:
    metrics.declare_requests({"infer": ("grpc",)})
    found = {
        sample.labels["code"]
        for metric in REGISTRY.collect()
        if metric.name == "ocr_requests"
        for sample in metric.samples
        if (sample.labels["route"], sample.labels["protocol"]) == ("infer", "grpc")
    }
    assert found == {"ok", *metrics.SERVER_ERRORS}


def test_stage_is_timed_even_if_it_fails() -> None:
    metrics.declare_stages("decode")
    before = value("ocr_stage_duration_seconds_count", stage="decode")
    with pytest.raises(ValueError, match="bad"), metrics.stage("decode"):
        raise ValueError("bad")
    assert value("ocr_stage_duration_seconds_count", stage="decode") == before + 1


def test_buckets_reach_the_time_limits() -> None:
    assert metrics.SECONDS_BUCKETS[0] == 0.005
    assert metrics.SECONDS_BUCKETS[-1] == 300
    assert 10.0 in metrics.SECONDS_BUCKETS  # the alerts' objective is counted, not interpolated


def test_record_page() -> None:
    before = value("ocr_pages_total"), value("ocr_page_confidence_ratio_sum"), value("ocr_page_characters_sum")
    metrics.record_page(confidence=0.5, characters=40)
    after = value("ocr_pages_total"), value("ocr_page_confidence_ratio_sum"), value("ocr_page_characters_sum")
    assert [round(new - old, 6) for new, old in zip(after, before, strict=True)] == [1, 0.5, 40]


def test_pool_figures() -> None:
    pool = pool_metrics.PoolMetrics("recognize", size=3, runs="recognize")
    assert value("ocr_workers", pool="recognize", state="idle") == 3
    pool.queued(7)
    pool.busy(2)
    pool.waited(0.2)
    busy = value("ocr_worker_busy_seconds_total", pool="recognize")
    pool.ran(1.5)
    crashes = value("ocr_worker_restarts_total", pool="recognize", reason="crash")
    pool.restarted("crash")
    assert value("ocr_queue_depth", pool="recognize") == 7
    assert value("ocr_workers", pool="recognize", state="busy") == 2
    assert value("ocr_workers", pool="recognize", state="idle") == 1
    assert value("ocr_worker_busy_seconds_total", pool="recognize") == busy + 1.5
    assert value("ocr_worker_restarts_total", pool="recognize", reason="crash") == crashes + 1
    assert value("ocr_stage_duration_seconds_count", stage="recognize") >= 1


def phases() -> dict[str, float]:
    """The start figures that are set."""
    return {
        sample.labels["phase"]: sample.value
        for metric in REGISTRY.collect()
        if metric.name == "ocr_startup_duration_seconds"
        for sample in metric.samples
    }


@pytest.fixture
def start() -> Iterator[startup_metrics._Start]:
    """A start of which nothing is known yet."""
    startup_metrics.START_SECONDS.clear()
    yield startup_metrics._Start()
    startup_metrics.START_SECONDS.clear()


def test_an_answer_to_a_request_that_waited_is_a_cold_one(start: startup_metrics._Start) -> None:
    start.ready()
    start.answered(0.1, pages=1)
    assert set(phases()) == {"ready", "first_answer", "cold_answer"}
    assert phases()["ready"] <= phases()["cold_answer"] == phases()["first_answer"]


def test_only_the_first_answer_counts(start: startup_metrics._Start) -> None:
    start.ready()
    start.answered(0.1, pages=1)
    first = phases()
    start.ready()
    start.answered(0.1, pages=1)
    assert phases() == first


def test_a_long_document_says_nothing_about_the_start(start: startup_metrics._Start) -> None:
    start.ready()
    start.answered(0.1, pages=500)
    assert set(phases()) == {"ready", "first_answer"}


def test_a_request_long_after_the_start_is_no_cold_one(
    start: startup_metrics._Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start.ready()
    monkeypatch.setattr(startup_metrics, "seconds_since_start", lambda: seconds_since_start() + 3600)
    start.answered(0.1, pages=1)
    assert set(phases()) == {"ready", "first_answer"}


def test_age_of_the_process() -> None:
    own = psutil.Process().create_time()
    assert seconds_since_start() == pytest.approx(time.time() - own, abs=1.5)  # psutil's boot time is in whole seconds


def test_worker_processes_count_and_are_not_forgotten_when_they_end() -> None:
    tree = ProcessTree()
    before = figure(tree, "ocr_process_tree_cpu_seconds")
    worker = subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    running = figure(tree, "ocr_process_tree_cpu_seconds")
    memory = figure(tree, "ocr_process_tree_memory_bytes")
    assert running >= before + 0.2
    assert memory > psutil.Process().memory_info().rss
    worker.communicate()
    assert figure(tree, "ocr_process_tree_cpu_seconds") >= running


BURN = "import time\nwhile time.process_time() < 0.25: pass\nprint(flush=True)\ninput()"


def figure(tree: ProcessTree, name: str) -> float:
    """What the collector says now."""
    return next(metric.samples[0].value for metric in tree.collect() if metric.name == name)


ANNOUNCE = """
from {package} import metrics
metrics.announce({arguments})
metrics.pool(2)
from prometheus_client import generate_latest
print(generate_latest().decode())
"""


@pytest.mark.parametrize(("package", "arguments"), [("predictor", "engine='tesserocr'"), ("transformer", "")])
def test_a_service_announces_itself(package: str, arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ANNOUNCE.format(package=package, arguments=arguments)],
        env={**os.environ, "K_REVISION": f"ocr-{package}-00007"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("ocr_")]
    (build,) = [line for line in lines if line.startswith("ocr_build_info")]
    assert f'revision="ocr-{package}-00007"' in build
    assert f'service="{package}"' in build
    assert not [line for line in lines if "_created" in line]
    assert len(lines) < 700
