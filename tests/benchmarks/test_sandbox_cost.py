from __future__ import annotations

import os

from benchmarks import sandbox_cost
from benchmarks.common.servers import Running
from tools.local_stack import Service


def test_each_pair_of_runs_gives_two_ratios(service: Service) -> None:
    processes = (os.getpid(), service.transformer.process.pid, service.predictor.process.pid)
    one = Running(f"{service.url}/gateway/ocr", processes, ())
    other = Running(f"{service.url}/gateway/ocr?preprocess=none", processes, ())
    cost = sandbox_cost.measure(one, other, pairs=2, lines=8)
    assert len(cost.seconds) == len(cost.cpu_seconds) == 2
    assert all(0.01 < ratio < 100 for ratio in (*cost.seconds, *cost.cpu_seconds))
