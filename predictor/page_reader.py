"""Reads pages: the policy on top of the worker pool."""

from __future__ import annotations

import asyncio
import functools

import numpy as np

from kserve_ocr.protocol.errors import MalformedRequestError, PageCrashedError, TimedOutError, TooManyPixelsError
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.types import Buffer
from kserve_ocr.workers.cpus import granted_cpus
from kserve_ocr.workers.observer import PoolObserver
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool
from predictor.engines import base, worker
from predictor.engines.base import EngineSettings, Page, Reading
from predictor.engines.worker import PageJob
from predictor.image_file import MAX_SIDE
from predictor.settings import PredictorSettings
from predictor.tessdata import ModelDirectory

_MEGABYTE = 1 << 20
_ONE_THREAD = {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Tesseract's OpenMP threads fight over the cores that the workers already use."""


class PageReader:
    """Reads pages in warm worker processes; ``observer`` hears what the pool does."""

    def __init__(self, settings: PredictorSettings, *, observer: PoolObserver | None = None) -> None:
        self._models = ModelDirectory.find(settings.tessdata)
        self._default = RecognitionOptions(lang=settings.default_lang)
        size = settings.workers or granted_cpus()
        engine = EngineSettings(
            settings.engine,
            str(self._models.path),
            settings.language_cache_size,
            settings.max_pixels,
            settings.accelerate,
        )
        self._pool: WorkerPool[PageJob, Reading] = WorkerPool(
            functools.partial(worker.start, engine, self._default),
            name="reader",
            size=size,
            queue=settings.max_queue,
            seconds=settings.page_seconds,
            max_jobs_per_worker=settings.worker_max_jobs,
            max_worker_growth_bytes=settings.worker_max_growth_mib * _MEGABYTE,
            memory_bytes=settings.worker_memory_mib * _MEGABYTE,
            preload=("numpy", base.MODULES[settings.engine]),
            environment=_ONE_THREAD,
            scratch=settings.engine == "pytesseract",
            observer=observer,
        )

    @property
    def size(self) -> int:
        """Worker processes."""
        return self._pool.size

    @property
    def ready(self) -> bool:
        """True while at least one worker is warm."""
        return self._pool.ready

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for diagnosis."""
        return self._pool.pids

    @property
    def arithmetic(self) -> str:
        """What the workers reckon the neural network with; empty while there are none."""
        return self._pool.description

    def languages(self) -> list[str]:
        """The installed models."""
        return self._models.installed()

    async def start(self) -> None:
        """Start the workers and load the default language in each.

        Raises InvalidParameterError if that is not installed, WorkerStartError if a worker does not start.
        """
        self._default = self._models.resolve(self._default)
        await self._pool.start()

    async def stop(self, *, grace: float) -> None:
        """Finish admitted pages for ``grace`` seconds, then end every worker."""
        await self._pool.stop(grace=grace)

    async def read_file(
        self, data: Buffer, options: RecognitionOptions, *, layout: bool, seconds: float | None = None
    ) -> Reading:
        """Read the first frame of an image file, as :meth:`read` does a page.

        Raises UnsupportedDocumentError and DamagedDocumentError, too.
        """
        options = self._models.resolve(options)
        job = PageJob(np.frombuffer(data, np.uint8), options, layout, encoded=True)
        return await self._run(job, deadline=_deadline(seconds))

    async def read(
        self, page: Page, options: RecognitionOptions, *, layout: bool, seconds: float | None = None
    ) -> Reading:
        """Read ``page``, uint8 grey of shape (height, width).

        ``seconds`` is what is left of the caller's time, waiting included. A page whose worker dies is read once more
        on a fresh one. Raises InvalidParameterError, MalformedRequestError, TooManyPixelsError, OverloadedError,
        TimedOutError, PageCrashedError, StoppingError.
        """
        options = self._models.resolve(options)
        height, width = page.shape
        if min(height, width) < 1:
            raise MalformedRequestError("the page has no pixels; send at least one row and one column")
        if max(height, width) > MAX_SIDE:
            raise TooManyPixelsError(f"the page is {width} by {height} pixels; no side may exceed {MAX_SIDE}")
        return await self._run(PageJob(page, options, layout), deadline=_deadline(seconds))

    async def _run(self, job: PageJob, *, deadline: float | None) -> Reading:
        try:
            return await self._pool.run(job, deadline=deadline, attempts=2)
        except WorkerCrashedError as error:
            raise PageCrashedError(
                f"reading the page failed twice: the worker {error.cause}; send it smaller, or report the page"
            ) from error
        except TimedOutError as error:
            raise TimedOutError(f"the page was not read: {error.message}") from error


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else asyncio.get_running_loop().time() + seconds
