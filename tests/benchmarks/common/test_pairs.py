from __future__ import annotations

import os

import pytest

from benchmarks.common import pairs
from benchmarks.common.servers import Running
from tools.local_stack import Service


@pytest.mark.long
def test_each_pair_of_runs_gives_what_both_used(service: Service) -> None:
    processes = (os.getpid(), service.transformer.process.pid, service.predictor.process.pid)
    one = Running(f"{service.url}/gateway/ocr", processes, ())
    other = Running(f"{service.url}/gateway/ocr?preprocess=none", processes, ())
    used = pairs.measure(one, other, pairs=2, lines=8)
    assert len(used) == 2
    assert all(0 < run.servers < run.total for pair in used for run in pair)


def test_the_ratio_is_the_mean_of_the_medians_of_starts() -> None:
    found = pairs.ratio([[1.0, 1.01, 9.0], [1.02, 1.03, 0.1]])
    assert found.mean == pytest.approx(1.015)
    assert found.error == pytest.approx(0.005)
    assert pairs.ratio([[1.03]]).error == 0.0
