"""The KServe pieces that both services build on, each with the SDK's traps taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from protocol import names, tensors
from protocol.errors import MalformedRequestError, RouteNotFoundError, StartingError


class OcrModel(Model):
    """A KServe model that becomes ready when :meth:`open` has returned, and says what it takes and gives."""

    async def open(self) -> None:
        """Bring up what the model needs; it is ready afterwards. Raises OcrError or OSError with a sentence."""
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


class OcrDataPlane(DataPlane):
    """KServe's data plane with zero-copy tensors and readiness that waits for the model."""

    def decode_inference_request(self, body: Any, headers: Mapping[str, str], model_name: str) -> InferRequest:
        """The request in a V2 REST body. Raises MalformedRequestError."""
        return tensors.decode_request(body, json_length=json_length(headers), model_name=model_name)

    def ocr_model(self, name: str) -> OcrModel:
        """The ready model of that name. Raises kserve's ModelNotFound, or StartingError."""
        model = self.get_model_from_registry(name)
        assert isinstance(model, OcrModel)
        if not model.ready:
            raise StartingError("the model is still loading; try again in a moment", retry_after=1)
        return model

    async def get_model(self, name: str) -> OcrModel:
        return self.ocr_model(name)

    def metadata(self) -> dict[str, Any]:
        """KServe's, with the extensions that are really here: models are not loaded or unloaded over the network."""
        return {**super().metadata(), "extensions": ["binary_tensor_data"]}

    async def ready(self) -> bool:
        """True once every model is; KServe's own says True from the start."""
        models = self.model_registry.get_models().values()
        return bool(models) and all(model.ready for model in models)


class ClosedRepository(ModelRepositoryExtension):
    """Loading and unloading models is nothing that whoever reaches the port may do."""

    async def load(self, model_name: str) -> Any:
        raise RouteNotFoundError("models cannot be loaded or unloaded over the network")

    async def unload(self, model_name: str) -> Any:
        raise RouteNotFoundError("models cannot be loaded or unloaded over the network")


def json_length(headers: Mapping[str, str]) -> int | None:
    """Bytes of the JSON part of a V2 body, None if all of it is JSON. Raises MalformedRequestError."""
    value = headers.get(names.JSON_LENGTH)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise MalformedRequestError("Inference-Header-Content-Length must be a whole number of bytes")
    return int(value)


def response(request: InferRequest, outputs: Mapping[str, tuple[str, list[Any]]]) -> InferResponse:
    """The answer to ``request`` from ``{name: (datatype, values)}``, each output of shape ``[N]``."""
    return InferResponse(
        response_id=request.id,
        model_name=request.model_name,
        infer_outputs=[
            InferOutput(name=name, shape=[len(values)], datatype=datatype, data=values)
            for name, (datatype, values) in outputs.items()
        ],
        requested_outputs=request.request_outputs,
        use_binary_outputs=bool(request.use_binary_outputs),
    )


def output_types(outputs: Mapping[str, str]) -> list[dict[str, Any]]:
    """The outputs of a model's metadata, from datatypes by name; each is of shape ``[N]``, an alias goes unsaid."""
    return [
        {"name": name, "datatype": datatype, "shape": [-1]}
        for name, datatype in outputs.items()
        if name != names.TEXT_ALIAS
    ]
