"""Recognizes pages in worker processes: checks, limits and errors on top of the worker pool."""

from __future__ import annotations

import asyncio
import functools
import logging
import os

import numpy as np

from kserve_ocr.protocol.errors import MalformedRequestError, PageCrashedError, TimedOutError, TooManyPixelsError
from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.types import Buffer
from kserve_ocr.workers.cpus import granted_cpus
from kserve_ocr.workers.observer import PoolObserver
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool
from kserve_ocr.workers.sandbox.confinement import Sandbox
from predictor.acceleration.state import Acceleration
from predictor.engines import worker
from predictor.engines.base import EngineSettings, Page
from predictor.engines.program import worker_program
from predictor.engines.worker import RecognitionJob
from predictor.image_file import MAX_SIDE
from predictor.settings import PredictorSettings
from predictor.tessdata import ModelDirectory

_MIB = 1 << 20
_LOG = logging.getLogger(__name__)
_EXPECTED = ("ok", "disabled", "engine")
"""States of the acceleration that nobody needs to be warned of."""


class PageReader:
    """Recognizes pages in worker processes with loaded models; ``observer`` is notified of what the pool does."""

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
        programs = settings.engine == "pytesseract"
        readable = (*self._models.directories(), *(os.get_exec_path() if programs else ()))
        self._pool: WorkerPool[RecognitionJob, RecognitionResult] = WorkerPool(
            functools.partial(worker.start, engine, self._default),
            result=RecognitionResult,
            name="reader",
            size=size,
            queue=settings.max_queue,
            seconds=settings.page_seconds,
            max_jobs_per_worker=settings.worker_max_jobs,
            max_worker_growth_bytes=settings.worker_max_growth_mib * _MIB,
            memory_bytes=settings.worker_memory_mib * _MIB,
            program=worker_program(settings.engine),
            scratch=programs,
            sandbox=Sandbox(settings.sandbox, readable=readable, programs=programs),
            observer=observer,
        )

    @property
    def size(self) -> int:
        """Worker processes."""
        return self._pool.size

    @property
    def ready(self) -> bool:
        """Whether a page can be recognized now, or as soon as a worker is free."""
        return self._pool.ready

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for diagnosis."""
        return self._pool.pids

    @property
    def acceleration(self) -> Acceleration | None:
        """The state of the acceleration in a worker; None while there is no worker."""
        simd, _, reason = self._pool.description.partition(":")
        return Acceleration(simd, reason) if simd else None

    def languages(self) -> list[str]:
        """The installed models."""
        return self._models.installed()

    async def start(self) -> None:
        """Start the workers and load the default language in each.

        Raises InvalidParameterError if that is not installed, WorkerStartError if a worker does not start.
        """
        self._default = self._models.resolve(self._default)
        await self._pool.start()
        if self.acceleration is not None and self.acceleration.reason not in _EXPECTED:
            _LOG.warning(
                "tesseract runs without acceleration (%s); pages take more than twice as long", self.acceleration.reason
            )

    async def stop(self, *, grace: float) -> None:
        """Finish admitted pages for ``grace`` seconds, then stop every worker."""
        await self._pool.stop(grace=grace)

    async def recognize_file(
        self, data: Buffer, options: RecognitionOptions, *, layout: bool, seconds: float | None = None
    ) -> RecognitionResult:
        """Recognize the first frame of an image file, as :meth:`recognize` does a page.

        Raises UnsupportedDocumentError and DamagedDocumentError, too.
        """
        options = self._models.resolve(options)
        job = RecognitionJob(np.frombuffer(data, np.uint8), options, layout, encoded=True)
        return await self._run(job, deadline=_deadline(seconds))

    async def recognize(
        self, page: Page, options: RecognitionOptions, *, layout: bool, seconds: float | None = None
    ) -> RecognitionResult:
        """Recognize ``page``, uint8 gray of shape (height, width).

        ``seconds`` is the rest of the caller's time budget, waiting included. A page whose worker dies is tried once
        more on another one. Raises InvalidParameterError, MalformedRequestError, TooManyPixelsError, OverloadedError,
        TimedOutError, PageCrashedError, StoppingError.
        """
        options = self._models.resolve(options)
        height, width = page.shape
        if min(height, width) < 1:
            raise MalformedRequestError("the page has no pixels; send at least one row and one column")
        if max(height, width) > MAX_SIDE:
            raise TooManyPixelsError(f"the page is {width} by {height} pixels; no side may exceed {MAX_SIDE}")
        return await self._run(RecognitionJob(page, options, layout), deadline=_deadline(seconds))

    async def _run(self, job: RecognitionJob, *, deadline: float | None) -> RecognitionResult:
        try:
            return await self._pool.run(job, deadline=deadline, attempts=2)
        except WorkerCrashedError as error:
            raise PageCrashedError(
                f"recognizing the page failed twice: the worker {error.cause}; scale it down, or report the page"
            ) from error
        except TimedOutError as error:
            raise TimedOutError(f"the page was not recognized: {error.message}") from error


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else asyncio.get_running_loop().time() + seconds
