from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.workers.fair_queue import FairQueue


def test_a_client_without_a_running_job_comes_before_those_that_have_one() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.started("greedy")
    for waiter, client in (("g1", "greedy"), ("g2", "greedy"), ("m1", "modest"), ("n1", "new")):
        queue.add(waiter, client)

    assert queue.start_next() == ("m1", "modest")
    assert queue.start_next() == ("n1", "new")
    queue.finished("greedy")
    assert queue.start_next() == ("g1", "greedy")


def test_what_left_is_not_served() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.add("a", "x")
    queue.add("b", "x")
    queue.remove("a")
    queue.remove("never there")

    assert queue.start_next() == ("b", "x")
    assert not queue


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_one_client_s_jobs_keep_their_order_and_none_is_lost(clients: list[str]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, client in enumerate(clients):
        queue.add((client, number), client)

    served = []
    while (found := queue.start_next()) is not None:
        served.append(found[0])

    assert sorted(served) == sorted((client, number) for number, client in enumerate(clients))
    for client in "abc":
        assert [number for name, number in served if name == client] == [
            number for number, name in enumerate(clients) if name == client
        ]


def test_a_client_has_its_share_and_no_more() -> None:
    queue: FairQueue[str] = FairQueue(share=2)
    for waiter, client in (("g1", "greedy"), ("g2", "greedy"), ("g3", "greedy"), ("n1", "new")):
        queue.add(waiter, client)

    assert [queue.start_next() for _ in range(4)] == [("g1", "greedy"), ("n1", "new"), ("g2", "greedy"), None]
    assert not queue.may_start("greedy")
    queue.finished("greedy")
    assert queue.start_next() == ("g3", "greedy")
