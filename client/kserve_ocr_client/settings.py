"""How a client connects: declared once for the blocking and the asynchronous client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import httpx

from kserve_ocr_client.retry import Retry
from kserve_ocr_client.version import VERSION

TIMEOUT_SECONDS: Final = 330.0
"""The service's own budget of a request, 300 s, and a little."""
_CONNECT_SECONDS: Final = 10.0


class ClientSettings(TypedDict, total=False):
    """Keyword arguments of both clients."""

    host: str | None
    """Host name to send, and to check the certificate against, for an ingress whose name is not in the DNS."""
    headers: Mapping[str, str]
    """Headers of every request, for example an Authorization."""
    timeout: float
    """Seconds for one attempt."""
    retry: Retry
    """When to send a request again."""
    verify: bool
    """Whether the certificate of an https address is checked."""


def http_arguments(url: str, settings: ClientSettings) -> dict[str, Any]:
    """Keyword arguments of ``httpx.Client`` and ``httpx.AsyncClient``."""
    timeout = settings.get("timeout", TIMEOUT_SECONDS)
    host = settings.get("host")
    headers = {"User-Agent": f"kserve-ocr-client/{VERSION}", **settings.get("headers", {})}
    return {
        "base_url": url if "://" in url else f"http://{url}",
        "headers": {**headers, "Host": host} if host else headers,
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
        "verify": settings.get("verify", True),
    }


def request_extensions(settings: ClientSettings) -> dict[str, Any]:
    """Extensions of every request: the name that TLS asks for."""
    host = settings.get("host")
    return {"sni_hostname": host.partition(":")[0]} if host else {}
