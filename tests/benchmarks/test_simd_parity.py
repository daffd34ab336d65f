from __future__ import annotations

import numpy as np
import pytest

from benchmarks import simd_parity


def test_draws_the_same_pages_again() -> None:
    one, two = ([simd_parity.draw(np.random.default_rng(seed)) for seed in range(8)] for _ in range(2))
    assert all(np.array_equal(first, second) for first, second in zip(one, two, strict=True))
    assert {page.dtype for page in one} == {np.dtype(np.uint8)}
    assert len({page.shape for page in one}) == 8


@pytest.mark.long
def test_recognizes_them_equally(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SECONDS", "3")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    assert simd_parity.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("unmodified: none, accelerated: ")
    assert lines[-1].endswith(" words: 0 differ")
