"""Base class of both models, with workarounds for behavior of KServe's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from kserve import InferRequest, InferResponse, Model


class OcrModel(Model):
    """A KServe model that becomes ready when :meth:`open` has returned, and describes its inputs and outputs."""

    async def open(self) -> None:
        """Start what the model needs; it is ready afterwards. Raises OcrError or OSError with a message."""
        raise NotImplementedError

    async def close(self) -> None:
        """Release everything that :meth:`open` started. May be called at any time and more than once."""
        raise NotImplementedError

    async def describe(self) -> Mapping[str, Any]:
        """Languages, parameters and outputs for the model's metadata."""
        raise NotImplementedError

    async def stream(
        self, inference: InferRequest, *, headers: Mapping[str, str]
    ) -> AsyncGenerator[InferResponse, None]:
        """The responses to a request one by one; here all of it at once."""
        result, _ = await self(inference, headers=headers)
        yield result

    def load(self) -> bool:
        """KServe calls this on a model that is not ready; this model becomes ready only when its pool has started."""
        return bool(self.ready)

    def start(self) -> None:
        """KServe calls this at registration and would set ``ready``; here only :meth:`open` leads to it."""

    def validate(self, payload: Any) -> Any:
        """KServe checks for V1 and V2 keys here; this payload is checked where it is parsed."""
        return payload
