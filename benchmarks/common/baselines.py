"""Recognition without a service: Tesseract kept warm, the predictor's engine, and the ``tesseract`` command."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from benchmarks.common.images import Sample

Read = Callable[[Sample], str]
_ONE_THREAD = "OMP_THREAD_LIMIT"


def warm() -> Read:
    """Tesseract as it is: grey pixels in, text out, the model loaded once, with the settings that the predictor has."""
    import tesserocr  # noqa: PLC0415 - in these processes only

    from predictor.tessdata import ModelDirectory  # noqa: PLC0415

    path = str(ModelDirectory.find("").path)
    api = tesserocr.PyTessBaseAPI(path=path, lang="eng", oem=1, psm=3, variables={"debug_file": "/dev/null"})

    def read(sample: Sample) -> str:
        height, width = sample.pixels.shape
        api.SetImageBytes(sample.pixels.tobytes(), width, height, 1, width)
        if sample.dpi is not None:
            api.SetSourceResolution(sample.dpi)
        text: str = api.GetUTF8Text()
        api.Clear()
        return text

    return read


def engine() -> Read:
    """The predictor's own engine, as in a worker: what no service around it can be faster than."""
    from kserve_ocr.protocol.layout import RecognitionResult  # noqa: PLC0415
    from kserve_ocr.protocol.parameters import RecognitionOptions  # noqa: PLC0415
    from predictor.engines import base, worker  # noqa: PLC0415 - in these processes only
    from predictor.tessdata import ModelDirectory  # noqa: PLC0415

    path = str(ModelDirectory.find("").path)
    handle = worker.start(base.EngineSettings("tesserocr", path, 1, 100_000_000), RecognitionOptions())

    def read(sample: Sample) -> str:
        reading = handle(worker.RecognitionJob(sample.pixels, RecognitionOptions(dpi=sample.dpi), layout=False))
        assert isinstance(reading, RecognitionResult)
        return reading.text

    return read


def command() -> Read:
    """A ``tesseract`` process for each image, which gets the file and gives the text through pipes."""

    def read(sample: Sample) -> str:
        done = subprocess.run(["tesseract", "stdin", "stdout"], input=sample.file, capture_output=True, check=True)
        return done.stdout.decode()

    return read


@dataclass(frozen=True)
class Reads:
    """What reading a number of images took: seconds from the first to the last, and for each of them."""

    seconds: float
    each: tuple[float, ...]


class Readers(AbstractContextManager["Readers"]):
    """``processes`` processes that each read one image at a time, with one OpenMP thread."""

    def __init__(self, start: Callable[[], Read], *, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._turn = context.Value("q", 0)
        self._pipes: list[Connection[Any, Any]] = []
        self._processes = []
        threads = os.environ.get(_ONE_THREAD)
        os.environ[_ONE_THREAD] = "1"
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._turn, start), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        del os.environ[_ONE_THREAD]
        if threads is not None:
            os.environ[_ONE_THREAD] = threads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' ids."""
        return tuple(process.pid for process in self._processes if process.pid is not None)

    def load(self, samples: Sequence[Sample]) -> None:
        """Put the images into every process."""
        for pipe in self._pipes:
            pipe.send(list(samples))

    def texts(self, samples: Sequence[Sample]) -> list[str]:
        """The texts of the images, which stay loaded, read by one process after it has read the first to get warm."""
        self.load(samples)
        self.read(len(self._pipes), at_once=len(self._pipes))
        self._pipes[0].send(None)
        texts: list[str] = self._pipes[0].recv()
        return texts

    def read(self, count: int, *, at_once: int) -> Reads:
        """Read ``count`` images, those loaded in turn; each of ``at_once`` processes takes the next when it is free."""
        self._turn.value = 0
        pipes = self._pipes[:at_once]
        began = time.perf_counter()
        for pipe in pipes:
            pipe.send(count)
        each = [seconds for pipe in pipes for seconds in pipe.recv()]
        return Reads(time.perf_counter() - began, tuple(each))


def _serve(pipe: Connection[Any, Any], turn: Any, start: Callable[[], Read]) -> None:
    read = start()
    samples: list[Sample] = []
    while True:
        try:
            order = pipe.recv()
        except EOFError:
            return
        if isinstance(order, list):
            samples = order
            continue
        if order is None:
            pipe.send([read(sample) for sample in samples])
            continue
        each = []
        while (number := _next(turn)) < order:
            began = time.perf_counter()
            read(samples[number % len(samples)])
            each.append(time.perf_counter() - began)
        pipe.send(each)


def _next(turn: Any) -> int:
    with turn.get_lock():
        number: int = turn.value
        turn.value += 1
        return number
