from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from kserve_ocr.protocol import layout, types
from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    OcrError,
    OverloadedError,
    PageCrashedError,
    PredictorUnreachableError,
    TimedOutError,
)
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from tests.transformer.pipeline.fake_predictor import FakePredictor, predictor_client
from tools.local_stack import free_port
from transformer.pipeline.predictor_client import PredictorClient

PAGE: types.Page = np.full((2, 3), 255, dtype=np.uint8)
Scenario = Callable[[PredictorClient, FakePredictor], Awaitable[None]]


def with_client(scenario: Scenario) -> None:
    async def main() -> None:
        async with predictor_client() as (client, fake):
            await scenario(client, fake)

    asyncio.run(main())


async def read(client: PredictorClient, *, seconds: float = 30.0, wants_layout: bool = False) -> RecognitionResult:
    deadline = asyncio.get_running_loop().time() + seconds
    options = RecognitionOptions(lang="deu", psm=6, oem=1, dpi=300)
    return await client.read(PAGE, options, wants_layout=wants_layout, deadline=deadline)


def refusal(status: int, code: str, **headers: str) -> web.Response:
    return web.json_response({"error": "do something else", "code": code}, status=status, headers=headers)


def outputs(**values: Any) -> web.Response:
    return web.json_response({"outputs": [{"name": name, "data": [value]} for name, value in values.items()]})


def test_a_page_is_sent_with_its_options_and_its_time() -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        await read(client)
        length = int(fake.requests[0].headers["Inference-Header-Content-Length"])
        header = json.loads(fake.bodies[0][:length])
        (tensor,) = header["inputs"]
        budget = tensor["parameters"].pop("budget_ms")
        assert 0 < budget <= 30_000
        assert tensor["parameters"] == {"binary_data_size": 6, "lang": "deu", "psm": 6, "oem": 1, "dpi": 300}
        assert (tensor["datatype"], tensor["shape"]) == ("UINT8", [2, 3])
        assert [output["name"] for output in header["outputs"]] == ["output-0", "confidence"]

    with_client(scenario)


def test_a_predictor_that_does_not_know_dark_ink_is_asked_without_it() -> None:
    refused = {"error": "unknown parameter 'ink'; use one of dpi, lang", "code": "invalid_parameter"}

    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [web.json_response(refused, status=400)]
        deadline = asyncio.get_running_loop().time() + 30
        found = await client.read(PAGE, RecognitionOptions(dark_ink=True), wants_layout=False, deadline=deadline)
        assert found.text == "read"
        assert [b'"ink":"dark"' in body for body in fake.bodies] == [True, False]

    with_client(scenario)


def test_a_layout_comes_when_it_is_asked_for() -> None:
    page = PageLayout(3, 2, ())
    words = json.dumps({"pages": [layout.to_json(page)]})

    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [outputs(**{"output-0": "read", "confidence": 0.25, "words": words})]
        assert await read(client, wants_layout=True) == RecognitionResult("read", 0.25, page)

    with_client(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        lambda: refusal(503, "overloaded", **{"Retry-After": "1"}),
        lambda: refusal(503, "starting"),
        lambda: refusal(503, "stopping"),
        lambda: web.Response(status=502, text="bad gateway"),
        lambda: web.Response(status=503, text="no healthy upstream"),
    ],
    ids=["broken connection", "overloaded", "starting", "stopping", "502 of a proxy", "503 of a proxy"],
)
def test_a_page_that_failed_on_the_way_is_sent_again(answer: Callable[[], web.Response] | None) -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [answer() if answer else None, answer() if answer else None]
        assert (await read(client)).text == "read"
        assert len(fake.requests) == 3
        assert len(set(fake.bodies[0][-6:])) == 1

    with_client(scenario)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_parameter", InvalidParameterError),
        (502, "page_crashed", PageCrashedError),
        (504, "timed_out", TimedOutError),
    ],
)
def test_what_another_try_would_not_mend_is_told_at_once(status: int, code: str, kind: type[OcrError]) -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [refusal(status, code)]
        with pytest.raises(kind, match="do something else"):
            await read(client)
        assert len(fake.requests) == 1

    with_client(scenario)


def test_the_last_reason_is_told_when_the_time_is_over() -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [refusal(503, "overloaded", **{"Retry-After": "9"}) for _ in range(50)]
        with pytest.raises(OverloadedError) as told:
            await read(client, seconds=0.4)
        assert told.value.retry_after == 9
        assert len(fake.requests) > 1

    with_client(scenario)


def test_nobody_there() -> None:
    async def main() -> None:
        client = PredictorClient(f"http://127.0.0.1:{free_port()}", model_name="ocr-model")
        client.open()
        try:
            with pytest.raises(PredictorUnreachableError, match="predictor"):
                await read(client, seconds=0.3)
            assert await client.metadata(seconds=1) is None
        finally:
            await client.close()

    asyncio.run(main())


def test_no_time_left() -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        with pytest.raises(TimedOutError, match="budget"):
            await read(client, seconds=0)
        assert not fake.requests

    with_client(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(text="<html>"),
        lambda: web.json_response({}),
        lambda: web.json_response({"outputs": [{"name": "output-0", "data": []}]}),
        lambda: outputs(**{"output-0": "read", "confidence": "high"}),
        lambda: outputs(**{"output-0": "read", "confidence": 0.5, "words": "{}"}),
    ],
)
def test_an_answer_that_cannot_be_understood(answer: Callable[[], web.Response]) -> None:
    async def scenario(client: PredictorClient, fake: FakePredictor) -> None:
        fake.answers = [answer()]
        with pytest.raises(PageCrashedError, match="cannot be understood"):
            await read(client)

    with_client(scenario)
