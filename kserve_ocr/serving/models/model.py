"""Base class of both models, with workarounds for behavior of KServe's SDK."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from kserve import InferRequest, InferResponse, Model
from kserve.metrics import POST_HIST_TIME, PRE_HIST_TIME, PREDICT_HIST_TIME
from kserve.model import InferenceVerb
from prometheus_client import Histogram

T = TypeVar("T")


async def _timed(seconds: Histogram, step: Awaitable[T]) -> T:
    """What a step returns, its seconds observed whether it fails or not."""
    began = time.perf_counter()
    try:
        return await step
    finally:
        seconds.observe(time.perf_counter() - began)


class OcrModel(Model):
    """A KServe model that becomes ready when :meth:`open` has returned, and describes its inputs and outputs."""

    async def open(self) -> None:
        """Start what the model needs; it is ready afterwards. Raises OcrError or OSError with a message."""
        raise NotImplementedError

    async def close(self) -> None:
        """Release everything that :meth:`open` started. May be called at any time and more than once."""
        raise NotImplementedError

    async def __call__(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        verb: InferenceVerb = InferenceVerb.PREDICT,
    ) -> tuple[Any, dict[str, str]]:
        """KServe's steps and its metrics of them. Its own method asks six times a request what is a coroutine, and
        three times for the series of this model: 3 % of the transformer's time for a text line.
        """
        payload = await _timed(self._seconds[0], self.preprocess(body, headers))
        result = await _timed(self._seconds[1], self.predict(payload, headers))
        return await _timed(self._seconds[2], self.postprocess(result, headers)), {}

    @cached_property
    def _seconds(self) -> tuple[Histogram, Histogram, Histogram]:
        """Of the three steps, each with a series that appears with the first request."""
        before, during, after = (
            histogram.labels(model_name=self.name) for histogram in (PRE_HIST_TIME, PREDICT_HIST_TIME, POST_HIST_TIME)
        )
        return before, during, after

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
