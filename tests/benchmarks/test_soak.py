from __future__ import annotations

from collections import Counter
from dataclasses import replace

from benchmarks import soak

HELD = soak.Holding(resident=1000, proportional=800, processes=8, zombies=0, files=50)


def judge(last: soak.Holding, wrong: Counter[str] | None = None, left: tuple[str, ...] = ()) -> list[str]:
    return soak.judge([HELD, last], wrong or Counter(), left)


def test_batches_have_every_page_once() -> None:
    pages = [sum(document.pages for document in batch) for batch in soak.batches(1200)]
    assert pages == [500, 500, 200]


def test_nothing_to_complain_about() -> None:
    assert judge(replace(HELD, resident=1049)) == []


def test_what_is_wrong_is_said() -> None:
    assert judge(replace(HELD, resident=1051)) == [
        "resident memory changed by +5.1% from the first 500 pages to the end"
    ]
    assert judge(replace(HELD, zombies=1)) == ["there were zombies"]
    assert judge(replace(HELD, processes=9)) == ["9 processes at the end, 8 after the first 500 pages"]
    assert judge(replace(HELD, files=60)) == ["60 open files at the end, 50 after the first 500 pages"]
    assert judge(HELD, Counter({"line: 500": 2})) == ["2 wrong answers, line: 500"]
    assert judge(HELD, left=("/tmp/x",)) == ["left behind: /tmp/x"]
