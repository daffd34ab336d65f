from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.common.load import LoadError
from benchmarks.scrape_cost import scraped


@pytest.fixture
def address() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 503)
            self.end_headers()
            self.wfile.write(b"up 1\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_every_page_is_fetched_again_and_again_until_the_end(address: str) -> None:
    with scraped([f"{address}/metrics"] * 2, every=0.01) as sizes:
        while len(sizes) < 6:
            time.sleep(0.005)
    assert set(sizes) == {len("up 1\n")}
    assert len(sizes) % 2 == 0
    fetched = len(sizes)
    time.sleep(0.05)
    assert len(sizes) == fetched


def test_nobody_scrapes_nothing() -> None:
    with scraped([]) as sizes:
        pass
    assert sizes == []


def test_a_scrape_that_fails_is_told(address: str) -> None:
    with pytest.raises(LoadError, match="503"), scraped([f"{address}/elsewhere"]):
        time.sleep(0.2)
