from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import chaos
from benchmarks.chaos import failures
from benchmarks.common import servers
from benchmarks.soak import Holding

HELD = Holding(resident=1000, proportional=800, processes=8, zombies=0, files=50)


@pytest.mark.servers
@pytest.mark.long
def test_killed_workers_leave_the_answers_right(logs: Path) -> None:
    answers: chaos.Answers = Counter()
    with servers.service(logs=logs) as service:
        sent = chaos.documents()[:3]

        async def run() -> Counter[str]:
            expected = await chaos.read_all(service.url, sent)
            sending = chaos.send(service.url, expected, sent, seconds=2, answers=answers)
            _, done = await asyncio.gather(sending, chaos.disturb(service.pids, seconds=1, seed=1))
            return done

        done = asyncio.run(run())
    assert answers["right"] > len(sent)
    assert failures(answers, HELD, HELD, []) == []
    assert done.total() >= 1


def test_what_is_not_as_it_should_be_is_named() -> None:
    answers = Counter({"right": 900, "wrong": 1, "500": 2, "502": 97})
    after = replace(HELD, zombies=1, processes=9, files=100)
    assert failures(answers, HELD, after, ["/tmp/x"]) == [
        "left behind: /tmp/x",
        "1 wrong answers",
        "2 times 500, which is not documented for a lost worker",
        "100 of 1000 answers were not right, over 5%",
        "1 zombies",
        "9 processes at the end, 8 before",
        "100 open files at the end, 50 before",
    ]
