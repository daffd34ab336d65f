from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.workers.fair_queue import FairQueue


def test_a_client_without_a_running_job_comes_before_those_that_have_one() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.started("greedy")
    for waiter, client in (("g1", "greedy"), ("g2", "greedy"), ("m1", "modest"), ("n1", "new")):
        queue.add(waiter, client)

    assert queue.pop() == "m1"
    queue.started("modest")
    assert queue.pop() == "n1"
    queue.finished("greedy")
    assert queue.pop() == "g1"


def test_what_left_is_not_served() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.add("a", "x")
    queue.add("b", "x")
    queue.remove("a")
    queue.remove("never there")

    assert queue.pop() == "b"
    assert not queue


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_one_client_s_jobs_keep_their_order_and_none_is_lost(clients: list[str]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, client in enumerate(clients):
        queue.add((client, number), client)

    served = []
    while queue:
        served.append(queue.pop())
        queue.started(served[-1][0])

    assert sorted(served) == sorted((client, number) for number, client in enumerate(clients))
    for client in "abc":
        assert [number for name, number in served if name == client] == [
            number for number, name in enumerate(clients) if name == client
        ]
