from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
@pytest.mark.skipif("avx2" not in Path("/proc/cpuinfo").read_text().split(), reason="the processor has no AVX2")
def test_sanitizers_find_nothing_in_the_accelerated_functions() -> None:
    environment = {**os.environ, "SECONDS_TO_RUN": "2", "SEED": "5"}
    done = subprocess.run(
        [ROOT / "scripts" / "fuzz-native"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "rounds without a finding" in done.stdout
