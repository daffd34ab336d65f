"""As much as the limits allow, at once: a pod's memory must hold it. Only for containers, whose memory is limited."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import orjson
import pytest
from PIL import Image

from tests.attacks.target import Target
from tests.support.http_calls import GATEWAY, INFER, TIMEOUT, assert_reads
from tests.support.second_client import always_probed, always_served
from tools.local_stack import Endpoint

_MIB = 1 << 20
_CUT_OFF = 0
"""No status: a client that sends all of a refused body before it reads may not see the answer."""
_REFUSED = {_CUT_OFF, 413, 415, 422, 503, 504}


def send_together(url: str, body: bytes, *, times: int, addresses: int) -> set[int]:
    """Send one body so often side by side, from these many addresses by turns; the statuses."""

    def send(number: int) -> int:
        address = f"127.0.0.{2 + number % addresses}"
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=3 * TIMEOUT) as client:
            try:
                return client.post(url, content=body).status_code
            except (httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
                return _CUT_OFF

    with ThreadPoolExecutor(times) as senders:
        return set(senders.map(send, range(times)))


@pytest.fixture(scope="module")
def json_body() -> bytes:
    """A V2 request of 59 MiB, whose document has the start of an image and nothing more."""
    document = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(44 * _MIB)).decode()
    return orjson.dumps({"inputs": [{"name": "input-0", "datatype": "BYTES", "shape": [1], "data": [document]}]})


@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_many_large_documents_in_json(attacked: Target, role: str, json_body: bytes) -> None:
    server: Endpoint = getattr(attacked, role)
    with always_served(attacked.transformer, attacked.predictor):
        assert send_together(server.url + INFER, json_body, times=16, addresses=1) <= _REFUSED


@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_many_large_documents_in_json_from_everywhere(attacked: Target, role: str, json_body: bytes) -> None:
    server: Endpoint = getattr(attacked, role)
    with always_probed(attacked.transformer, attacked.predictor):
        assert send_together(server.url + INFER, json_body, times=24, addresses=8) <= _REFUSED
    assert_reads(attacked.transformer)


def test_many_large_files_from_everywhere(attacked: Target) -> None:
    body = b"\x89PNG\r\n\x1a\n" + bytes(49 * _MIB)
    with always_probed(attacked.transformer, attacked.predictor):
        assert send_together(attacked.url + GATEWAY, body, times=24, addresses=8) <= _REFUSED
    assert_reads(attacked.transformer)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_pages_of_as_many_pixels_as_are_allowed(attacked: Target, kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), "white").save(out, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    with always_probed(attacked.transformer, attacked.predictor):
        assert send_together(attacked.url + GATEWAY, out.getvalue(), times=4, addresses=4) <= {200, *_REFUSED}
    assert_reads(attacked.transformer)
