from __future__ import annotations

from benchmarks import startup

LOG = """import time: self [us] | cumulative | imported package
import time:       500 |        500 |   numpy.core
import time:      1500 |       2000 | numpy
{"level":"info","message":"ready"}
import time:       250 |        250 | predictor.model
"""


def test_imports_are_summed_by_package() -> None:
    assert startup.imports(LOG) == startup.Imports({"numpy": 2.0, "predictor": 0.25}, 2.25)
