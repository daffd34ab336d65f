"""Subclasses of KServe's data plane and repository, with workarounds for SDK behavior."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kserve import InferRequest, ModelRepository
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from kserve_ocr.protocol import v2_request
from kserve_ocr.protocol.errors import RouteNotFoundError, StartingError
from kserve_ocr.protocol.v2_request import json_length
from kserve_ocr.serving.models.model import OcrModel

_EXTENSIONS: Final = ("binary_tensor_data", "model_configuration", "parameters", "statistics")
"""Of the V2 protocol, by the names that Triton gives them."""


class OcrDataPlane(DataPlane):
    """KServe's data plane with zero-copy tensors and readiness that waits for the model."""

    def __init__(self, model_registry: ModelRepository, aliases: Iterable[str] = ()) -> None:
        """``aliases`` are further names of the one model."""
        super().__init__(model_registry=model_registry)
        self._aliases = frozenset(aliases)

    def get_model_from_registry(self, name: str) -> OcrModel:
        """The model of that name or alias. Raises kserve's ModelNotFound."""
        if name in self._aliases:
            (name,) = self.model_registry.get_models()
        model = super().get_model_from_registry(name)
        assert isinstance(model, OcrModel)
        return model

    async def model_ready(self, model_name: str, disable_predictor_health_check: bool = False) -> bool:
        """Whether the model of that name or alias is ready. Raises kserve's ModelNotFound."""
        model = self.get_model_from_registry(model_name)
        return bool(await super().model_ready(model.name, disable_predictor_health_check))

    def decode_inference_request(self, body: Any, headers: Mapping[str, str], model_name: str) -> InferRequest:
        """The request in a V2 REST body. Raises MalformedRequestError."""
        return v2_request.decode_request(body, json_length=json_length(headers), model_name=model_name)

    def ocr_model(self, name: str) -> OcrModel:
        """The ready model of that name. Raises kserve's ModelNotFound, or StartingError."""
        model = self.get_model_from_registry(name)
        if not model.ready:
            raise StartingError("the model is still loading; try again in a moment", retry_after=1)
        return model

    @property
    def only_model(self) -> OcrModel:
        """The model that is served, ready or not."""
        (model,) = self.model_registry.get_models().values()
        assert isinstance(model, OcrModel)
        return model

    async def get_model(self, name: str) -> OcrModel:
        return self.ocr_model(name)

    def metadata(self) -> dict[str, Any]:
        """KServe's, with the extensions that are really here: models are not loaded or unloaded over the network."""
        return {**super().metadata(), "extensions": list(_EXTENSIONS)}

    async def ready(self) -> bool:
        """Whether every model can take a request now; KServe's own returns True from the start."""
        models = self.model_registry.get_models().values()
        return bool(models) and all([await model.healthy() for model in models])


class ReadOnlyModelRepository(ModelRepositoryExtension):
    """Disables loading and unloading of models over the network."""

    async def load(self, model_name: str) -> Any:
        raise RouteNotFoundError("models cannot be loaded or unloaded over the network")

    async def unload(self, model_name: str) -> Any:
        raise RouteNotFoundError("models cannot be loaded or unloaded over the network")
