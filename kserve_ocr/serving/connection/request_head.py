"""Request heads of real clients made such that the HTTP parser takes them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote_from_bytes

_HEAD_END: Final = b"\r\n\r\n"
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:[^\r\n]*", re.IGNORECASE)
_ASCII: Final = "".join(map(chr, range(0x21, 0x7F)))


def acceptable(data: bytes) -> bytes:
    """The first bytes of a request, with its head changed in two ways where it has to be.

    ``Upgrade`` is left out: a server may ignore it (RFC 9110, 7.8), and curl sends it with every request that may use
    HTTP/2, but the parser would take the body for another protocol. Bytes beyond ASCII in the address are encoded, as
    browsers do: curl sends them as they were typed.
    """
    head, end, body = data.partition(_HEAD_END)
    if head.isascii() and b"pgrade" not in head and b"PGRADE" not in head:
        return data
    line, mark, fields = head.partition(b"\r\n")
    if not line.isascii():
        line = b" ".join(ascii_address(part) for part in line.split(b" "))
    return line + _UPGRADE.sub(b"", mark + fields) + end + body


def ascii_address(address: bytes) -> bytes:
    """An address with its bytes beyond ASCII, and its spaces, encoded by per cent signs."""
    return quote_from_bytes(address, safe=_ASCII).encode()
