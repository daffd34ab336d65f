"""A second client of a server under attack: probes it and has a line of text recognized, again and again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx

from tests.support.drawn_pages import LINE
from tests.support.http_calls import GATEWAY, GOOD
from tools.local_stack import Endpoint

_ALLOWANCE = 3.0 if "PYTEST_XDIST_WORKER" in os.environ else 1.0
"""Other tests that run on the same CPUs are not what is measured."""
PROBE_SECONDS = 1.0 * _ALLOWANCE
"""Within which a probe must be answered, as Kubernetes wants it ..."""
LINE_SECONDS = 5.0 * _ALLOWANCE
"""... and a line of text recognized."""
_PAUSE_SECONDS = 0.1


@dataclass
class SecondClient:
    """What the second client has seen so far."""

    probes: int = 0
    lines: int = 0
    failures: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def repeat(self, call: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                call()
            except (httpx.HTTPError, AssertionError) as error:
                self.failures.append(f"after {time.monotonic() - began:.1f} s: {error!r}")
            time.sleep(_PAUSE_SECONDS)

    def probe(self, server: Endpoint) -> None:
        answer = httpx.get(f"{server.url}/v2/health/live", timeout=PROBE_SECONDS)
        assert answer.status_code == 200, answer.text
        self.probes += 1

    def line(self, server: Endpoint) -> None:
        answer = httpx.post(
            server.url + GATEWAY, content=GOOD, headers={"Accept": "text/plain"}, timeout=httpx.Timeout(LINE_SECONDS)
        )
        assert answer.text.strip() == LINE, answer.text
        self.lines += 1


@contextmanager
def always_served(server: Endpoint, *others: Endpoint) -> Iterator[SecondClient]:
    """Fails at the end of the block if a probe of any server, or a line sent to ``server``, was not answered."""
    client = SecondClient()
    calls = [partial(client.line, server), *(partial(client.probe, probed) for probed in (server, *others))]
    with _repeated(client, calls):
        yield client
    assert client.lines


@contextmanager
def always_probed(*servers: Endpoint) -> Iterator[SecondClient]:
    """Fails at the end of the block if a probe of any server was not answered."""
    client = SecondClient()
    with _repeated(client, [partial(client.probe, server) for server in servers]):
        yield client


@contextmanager
def _repeated(client: SecondClient, calls: Sequence[Callable[[], None]]) -> Iterator[None]:
    threads = [threading.Thread(target=client.repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        client.stopping.set()
        for thread in threads:
            thread.join()
    assert not client.failures, client.failures
    assert client.probes
