"""The client and its asynchronous twin: each carries out the steps of :mod:`kserve_ocr_client.steps`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from kserve_ocr_client import doctor, steps
from kserve_ocr_client.doctor import Check
from kserve_ocr_client.options import ReadOptions
from kserve_ocr_client.results import Document, Language, Page, parse_page_line
from kserve_ocr_client.retry import Retry
from kserve_ocr_client.settings import ClientSettings, http_arguments, request_extensions
from kserve_ocr_client.steps import Call, Finished, Outcome, Pause, Steps, advance
from kserve_ocr_client.upload import Source, upload_of

T = TypeVar("T")


class Client:
    """Blocking client of the service at ``url``; threads may share it. A context manager, or close it."""

    def __init__(self, url: str, **settings: Unpack[ClientSettings]) -> None:
        self._http = httpx.Client(**http_arguments(url, settings))
        self._extensions = request_extensions(settings)
        self._retry = settings.get("retry", Retry())

    def read(self, source: Source, *, outputs: Sequence[str] = (), **options: Unpack[ReadOptions]) -> Document:
        """Read one document: a path, bytes, or an open file.

        ``outputs`` are made from the same reading and returned as bytes in ``Document.outputs``: ``pdf``, ``hocr``,
        ``alto``, ``tsv``. Raises ServiceError, UnreachableError, InvalidResponseError, or OSError for the file.
        """
        return self._run(steps.read(upload_of(source), options, outputs=outputs, retry=self._retry))

    def pages(self, source: Source, **options: Unpack[ReadOptions]) -> Iterator[Page]:
        """Pages of one document, each as soon as it and all before it are recognized; without tables.

        Not repeated where it fails. Raises as :meth:`read`; ServiceError also after some pages.
        """
        call = steps.page_stream(upload_of(source), options)
        try:
            with self._http.stream(**call.arguments(), extensions=self._extensions) as response:
                if not response.is_success:
                    response.read()
                    raise steps.service_error(response)
                for line in response.iter_lines():
                    if page := parse_page_line(line):
                        yield page
        except httpx.TransportError as error:
            raise steps.unreachable(error) from error

    def languages(self) -> tuple[Language, ...]:
        """Languages that the service reads, sorted by name. Raises as :meth:`read`."""
        return self._run(steps.languages(self._retry))

    def doctor(self) -> list[Check]:
        """What answers, what is ready, which version, and whether a known page is recognized. Raises nothing."""
        return self._run(doctor.checks())

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _run(self, conversation: Steps[T]) -> T:
        step = advance(conversation)
        while not isinstance(step, Finished):
            step = advance(conversation, self._perform(step))
        return step.result

    def _perform(self, step: Call | Pause) -> Outcome:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.send(self._http.build_request(**step.arguments(), extensions=self._extensions))
        except httpx.TransportError as error:
            return error


class AsyncClient:
    """Asynchronous twin of :class:`Client`; an asynchronous context manager, or close it with :meth:`aclose`."""

    def __init__(self, url: str, **settings: Unpack[ClientSettings]) -> None:
        self._http = httpx.AsyncClient(**http_arguments(url, settings))
        self._extensions = request_extensions(settings)
        self._retry = settings.get("retry", Retry())

    async def read(self, source: Source, *, outputs: Sequence[str] = (), **options: Unpack[ReadOptions]) -> Document:
        """As :meth:`Client.read`; the file is read in a thread."""
        upload = await asyncio.to_thread(upload_of, source)
        return await self._run(steps.read(upload, options, outputs=outputs, retry=self._retry))

    async def pages(self, source: Source, **options: Unpack[ReadOptions]) -> AsyncIterator[Page]:
        """As :meth:`Client.pages`."""
        call = steps.page_stream(await asyncio.to_thread(upload_of, source), options)
        try:
            async with self._http.stream(**call.arguments(), extensions=self._extensions) as response:
                if not response.is_success:
                    await response.aread()
                    raise steps.service_error(response)
                async for line in response.aiter_lines():
                    if page := parse_page_line(line):
                        yield page
        except httpx.TransportError as error:
            raise steps.unreachable(error) from error

    async def languages(self) -> tuple[Language, ...]:
        """As :meth:`Client.languages`."""
        return await self._run(steps.languages(self._retry))

    async def doctor(self) -> list[Check]:
        """As :meth:`Client.doctor`."""
        return await self._run(doctor.checks())

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def _run(self, conversation: Steps[T]) -> T:
        step = advance(conversation)
        while not isinstance(step, Finished):
            step = advance(conversation, await self._perform(step))
        return step.result

    async def _perform(self, step: Call | Pause) -> Outcome:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.send(self._http.build_request(**step.arguments(), extensions=self._extensions))
        except httpx.TransportError as error:
            return error
