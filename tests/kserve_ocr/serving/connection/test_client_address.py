from __future__ import annotations

import pytest

from kserve_ocr.serving.connection.client_address import TrustedProxies
from kserve_ocr.settings import parse_networks


def client(proxies: str, peer: str, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return TrustedProxies(proxies).client_of({"type": "http", "client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "expected"),
    [
        ("", "10.0.0.1", ["1.2.3.4"], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", ["6.6.6.6, nonsense"], "10.0.0.1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.0/8", "5.5.5.5", ["1.2.3.4"], "5.5.5.5"),
        ("::1, 10.0.0.1", "::1", ["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_client_behind_proxies(proxies: str, peer: str, forwarded: list[str], expected: str) -> None:
    assert client(proxies, peer, *forwarded) == expected


def test_proxies_that_are_no_addresses() -> None:
    with pytest.raises(ValueError, match=r"such as 10\.0\.0\.0/8"):
        parse_networks("10.0.0.0/8, gateway")
