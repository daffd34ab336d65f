"""Documents of a few bytes that keep a decoder busy for as long as it may be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.attacks.target import Target, attack_target
from tests.support.fault_injection import busy
from tests.support.http_calls import GATEWAY, TIMEOUT, assert_refused, until
from tests.support.second_client import always_served


@pytest.fixture(scope="module")
def impatient(logs: Path) -> Iterator[Target]:
    """A decoder, beside the spare one, that gives up on a page after two seconds, as in the manifests' pods."""
    settings = {"OCR_DECODE_SECONDS": "2", "OCR_DECODE_WORKERS": "1"}
    with attack_target(logs=logs, transformer=settings) as target:
        yield target


def tiled_page() -> bytes:
    """A PDF whose page is filled with four thousand million tiles of a pattern."""
    fill, tile = b"/Pattern cs /P scn 0 0 600 600 re f", b"0 0 1 rg 0 0 1 1 re f"
    pattern = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.01/YStep 0.01/Resources<<>>"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 600]/Resources<</Pattern<</P 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(fill), fill),
        b"<<%s/Length %d>>stream\n%s\nendstream" % (pattern, len(tile), tile),
    )
    body = b"".join(b"%d 0 obj%s endobj\n" % (number, content) for number, content in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R>>\n"


@pytest.mark.long
def test_one_client_leaves_a_decoder_to_the_others(impatient: Target) -> None:
    def send(_: int) -> httpx.Response:
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=TIMEOUT) as client:
            return client.post(impatient.url + GATEWAY, content=tiled_page())

    with ThreadPoolExecutor(8) as senders:
        answers = [senders.submit(send, number) for number in range(8)]
        until(lambda: busy(impatient.transformer, "decode") >= 1, "a busy decoder")
        with always_served(impatient.transformer):
            for answer in answers:
                assert_refused(answer.result(), 504, "timed_out")
