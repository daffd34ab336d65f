"""Who may call: API keys over HTTP and gRPC, with quotas for each. Off unless a file of keys is configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kserve_ocr.observability import access_log, metrics
from kserve_ocr.protocol.errors import QuotaExceededError, UnauthorizedError
from kserve_ocr.serving.access.keys import ApiKey, KeysFile
from kserve_ocr.serving.connection.http_protocol import PROBE_PATHS
from kserve_ocr.workers.fair_queue import CLIENT

_BEARER: Final = "bearer "

REQUESTS = Counter("ocr_api_key_requests", "Requests by API key and outcome.", ("key", "outcome"))
PAGES = Counter("ocr_api_key_pages", "Pages read by API key.", ("key",))


class AccessControl:
    """The keys that may call."""

    def __init__(self, keys: KeysFile) -> None:
        self._keys = keys

    @contextmanager
    def admit(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Let a request in for the block and charge its pages.

        Raises UnauthorizedError without a valid key, QuotaExceededError if the key has used up what it may.
        """
        key = self._identify(headers)
        access_log.add_fields(key=key.name)
        wait = max(key.requests.wait(), key.pages.wait())
        if wait:
            REQUESTS.labels(key.name, "quota_exceeded").inc()
            raise QuotaExceededError(
                f"the key has used its requests or pages for now; try again in {wait} s", retry_after=wait
            )
        key.requests.use()
        REQUESTS.labels(key.name, "admitted").inc()
        CLIENT.set(f"key {key.name}")
        with metrics.charge_pages(_charge(key)):
            yield

    def _identify(self, headers: Mapping[str, str]) -> ApiKey:
        authorization = str(headers.get("authorization", ""))
        bearer = authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else ""
        secret = str(headers.get("x-api-key", "")).strip() or bearer.strip()
        key = self._keys.find(secret) if secret else None
        if key is None:
            REQUESTS.labels("", "unauthorized").inc()
            raise UnauthorizedError(
                "the API key is not valid; check it or ask the operator for another one"
                if secret
                else "an API key is needed; send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'"
            )
        return key


def _charge(key: ApiKey) -> Callable[[int], None]:
    def charge(pages: int) -> None:
        key.pages.use(pages)
        PAGES.labels(key.name).inc(pages)

    return charge


class AccessMiddleware:
    """ASGI middleware that admits requests; probes and metrics are open."""

    def __init__(self, app: ASGIApp, access: AccessControl) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        with self._access.admit(Headers(scope=scope)):
            await self._app(scope, receive, send)
