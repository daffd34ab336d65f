"""The address of a client, behind proxies that the operator trusts as well."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

from kserve_ocr.settings import parse_networks

_FORWARDED = b"x-forwarded-for"


class TrustedProxies:
    """Proxies whose ``X-Forwarded-For`` is believed."""

    def __init__(self, networks: str) -> None:
        self._networks = parse_networks(networks)

    def client_of(self, scope: Scope) -> str:
        """The address that is not a trusted proxy's and nearest to this server; empty if it is not known.

        A client can write anything into the header, so it is read from its end, where trusted proxies add to it.
        """
        peer = scope.get("client")
        # A socket for both protocols shows IPv4 as ::ffff:10.0.0.1 (RFC 4291, 2.5.5.2).
        address = str(peer[0]).removeprefix("::ffff:") if peer else ""
        if not self._networks or not self._trusts(address):
            return address
        forwarded = b",".join(value for name, value in scope["headers"] if name == _FORWARDED).decode("latin-1")
        for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            if not _is_address(hop):
                break
            address = hop
            if not self._trusts(hop):
                break
        return address

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
