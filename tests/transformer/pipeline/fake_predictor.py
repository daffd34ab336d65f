"""A predictor that answers as told, in the test's own event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from transformer.pipeline.predictor_client import PredictorClient


class FakePredictor:
    """Answers pages as told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.probes: list[str] = []
        self.languages: list[str] = ["eng"]
        self.answers: list[web.Response | None] = []
        """To give first, None for a broken connection; then every page is read."""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.read())
        outputs = [{"name": "output-0", "data": ["read"]}, {"name": "confidence", "data": [0.5]}]
        if self.answers:
            answer = self.answers.pop(0)
            if answer is None:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return answer
        return web.json_response({"outputs": outputs})

    async def tell(self, request: web.Request) -> web.Response:
        """Readiness and metadata."""
        self.probes.append(request.path)
        return web.json_response({"name": "ocr-model", "parameters": {"languages": self.languages}})


@asynccontextmanager
async def fake_predictor() -> AsyncIterator[tuple[str, FakePredictor]]:
    """Its address and what it was sent."""
    fake = FakePredictor()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/{path:.*}", fake.answer)
    application.router.add_get("/{path:.*}", fake.tell)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (address,) = runner.addresses
    try:
        yield f"http://127.0.0.1:{address[1]}", fake
    finally:
        await runner.cleanup()


@asynccontextmanager
async def predictor_client(*, model: str = "ocr-model") -> AsyncIterator[tuple[PredictorClient, FakePredictor]]:
    """The transformer's client, connected to a fake predictor."""
    async with fake_predictor() as (url, fake):
        client = PredictorClient(url, model_name=model)
        client.open()
        try:
            yield client, fake
        finally:
            await client.close()
