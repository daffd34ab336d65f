"""The older gateway: takes a multipart file, posts it as base64 JSON to the model, passes its answer on."""

from __future__ import annotations

import argparse
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import FastAPI, File, HTTPException, UploadFile

_LONGEST_SECONDS = 600.0


def application(model_url: str) -> FastAPI:
    """The gateway before the model at ``model_url``."""
    client = httpx.AsyncClient(timeout=_LONGEST_SECONDS)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/gateway/ocr")
    async def ocr(image_file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        encoded = base64.b64encode(await image_file.read()).decode()
        tensor = {
            "name": "input-0",
            "shape": [1],
            "datatype": "BYTES",
            "data": [encoded],
            "parameters": {"content_type": "base64"},
        }
        answer = await client.post(f"{model_url}/v2/models/ocr-model/infer", json={"inputs": [tensor]})
        if answer.status_code != 200:
            raise HTTPException(answer.status_code, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    return app


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model-url", required=True)
    given = parser.parse_args()
    uvicorn.run(application(given.model_url), host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
