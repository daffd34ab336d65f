from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sharing
from predictor.engines import Page
from protocol.parameters import ReadingOptions
from tests.pages import PARAGRAPH, draw_page


def test_tells_what_shares_make_of_each_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pages(_: Path | None) -> Iterator[tuple[str, Page, ReadingOptions]]:
        page = np.asarray(draw_page(PARAGRAPH).convert("L"))
        yield "small", page, ReadingOptions()
        yield "large", np.pad(page, ((0, 1_000_000 // page.shape[1]), (0, 0)), constant_values=255), ReadingOptions()

    monkeypatch.setattr(sharing, "pages", pages)
    monkeypatch.setattr("sys.argv", ["sharing"])
    assert sharing.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "small: too small to be shared"
    assert told[1].startswith("large: ")
    assert told[1].endswith(", the same")
    assert told[2].startswith("1 readings in 2 shares: 1 the same")


def test_drawn_pages_need_no_folder() -> None:
    name, page, options = next(sharing.pages(None))
    assert (name, page.shape, options.dpi) == ("drawn page-0", (3508, 2480), 300)
