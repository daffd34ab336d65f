from __future__ import annotations

from benchmarks import sandbox_cost


def test_the_report_is_of_the_medians_of_all_rounds() -> None:
    line, kept = sandbox_cost.report([[1.0, 1.01, 9.0], [1.02, 1.03, 0.1]])
    assert line.startswith("CPU time with the sandbox to without: 1.0150, standard error 0.0050")
    assert kept
    assert not sandbox_cost.report([[1.03]])[1]
