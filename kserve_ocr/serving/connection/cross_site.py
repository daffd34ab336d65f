"""Refuses what web pages of other sites send by the browsers of their visitors: a form needs no permission by CORS.

The rule (as in the resource isolation policy of Fetch Metadata, W3C): a request that may change something or costs
work has to come from a page of this service, from an origin that the CORS setting names, or from no page at all. Only
browsers say where a request comes from, so other clients are not affected.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kserve_ocr.protocol.errors import CrossSiteError

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SENT_BY_BROWSERS: Final = frozenset({b"origin", b"sec-fetch-site"})
_OWN_PAGES: Final = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site``; none: the user typed the address."""


class CrossSiteMiddleware:
    """Raises CrossSiteError for requests from pages of other sites. ``*`` among the origins allows all of them."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READS:
            sent = {name for name, _ in scope["headers"]}
            if not _SENT_BY_BROWSERS.isdisjoint(sent) and not is_allowed(Headers(scope=scope), self._origins):
                raise CrossSiteError(
                    "the request comes from a web page of another site; the operator can allow its origin with "
                    "OCR_CORS_ORIGINS"
                )
        await self._app(scope, receive, send)


def is_allowed(headers: Mapping[str, str], origins: Collection[str]) -> bool:
    """Whether a request with these headers comes from no other site's page, or from one of the origins.

    Browsers send ``Sec-Fetch-Site`` to addresses that are encrypted or local, and ``Origin`` to all. Proxies may change
    ``Host``; a page cannot set ``X-Forwarded-Host`` without permission.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if "*" in origins or origin in origins:
        return True
    if site is not None:
        return site in _OWN_PAGES
    if origin is None:
        return True
    return origin.partition("://")[2] in {headers.get("host"), headers.get("x-forwarded-host")} - {None, ""}
