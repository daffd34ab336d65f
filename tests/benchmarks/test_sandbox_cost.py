from __future__ import annotations

import os

import pytest

from benchmarks import sandbox_cost
from benchmarks.common.servers import Running
from tools.local_stack import Service


@pytest.mark.long
def test_each_pair_of_runs_gives_a_ratio(service: Service) -> None:
    processes = (os.getpid(), service.transformer.process.pid, service.predictor.process.pid)
    one = Running(f"{service.url}/gateway/ocr", processes, ())
    other = Running(f"{service.url}/gateway/ocr?preprocess=none", processes, ())
    ratios = sandbox_cost.measure(one, other, pairs=2, lines=8)
    assert len(ratios) == 2
    assert all(0.01 < ratio < 100 for ratio in ratios)


def test_the_report_is_of_the_medians_of_all_rounds() -> None:
    line, kept = sandbox_cost.report([[1.0, 1.01, 9.0], [1.02, 1.03, 0.1]])
    assert line.startswith("CPU time with the sandbox to without: 1.0150, standard error 0.0050")
    assert kept
    assert not sandbox_cost.report([[1.03]])[1]
