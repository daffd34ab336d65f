from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from kserve import InferInput, InferRequest, InferResponse

from kserve_ocr.protocol.errors import StartingError, UnsupportedDocumentError
from predictor.acceleration import install
from predictor.model import PredictorModel
from predictor.settings import PredictorSettings
from tests.support.drawn_pages import LINE, b64
from tests.support.http_calls import GOOD

SETTINGS = PredictorSettings(workers=1)


def request(*documents: bytes) -> InferRequest:
    data = [b64(document) for document in documents]
    return InferRequest("m", [InferInput("input-0", [len(data)], "BYTES", data=data, parameters={})])


async def read(model: PredictorModel, *documents: bytes) -> list[str]:
    answer, _ = await model(request(*documents))
    assert isinstance(answer, InferResponse)
    return [text.strip() for text in answer.outputs[0].data]


def with_model(scenario: Callable[[PredictorModel], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        model = PredictorModel("m", SETTINGS)
        await model.open()
        model.ready = True
        try:
            await scenario(model)
        finally:
            await model.close()

    asyncio.run(main())


def test_pages_are_read_and_an_error_says_which_page_it_is_about() -> None:
    async def scenario(model: PredictorModel) -> None:
        assert await model.healthy()
        assert await read(model, GOOD) == [LINE]
        with pytest.raises(UnsupportedDocumentError, match=r"^page 2: "):
            await read(model, GOOD, b"Dear Sir or Madam")
        with pytest.raises(UnsupportedDocumentError, match=r"^this is not an image"):
            await read(model, b"Dear Sir or Madam")
        assert await read(model, GOOD, GOOD) == [LINE, LINE]

    with_model(scenario)


def test_metadata_tells_what_is_there() -> None:
    async def scenario(model: PredictorModel) -> None:
        told = await model.describe()
        assert {"eng", "osd"} <= set(told["languages"])
        assert (told["engine"], told["workers"], told["default_lang"]) == ("tesserocr", 1, "eng")
        assert told["simd"] == told["arithmetic"] == install.install().simd

    with_model(scenario)


def test_a_model_that_was_not_opened_reads_nothing_and_can_be_closed() -> None:
    async def scenario() -> None:
        model = PredictorModel("m", SETTINGS)
        assert not await model.healthy()
        with pytest.raises(StartingError):
            await read(model, GOOD)
        await model.close()
        await model.close()

    asyncio.run(scenario())
