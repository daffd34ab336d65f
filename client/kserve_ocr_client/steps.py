"""Conversations with the service without I/O.

Each is a generator that yields what is to be done next, a request to send or a pause, and is given the response.
:class:`~kserve_ocr_client.client.Client` carries the steps out with blocking calls, ``AsyncClient`` with coroutines;
everything else is here once.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import httpx

from kserve_ocr_client.errors import InvalidResponseError, OcrClientError, ServiceError, UnreachableError
from kserve_ocr_client.options import ReadOptions, query
from kserve_ocr_client.results import Document, Language, parse_document
from kserve_ocr_client.retry import TRANSIENT_STATUSES, Retry, seconds_of
from kserve_ocr_client.upload import Upload

GATEWAY: Final = "/gateway/ocr"
LANGUAGES: Final = "/gateway/languages"
_DOCUMENT_OUTPUTS: Final = ("text", "words", "tables", "confidence")
_REPEATABLE: Final = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)
"""A connection that broke. One that was refused, and a time-out, are reported at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to send; a failure of the transport is thrown into the generator."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of httpx's ``build_request``."""
        files = None if self.upload is None else {"image_file": (self.upload.name, self.upload.content)}
        return {
            "method": self.method,
            "url": self.path,
            "params": dict(self.params),
            "headers": dict(self.headers),
            "files": files,
        }


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds to wait before the next step."""

    seconds: float


Steps = Generator[Call | Pause, httpx.Response | None, T]
Outcome = httpx.Response | httpx.TransportError | None
"""What a step ended with: the response to a call or its failure; None after a pause."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[T]):
    """The result of a conversation that has no further steps."""

    result: T


def advance(conversation: Steps[T], outcome: Outcome = None) -> Call | Pause | Finished[T]:
    """The next step after the one that ended with ``outcome``. Raises what the conversation raises."""
    try:
        if isinstance(outcome, httpx.TransportError):
            return conversation.throw(outcome)
        return conversation.send(outcome)
    except StopIteration as end:
        return Finished(end.value)


def call(request: Call) -> Steps[httpx.Response]:
    """One attempt; any status is returned. Raises UnreachableError."""
    try:
        response = yield request
    except httpx.TransportError as error:
        raise unreachable(error) from error
    assert response is not None, "a Call is answered with its response"
    return response


def call_until_done(request: Call, retry: Retry) -> Steps[httpx.Response]:
    """The 2xx response to the request, sent again while the service says that it may work later.

    Raises ServiceError for any other status, UnreachableError.
    """
    attempt = 1
    while True:
        try:
            response = yield from call(request)
        except UnreachableError as error:
            failure: OcrClientError = error
            repeatable, retry_after = isinstance(error.__cause__, _REPEATABLE), None
        else:
            if response.is_success:
                return response
            failure = rejected = service_error(response)
            repeatable, retry_after = rejected.status in TRANSIENT_STATUSES, rejected.retry_after
        pause = retry.pause(attempt=attempt, retry_after=retry_after) if repeatable else None
        if pause is None:
            raise failure
        yield Pause(pause)
        attempt += 1


def read(upload: Upload, options: ReadOptions, *, outputs: Sequence[str], retry: Retry) -> Steps[Document]:
    """Read one document; ``outputs`` are returned with it."""
    further = [name for name in outputs if name not in _DOCUMENT_OUTPUTS]
    request = Call(
        method="POST",
        path=GATEWAY,
        params=query(options, outputs=[*_DOCUMENT_OUTPUTS, *further]),
        headers={"Accept": "application/json"},
        upload=upload,
    )
    response = yield from call_until_done(request, retry)
    return parse_document(response.content, further=outputs)


def page_stream(upload: Upload, options: ReadOptions) -> Call:
    """The request whose response is a stream of pages, a line each."""
    return Call(
        method="POST",
        path=GATEWAY,
        params=query(options, outputs=["words"]),
        headers={"Accept": "application/x-ndjson"},
        upload=upload,
    )


def languages(retry: Retry) -> Steps[tuple[Language, ...]]:
    """Languages that the service reads, sorted by name."""
    response = yield from call_until_done(Call(method="GET", path=LANGUAGES), retry)
    try:
        found = [
            Language(str(one["model"]), str(one["name"]), str(one["native"]), tuple(one["tags"]))
            for one in json_object(response)["languages"]
        ]
    except (KeyError, TypeError) as error:
        raise InvalidResponseError(
            "the service lists no languages; check that the address is the transformer's"
        ) from error
    return tuple(sorted(found, key=lambda language: language.name))


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a response. Raises InvalidResponseError."""
    try:
        value = json.loads(response.content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidResponseError(f"{response.request.url} does not return a JSON object; check the address")
    return value


def service_error(response: httpx.Response) -> ServiceError:
    """The error in a response that is not 2xx."""
    try:
        body = json_object(response)
    except InvalidResponseError:
        body = {}
    message = body.get("error") or f"{response.request.url} responded with status {response.status_code}"
    return ServiceError(
        str(message),
        status=response.status_code,
        code=str(body.get("code", "")),
        retry_after=seconds_of(response.headers.get("Retry-After", "")),
        request_id=response.headers.get("X-Request-Id", ""),
    )


def unreachable(error: httpx.TransportError) -> UnreachableError:
    """The error for a request that got no response."""
    url = error.request.url
    if isinstance(error, httpx.TimeoutException):
        return UnreachableError(
            f"{url} did not respond in time ({type(error).__name__}); raise the time-out or send fewer pages"
        )
    return UnreachableError(f"{url} cannot be reached ({error}); check the address and that the service runs")
