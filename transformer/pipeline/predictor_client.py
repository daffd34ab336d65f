"""Client of the predictor: one V2 request per page, retried while its time budget lasts.

KServe's own ``InferenceRESTClient`` sends two content types with a binary body and turns every error into a 500; and
httpx below it costs 0.9 ms of CPU for a text line where aiohttp costs 0.2 (``docs/decisions/0003-http-client.md``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec.structs import replace

from kserve_ocr.import_stubs import without_certificates
from kserve_ocr.observability import tracing
from kserve_ocr.protocol import layout, names, v2_response
from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    OcrError,
    OverloadedError,
    PageCrashedError,
    PredictorUnreachableError,
    StartingError,
    StoppingError,
    TimedOutError,
    from_wire,
)
from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.types import Page
from transformer import metrics

if TYPE_CHECKING:
    import aiohttp

_log = logging.getLogger("ocr.predictor")
_CHUNK: Final = 262_144
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_UNCOMPRESSED: Final = {"Accept-Encoding": "identity"}
"""aiohttp would ask for gzip, which costs more than it saves between two pods."""
_CONNECT_SECONDS: Final = 10.0
_TRANSIENT: Final = (OverloadedError, StartingError, StoppingError, PredictorUnreachableError)
_LEAST_BUDGET: Final = 0.05
"""Minimum time left in seconds for another attempt."""


class PredictorClient:
    """Connections to the predictor at ``base_url``. Call ``open`` in a running loop and ``close`` at the end."""

    def __init__(self, base_url: str, *, model_name: str) -> None:
        self._model_url = f"{base_url}/v2/models/{model_name}"
        self._opening: asyncio.Task[aiohttp.ClientSession] | None = None

    def open(self) -> None:
        """Begin to import aiohttp and to create the connection pool; nothing is connected yet.

        The import is a tenth of a start and takes less time than the first page needs to be decoded, so that nothing
        waits for it.
        """
        secure = self._model_url.startswith("https:")
        self._opening = asyncio.create_task(_new_session(secure=secure))

    async def close(self) -> None:
        """Close all connections."""
        if self._opening is not None:
            await (await self._opening).close()

    async def metadata(self, *, seconds: float) -> dict[str, Any] | None:
        """The predictor's model metadata; None if it does not respond in time."""
        with contextlib.suppress(PredictorUnreachableError, TimeoutError, ValueError):
            async with asyncio.timeout(seconds):
                session = await self._session()
                with _unreachable():
                    async with session.get(self._model_url, headers=_UNCOMPRESSED) as response:
                        value = orjson.loads(await response.read())
                        return value if response.status == 200 and isinstance(value, dict) else None
        return None

    async def _session(self) -> aiohttp.ClientSession:
        assert self._opening is not None, "open() comes first"
        return self._opening.result() if self._opening.done() else await asyncio.shield(self._opening)

    async def read(
        self, page: Page, options: RecognitionOptions, *, wants_layout: bool, deadline: float
    ) -> RecognitionResult:
        """Read one page; ``deadline`` is in the loop's time.

        Recognition changes no state, so a page whose request failed in transit is sent again. Raises the
        predictor's own errors, PredictorUnreachableError, or TimedOutError at the deadline.
        """
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        last: OcrError | None = None
        try:
            while (left := deadline - loop.time()) > _LEAST_BUDGET:
                try:
                    async with asyncio.timeout_at(deadline):
                        return await self._attempt(page, options, wants_layout=wants_layout, budget=left)
                except TimeoutError:
                    break
                except _TRANSIENT as error:
                    last = error
                except InvalidParameterError as error:
                    if not options.dark_ink or f"'{names.INK}'" not in str(error):
                        raise
                    # The predictor is of the release before, which does not know this yet.
                    options = replace(options, dark_ink=False)
                    continue
                # Half of each pause is random: pages rejected together do not return together.
                wait = pause * (0.5 + random.random() / 2)  # noqa: S311
                if loop.time() + wait > deadline - _LEAST_BUDGET:
                    break
                metrics.record_retry(_reason(last))
                await asyncio.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE)
            raise last or TimedOutError("the page was not read within the request's time budget; send fewer pages")
        finally:
            del last  # break the cycle exception → traceback → frame, so that the page is freed now

    async def _attempt(
        self, page: Page, options: RecognitionOptions, *, wants_layout: bool, budget: float
    ) -> RecognitionResult:
        header = orjson.dumps(_infer_request(page, options, wants_layout=wants_layout, budget=budget))
        headers = {
            "Content-Type": "application/octet-stream",
            **_UNCOMPRESSED,
            "Content-Length": str(len(header) + page.size),
            names.JSON_LENGTH: str(len(header)),
            **_forwarded(),
        }
        body: bytes | AsyncIterator[bytes | memoryview]
        body = header + page.tobytes() if page.size <= _CHUNK else _chunks(header, page)
        session = await self._session()
        with _unreachable():
            async with session.post(f"{self._model_url}/infer", data=body, headers=headers) as response:
                answer = await response.read()
                if response.status != 200:
                    raise _error(response.status, response.headers, answer)
                return _reading(answer)


async def _new_session(*, secure: bool) -> aiohttp.ClientSession:
    await asyncio.to_thread(_import_aiohttp, secure=secure)  # the event loop goes on
    import aiohttp  # noqa: PLC0415  # the module itself, to the type checker

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS),
        auto_decompress=False,
    )


def _import_aiohttp(*, secure: bool) -> None:
    with contextlib.nullcontext() if secure else without_certificates():
        import_module("aiohttp")


@contextlib.contextmanager
def _unreachable() -> Iterator[None]:
    """Raise what aiohttp raises in the block as PredictorUnreachableError."""
    import aiohttp  # noqa: PLC0415  # the session is there, so it is imported

    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        kind = type(error).__name__
        raise PredictorUnreachableError(f"the predictor cannot be reached ({kind}); try later") from error


def _forwarded() -> dict[str, str]:
    trace, identity = tracing.current(), tracing.request_id()
    headers = {names.TRACEPARENT: trace.header()} if trace else {}
    return headers | ({names.REQUEST_ID: identity} if identity else {})


async def _chunks(header: bytes, page: Page) -> AsyncIterator[bytes | memoryview]:
    """The body in chunks, so that a page is neither copied nor written in one blocking call."""
    yield header
    pixels = page.data.cast("B")
    for start in range(0, len(pixels), _CHUNK):
        yield pixels[start : start + _CHUNK]


def _infer_request(page: Page, options: RecognitionOptions, *, wants_layout: bool, budget: float) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "binary_data_size": page.size,
        names.LANG: options.lang,
        names.PSM: options.psm,
        names.OEM: options.oem,
        names.BUDGET_MS: max(1, int(budget * 1000)),
    }
    optional = {
        names.DPI: options.dpi,
        names.WHITELIST: options.whitelist,
        names.BLACKLIST: options.blacklist,
        names.ALTERNATIVES: options.alternatives,
        names.USER_WORDS: ",".join(options.words),
        names.PATTERNS: " ".join(options.patterns),
        names.INK: "dark" if options.dark_ink else "",
    }
    parameters |= {name: value for name, value in optional.items() if value}
    outputs = [names.TEXT, names.CONFIDENCE, *([names.WORDS] if wants_layout else [])]
    return {
        "inputs": [{"name": names.INPUT, "datatype": "UINT8", "shape": list(page.shape), "parameters": parameters}],
        "outputs": [{"name": name} for name in outputs],
    }


def _error(status: int, headers: Mapping[str, str], body: bytes) -> OcrError:
    """The predictor's own error; any other response means that the predictor was not reached."""
    retry_after = headers.get("Retry-After", "")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    own = from_wire(status, value, retry_after=int(retry_after) if retry_after.isdecimal() else None)
    if own is not None:
        return own
    return PredictorUnreachableError(f"the predictor's address answered {status}; try again later")


def _reason(error: OcrError) -> str:
    return "connection" if isinstance(error, PredictorUnreachableError) else f"status_{error.status}"


def _reading(body: bytes) -> RecognitionResult:
    try:
        outputs = v2_response.decode_response(body, json_length=None)
        words = outputs.get(names.WORDS)
        page = layout.from_json(orjson.loads(words[0])["pages"][0]) if words else None
        return RecognitionResult(str(outputs[names.TEXT][0]), float(outputs[names.CONFIDENCE][0]), page)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PageCrashedError(f"the predictor's answer cannot be understood ({type(error).__name__})") from error
