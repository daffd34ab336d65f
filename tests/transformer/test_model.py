from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.observability import metrics
from kserve_ocr.protocol.errors import InvalidParameterError, PageCrashedError, UnsupportedDocumentError
from tests.support.drawn_pages import b64, draw_line, encode, encode_frames
from tests.transformer.pipeline.fake_predictor import FakePredictor, fake_predictor
from transformer.model import TransformerModel
from transformer.settings import TransformerSettings

SETTINGS = TransformerSettings(
    decode_workers=1, request_seconds=20, request_pages_in_flight=2, second_look="none", orient="none"
)
PAGE = encode(draw_line())

Scenario = Callable[[TransformerModel, FakePredictor], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True, scope="module")
def declared() -> None:
    metrics.declare_stages("decode", "preprocess", "network", "order", "format", "merge")


def with_model(scenario: Scenario) -> None:
    async def main() -> None:
        async with fake_predictor() as (url, fake):
            model = TransformerModel("ocr-model", SETTINGS, predictor_url=url)
            await model.open()
            model.ready = True
            try:
                await scenario(model, fake)
            finally:
                await model.close()

    asyncio.run(main())


async def read(
    model: TransformerModel, *documents: bytes, outputs: tuple[str, ...] = ("text",)
) -> dict[str, list[Any]]:
    tensor = InferInput("input-0", [len(documents)], "BYTES", data=[b64(found) for found in documents], parameters={})
    asked = [RequestedOutput(name) for name in outputs]
    answer, _ = await model(InferRequest("ocr-model", [tensor], request_outputs=asked))
    assert isinstance(answer, InferResponse)
    return {output.name: output.data for output in answer.outputs}


def page_answer(text: str, *, status: int = 200, code: str = "") -> web.Response:
    if status != 200:
        return web.json_response({"error": text, "code": code}, status=status)
    outputs = [{"name": "output-0", "data": [text]}, {"name": "confidence", "data": [0.5]}]
    return web.json_response({"outputs": outputs})


def test_every_page_is_a_request_of_its_own() -> None:
    async def scenario(model: TransformerModel, fake: FakePredictor) -> None:
        found = await read(model, encode_frames([draw_line()] * 3), PAGE, outputs=("text", "pages"))
        assert found == {"text": ["read\fread\fread", "read"], "pages": [3, 1]}
        assert len(fake.requests) == 4

    with_model(scenario)


def test_errors_say_which_document_and_page_they_are_about() -> None:
    async def scenario(model: TransformerModel, fake: FakePredictor) -> None:
        with pytest.raises(UnsupportedDocumentError, match=r"^document 2: "):
            await read(model, PAGE, b"Dear Sir or Madam")
        fake.answers = [page_answer("it crashed", status=502, code="page_crashed")]
        with pytest.raises(PageCrashedError, match=r"^page 1: it crashed"):
            await read(model, PAGE)
        fake.answers = [page_answer("no such language", status=400, code="invalid_parameter")]
        with pytest.raises(InvalidParameterError, match=r"^no such language"):
            await read(model, PAGE)
        assert await read(model, PAGE) == {"text": ["read"]}

    with_model(scenario)


def test_languages_are_asked_for_once_and_only_when_somebody_wants_to_know() -> None:
    async def scenario(model: TransformerModel, fake: FakePredictor) -> None:
        fake.languages = ["eng", "tlh"]
        assert (await model.describe())["languages"] == ["eng", "tlh"]
        fake.languages = []
        assert (await model.describe())["languages"] == ["eng", "tlh"]
        assert fake.probes.count("/v2/models/ocr-model") == 1

    with_model(scenario)


def test_it_can_be_closed_whenever() -> None:
    async def scenario() -> None:
        model = TransformerModel("ocr-model", SETTINGS, predictor_url="http://127.0.0.1:9")
        await model.close()
        await model.open()
        await model.close()
        await model.close()

    asyncio.run(scenario())
