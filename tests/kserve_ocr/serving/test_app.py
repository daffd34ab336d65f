"""The HTTP application around a model, called without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from kserve.model_repository import ModelRepository

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.serving.app import application
from kserve_ocr.serving.models.dataplane import OcrDataPlane
from kserve_ocr.serving.request_body import RequestBodyLimiter
from tests.kserve_ocr.serving.faulty_server import FaultyModel
from tests.support.drawn_pages import b64, v2_body
from tests.support.http_calls import INFER, PREDICT, assert_refused, text_of


def with_client(
    scenario: Callable[[httpx.AsyncClient, FaultyModel], Coroutine[Any, Any, None]], **options: Any
) -> None:
    """Run a scenario with a client of the application of an echoing model."""

    async def main() -> None:
        models = ModelRepository()
        model = FaultyModel("ocr-model")
        models.update(model)
        app = application(
            OcrDataPlane(model_registry=models), RequestBodyLimiter(limit=10_000, total=100_000), **options
        )
        model.ready = True
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            await scenario(client, model)

    asyncio.run(main())


def test_a_model_that_is_not_ready() -> None:
    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        model.ready = False
        for refusal in (
            await client.post(INFER, json=v2_body(b"answer")),
            await client.post(PREDICT, json={"instances": [b64(b"answer")]}),
            await client.get("/v2/health/ready"),
            await client.get("/v2/models/ocr-model/ready"),
        ):
            assert_refused(refusal, 503, "starting")
        assert (await client.get("/v2/health/live")).json() == {"live": True}
        model.ready = True
        assert text_of(await client.post(INFER, json=v2_body(b"answer"))) == "answer"

    with_client(scenario)


def test_kserve_asking_to_load_does_not_make_a_model_ready() -> None:
    model = FaultyModel("ocr-model")

    assert model.load() is False
    model.start()
    assert not model.ready


@pytest.mark.parametrize("path", [INFER, PREDICT])
def test_what_nobody_foresaw_is_told_in_our_shape(path: str) -> None:
    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        body = v2_body(b"raise") if path == INFER else {"instances": [b64(b"raise")]}
        assert "secret" not in assert_refused(await client.post(path, json=body), 500, "internal")

    with_client(scenario)


def test_errors_of_ours_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: FaultyModel, payload: Any, headers: Any = None) -> Any:
        raise InvalidParameterError("choose one of the others")

    monkeypatch.setattr(FaultyModel, "predict", refuse)

    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        refusal = await client.post(INFER, json=v2_body(b"answer"))
        assert assert_refused(refusal, 400, "invalid_parameter") == "choose one of the others"

    with_client(scenario)


def test_v1_gives_one_prediction_a_document() -> None:
    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        answer = await client.post(PREDICT, json={"instances": [{"image": {"b64": b64(b"answer")}}]})
        assert answer.json() == {"predictions": ["answer"]}

    with_client(scenario)


@pytest.mark.parametrize("docs", [False, True])
def test_interactive_documentation_is_a_choice(docs: bool) -> None:
    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        assert (await client.get("/docs")).status_code == (200 if docs else 404)
        assert "repository" not in (await client.get("/openapi.json")).text

    with_client(scenario, docs=docs)


def test_another_version_or_an_explainer_is_not_here() -> None:
    async def scenario(client: httpx.AsyncClient, model: FaultyModel) -> None:
        for path in ("/v2/models/ocr-model/versions/2/infer", "/v1/models/ocr-model:explain", "/v2/repository/index"):
            assert_refused(await client.post(path, json={}), 404, "not_found")

    with_client(scenario)
