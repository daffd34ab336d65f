"""Documents → preprocessed pages, in worker processes that can be killed, a few pages at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from importlib import import_module

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.errors import DamagedDocumentError, TimedOutError
from kserve_ocr.workers.cpus import granted_cpus
from kserve_ocr.workers.memory_file import StoredDocument, reopened
from kserve_ocr.workers.observer import PoolObserver
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool
from kserve_ocr.workers.sandbox.confinement import Sandbox
from transformer import metrics
from transformer.decoder_program import DECODER
from transformer.decoding.limits import Limits, RequestQuota, check_bytes
from transformer.decoding.options import DecodeOptions
from transformer.decoding.page_range import EVERY_PAGE, parse
from transformer.decoding.sniff import detect_file_type
from transformer.pipeline.decode_job import (
    DecodeJob,
    DecodeReply,
    DecodeResult,
    DocumentPage,
    FinishedPdf,
    PageText,
    PdfJob,
    PdfOptions,
)
from transformer.settings import TransformerSettings

__all__ = ["DECODING_FAILED", "DecodeOptions", "DecodePool", "DocumentPage", "RequestQuota"]

_FONTS = ("/usr/share/fonts", "/usr/share/X11/fonts", "/usr/local/share/fonts")
"""Where PDFium looks for fonts that a PDF names and does not have."""
_MEBIBYTE = 1 << 20
_GROWTH_BYTES = 256 * _MEBIBYTE
"""Growth of a worker's memory in bytes after which it is replaced."""
DECODING_FAILED = "decoding crashed or timed out on"
"""Start of the message for a document whose workers died."""
_AHEAD_PIXELS = 60_000_000
"""Maximum number of pixels of prefetched pages, over all documents."""
_PAGES_OF_TEXT = 16
"""The most pages of a job if none of them has to be drawn."""
SPARE = 1
"""Decoders beyond their number by the settings: no client alone can keep all of them busy."""
_ATTEMPTS = 2
"""A worker can also be killed for unrelated reasons (OOM), so retry once; after two deaths the document is blamed."""


def _start() -> Callable[..., DecodeReply]:
    """Start a decode worker. The decoders are imported there only: they are half of what the server would import."""
    return import_module(DECODER.modules[0]).start()  # type: ignore[no-any-return]


class _Ahead(Struct, frozen=True):
    """Pages that are being decoded before they are asked for."""

    task: asyncio.Task[Sequence[DocumentPage]]
    numbers: tuple[int, ...]
    """Those that may come; the task decodes the first or more of them."""
    weight: int
    """Pixels that they are expected to have."""


class DecodePool:
    """Decodes and prepares documents page by page on a pool of worker processes.

    The bytes of a document are written once to an anonymous memory file, of which workers get descriptors. The first
    job checks every header and answers the first page; each further page is a job of its own. Of the workers one is
    always left to first pages, so that long documents never hold up short ones.
    """

    def __init__(self, settings: TransformerSettings, *, observer: PoolObserver | None = None) -> None:
        self._settings = settings
        size = settings.decode_workers or granted_cpus()
        self._pool: WorkerPool[DecodeJob | PdfJob, DecodeReply] = WorkerPool(
            _start,
            result=DecodeReply,
            name="decoder",
            size=size,
            # Requests are admitted before this; a page of a started document must not be rejected.
            queue=settings.max_requests * settings.max_documents,
            seconds=settings.decode_seconds,
            max_worker_growth_bytes=_GROWTH_BYTES,
            memory_bytes=settings.decode_worker_memory_mib * _MEBIBYTE,
            program=DECODER,
            spare=True,
            sandbox=Sandbox(settings.sandbox, readable=_FONTS),
            observer=observer,
        )
        self._further = asyncio.Semaphore(max(1, size - 1))
        self._ahead = 0
        """Pixels of prefetched pages, over all documents."""
        self._documents = itertools.count()

    @property
    def ready(self) -> bool:
        """Whether documents can be decoded."""
        return self._pool.ready

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for diagnosis."""
        return self._pool.pids

    async def start(self) -> None:
        """Start the workers; on return they are warm."""
        await self._pool.start()

    async def stop(self, *, grace: float) -> None:
        """Let pages that are being decoded finish for ``grace`` seconds, then end the workers."""
        await self._pool.stop(grace=grace)

    def quota(self) -> RequestQuota:
        """The quota of one request."""
        return RequestQuota(pages=self._settings.max_pages, pixels=self._settings.max_request_pixels)

    async def pages(
        self,
        document: bytes | memoryview,
        options: DecodeOptions,
        *,
        quota: RequestQuota | None = None,
        ahead: int = 2,
        deadline: float | None = None,
    ) -> AsyncGenerator[DocumentPage, None]:
        """The selected pages of a document in reading order.

        While the consumer is busy with a page, at most ``ahead`` further ones are decoded. ``quota`` is what
        the request has left, shared by its documents; ``deadline``, in the event loop's time, is when it ends. Close
        the generator (``contextlib.aclosing``) when leaving early: that ends the jobs still running for it.

        Raises the errors of decoding (4xx), each naming the page; DamagedDocumentError also for a page on which two
        decoders died; TimedOutError for a page over its time; StartingError and StoppingError.
        """
        quota = quota or self.quota()
        check_bytes(len(document), self._settings.max_document_bytes)
        job = DecodeJob(
            document=next(self._documents),
            source=None,
            kind=detect_file_type(document),
            number=None,
            following=(),
            most_pages=_PAGES_OF_TEXT,
            selection=EVERY_PAGE if options.selection is None else parse(options.selection),
            options=options,
            limits=Limits(page_pixels=self._settings.max_page_pixels, pages=quota.pages, pixels=quota.pixels),
        )
        metrics.record_document(kind=job.kind, size=len(document))
        async with StoredDocument(document) as (source, file):
            del document
            decoding = _PagesInOrder(self, replace(job, source=source), file, deadline)
            try:
                while decoding.ready or await decoding.wait():
                    page = decoding.ready.popleft()
                    quota.take((page.width, page.height))
                    decoding.prefetch(page.pixels.size, ahead)
                    yield page
                    del page
            finally:
                await decoding.cancel()

    async def searchable_pdf(
        self,
        document: bytes | memoryview,
        pages: Sequence[PageText],
        options: PdfOptions,
        *,
        deadline: float | None = None,
    ) -> FinishedPdf:
        """The document as a PDF with a text layer on these pages, which have been read before.

        Raises the errors of :meth:`pages`, and SignedDocumentError.
        """
        async with StoredDocument(document) as (source, file):
            job = PdfJob(
                source=source,
                kind=detect_file_type(document),
                pages=tuple(pages),
                options=options,
                page_pixels=self._settings.max_page_pixels,
            )
            del document
            location = "the searchable PDF of the document"
            seconds = self._settings.decode_seconds * max(1, len(job.pages))
            pdf = (await self._run(job, file, deadline, location=location, seconds=seconds)).pdf
        if pdf is None:
            raise _no_result(location)
        return pdf

    async def _decode(self, job: DecodeJob, file: int | None, deadline: float | None) -> DecodeResult:
        decoded = (await self._run(job, file, deadline, location=job.location)).decoded
        if decoded is None or not decoded.is_possible(job):
            raise _no_result(job.location)
        return decoded

    async def _decode_further(self, job: DecodeJob, file: int | None, deadline: float | None) -> Sequence[DocumentPage]:
        """Decode pages after the first, when a worker is free for them."""
        async with self._further:
            return (await self._decode(job, file, deadline)).pages

    async def _run(
        self,
        job: DecodeJob | PdfJob,
        file: int | None,
        deadline: float | None,
        *,
        location: str,
        seconds: float | None = None,
    ) -> DecodeReply:
        try:
            with reopened(file) as own:
                return await self._pool.run(job, file=own, seconds=seconds, deadline=deadline, attempts=_ATTEMPTS)
        except TimedOutError as error:
            raise error.within(location) from None
        except WorkerCrashedError as crash:
            raise DamagedDocumentError(
                f"{DECODING_FAILED} {location} ({crash.cause}); export the document again, or in another format"
            ) from None


class _PagesInOrder:
    """The pages of one document: those that are ready, and jobs for those that come after them."""

    def __init__(self, pool: DecodePool, job: DecodeJob, file: int | None, deadline: float | None) -> None:
        self._pool, self._job, self._file, self._deadline = pool, job, file, deadline
        self._numbers: deque[int] | None = None
        """Pages that no job decodes yet; None before the first job."""
        self._jobs: deque[_Ahead] = deque()
        self.ready: deque[DocumentPage] = deque()

    async def wait(self) -> bool:
        """Wait for the next page or pages; False after the last one."""
        if self._numbers is None:
            first = await self._pool._decode(self._job, self._file, self._deadline)
            self.ready.extend(first.pages)
            self._numbers = deque(first.numbers[len(first.pages) :])
            return True
        if not self._numbers and not self._jobs:
            return False
        if not self._jobs:
            self._begin(self._numbers)
        self.ready.extend(await self._jobs[0].task)
        done = self._jobs.popleft()
        self._pool._ahead -= done.weight
        # Several pages are asked for only where no other job is under way: the rest comes next.
        self._numbers.extendleft(reversed(done.numbers[len(self.ready) :]))
        return True

    def prefetch(self, weight: int, most: int) -> None:
        """Begin to decode up to ``most`` pages while the consumer works on one of ``weight`` pixels.

        A page without pixels costs its consumer little; many such ones may follow, and one job decodes them.
        """
        numbers = self._numbers or deque()
        if weight:  # the last that is ready
            while numbers and len(self._jobs) < most and self._pool._ahead + weight <= _AHEAD_PIXELS:
                self._begin(numbers, weight=weight)
        elif numbers and not self._jobs and not self.ready:
            self._begin(numbers, most_pages=_PAGES_OF_TEXT)

    async def cancel(self) -> None:
        """End the jobs that are under way."""
        for begun in self._jobs:
            self._pool._ahead -= begun.weight
            begun.task.cancel()
        await asyncio.gather(*(begun.task for begun in self._jobs), return_exceptions=True)

    def _begin(self, numbers: deque[int], *, weight: int = 0, most_pages: int = 1) -> None:
        """Take the next ``most_pages`` of ``numbers`` and begin to decode them."""
        taken = tuple(numbers.popleft() for _ in range(min(most_pages, len(numbers))))
        job = replace(self._job, number=taken[0], following=taken[1:], most_pages=most_pages)
        self._pool._ahead += weight
        decoding = self._pool._decode_further(job, self._file, self._deadline)
        self._jobs.append(_Ahead(asyncio.create_task(decoding), taken, weight))


def _no_result(location: str) -> DamagedDocumentError:
    return DamagedDocumentError(
        f"{DECODING_FAILED} {location} (its worker sent something else); export the document again"
    )
