"""The KServe pieces that both services build on, each with the SDK's traps taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve import Model


class OcrModel(Model):
    """A KServe model that becomes ready when :meth:`open` has returned, and says what it takes and gives."""

    async def open(self) -> None:
        """Bring up what the model needs; it is ready afterwards. Raises OcrError or OSError with a message."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of everything that :meth:`open` brought up. Safe to call at any time, more than once."""
        raise NotImplementedError

    async def describe(self) -> Mapping[str, Any]:
        """What clients may choose from, for the model's metadata: languages, parameters, outputs."""
        raise NotImplementedError

    def load(self) -> bool:
        """KServe calls this on a model that is not ready; being asked does not make ours ready."""
        return bool(self.ready)

    def start(self) -> None:
        """KServe calls this at registration and would set ``ready``; only :meth:`open` may."""

    def validate(self, payload: Any) -> Any:
        """KServe looks for V1 and V2 keys in the payload; ours is checked where it is parsed."""
        return payload
