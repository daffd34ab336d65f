"""Whether a service is well: what responds, what is ready, which version, and whether a known page is recognized."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Final

from kserve_ocr_client.errors import InvalidResponseError, OcrClientError
from kserve_ocr_client.retry import Retry
from kserve_ocr_client.steps import Call, Steps, call_until_done, json_object, languages, read
from kserve_ocr_client.upload import Upload
from kserve_ocr_client.version import VERSION

KNOWN_TEXT: Final = "Known page of kserve-ocr\n0123456789 ABCDEF"
_ONCE: Final = Retry(attempts=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, whether it passed, what was found or what to do, and the milliseconds it took."""

    name: str
    passed: bool
    detail: str
    milliseconds: float


def checks() -> Steps[list[Check]]:
    """All checks in order; one that fails does not stop the others, but for the first: without it none can pass."""
    first = yield from _check("responds", _responds)
    if not first.passed:
        return [first]
    found = [first]
    for name, steps in (
        ("ready", _ready),
        ("version", _version),
        ("languages", _languages),
        ("recognizes a known page", _recognizes),
    ):
        found.append((yield from _check(name, steps)))
    return found


def _check(name: str, steps: Callable[[], Steps[str]]) -> Steps[Check]:
    began = time.perf_counter()
    try:
        detail, passed = (yield from steps()), True
    except OcrClientError as error:
        detail, passed = str(error), False
    return Check(name, passed, detail, (time.perf_counter() - began) * 1000)


def _responds() -> Steps[str]:
    response = yield from call_until_done(Call(method="GET", path="/v2/health/live"), _ONCE)
    return f"{response.url.scheme}://{response.url.netloc.decode()}"


def _ready() -> Steps[str]:
    yield from call_until_done(Call(method="GET", path="/v2/health/ready"), _ONCE)
    return "takes requests"


def _version() -> Steps[str]:
    response = yield from call_until_done(Call(method="GET", path="/v2"), _ONCE)
    server = json_object(response)
    if "name" not in server or "version" not in server:
        raise InvalidResponseError(f"{response.url} is not a V2 inference server; check the address")
    return f"{server['name']} {server['version']}, client {VERSION}"


def _languages() -> Steps[str]:
    found = yield from languages(_ONCE)
    return ", ".join(language.model for language in found)


def _recognizes() -> Steps[str]:
    page = resources.files("kserve_ocr_client").joinpath("known_page.png").read_bytes()
    document = yield from read(Upload("known_page.png", page), {"lang": "eng"}, outputs=(), retry=Retry())
    text = document.text.strip()
    if text.split() != KNOWN_TEXT.split():
        raise InvalidResponseError(f"read {text!r} in place of {KNOWN_TEXT!r}; look at the model and its acceleration")
    return f"confidence {document.confidence:.2f}"
