from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.common.pairs import Used
from benchmarks.speed import line_cost


def test_the_report_compares_whole_lines_and_what_servers_add() -> None:
    here, older = Used(total=1100, servers=215), Used(total=1000, servers=200)
    text, kept = line_cost.report([{name: [(here, older)] for name in ("the same work", "as clients send it")}])
    assert "line, the same work: CPU time here to there 1.1000, standard error 0.0000" in text
    assert "added by the servers without their workers: 0.0150" in text
    assert kept


def test_servers_that_take_more_than_they_may_are_reported() -> None:
    used = Used(total=1000, servers=230), Used(total=1000, servers=200)
    text, kept = line_cost.report([{"the same work": [used], "as clients send it": [used]}])
    assert "NOT KEPT" in text
    assert not kept


def test_an_unknown_commit_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError), line_cost.checkout("0" * 40, tmp_path):
        pass
    assert not list(tmp_path.iterdir())
