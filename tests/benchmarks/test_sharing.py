from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sharing
from predictor.engines import Page, dividing
from protocol.parameters import ReadingOptions
from tests.pages import PARAGRAPH, draw_page


def test_tells_what_sharing_makes_of_each_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pages(_: Path | None) -> Iterator[tuple[str, Page, ReadingOptions]]:
        page = np.asarray(draw_page(PARAGRAPH).convert("L"))
        yield "small", page, ReadingOptions()
        apart = np.pad(page, ((0, 200), (0, 0)), constant_values=255)
        yield "large", np.tile(apart, (1 + 1_000_000 // apart.size, 1)), ReadingOptions()

    monkeypatch.setattr(sharing, "pages", pages)
    monkeypatch.setattr(dividing, "_WORTH_HELP", 1)
    monkeypatch.setattr("sys.argv", ["sharing"])
    monkeypatch.setenv("PROCESSES", "2")
    monkeypatch.setenv("ROUNDS", "1")
    assert sharing.main() == 0
    small, large, *summary = capsys.readouterr().out.splitlines()
    assert small.startswith("small: not shared: ")
    assert large.startswith("large: ")
    assert " of " in large
    assert large.endswith(", the same")
    assert summary[0] == "2 readings: 2 the same, 1 shared by up to 2 processes"
    assert summary[1].startswith("those took ")


def test_drawn_pages_need_no_folder() -> None:
    name, page, options = next(sharing.pages(None))
    assert (name, page.shape, options.dpi) == ("drawn page-0", (3508, 2480), 300)
