"""API keys over gRPC."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from grpc_interceptor.server import AsyncServerInterceptor

from kserve_ocr.serving.access.control import AccessControl

_OPEN_CALLS: Final = frozenset({"ServerLive", "ServerReady", "ModelReady"})
"""gRPC calls of probes."""


class AccessInterceptor(AsyncServerInterceptor):
    """Admits calls by their metadata, as the middleware admits requests; probes are open."""

    def __init__(self, access: AccessControl) -> None:
        self._access = access

    async def intercept(self, method: Any, request_or_iterator: Any, context: Any, method_name: str) -> Any:
        """Admit a call before its message is received."""
        if method_name.rpartition("/")[2] in _OPEN_CALLS:
            return await method(request_or_iterator, context)
        metadata = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
        if method_name.endswith("ModelStreamInfer"):
            return self._stream(method, request_or_iterator, context, metadata)
        with self._access.admit(metadata):
            return await method(request_or_iterator, context)

    async def _stream(
        self, method: Any, requests: Any, context: Any, metadata: Mapping[str, str]
    ) -> AsyncGenerator[Any, None]:
        """A stream counts as one request, and every page of it is charged."""
        with self._access.admit(metadata):
            async for response in method(requests, context):
                yield response
