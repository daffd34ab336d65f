"""``python -m benchmarks.acceleration FOLDER...``: CPU time that the acceleration, and each part of it, saves.

Every image file in the folders and below is decoded and preprocessed as by the transformer, then recognized in
English by one process per variant, in turns, ``ROUNDS`` (2) times; the fastest counts. CPU times are compared, so that
other processes disturb little. Text, boxes and confidences must be equal in all variants. ``EVERY`` (1) takes every
n-th file.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from benchmarks.accuracy.variants import decode
from predictor.acceleration import install
from predictor.tessdata import ModelDirectory
from transformer.preprocess.prepare import PreprocessedPage, prepare

LINE_IMAGES, LSTM = "raw line images", "LSTM"
VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "unmodified": (),
    "accelerated": (LINE_IMAGES, LSTM),
    "LSTM only": (LSTM,),
}
_SUFFIXES: Final = {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".webp"}


def pages(folders: Sequence[Path], *, every: int) -> Iterator[tuple[str, PreprocessedPage]]:
    """The name and the preprocessed page of every n-th image file, in alphabetical order."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    for path in files[::every]:
        page = decode(path)
        yield path.name, prepare(page.pixels, dpi=page.dpi, auto=True)


def serve(pipe: Connection[Any, Any], parts: tuple[str, ...]) -> None:
    """Recognize the pages that come through ``pipe``, with ``parts`` installed: CPU seconds and hOCR out."""
    import tesserocr  # noqa: PLC0415 - in these processes only

    if LINE_IMAGES not in parts:
        install.HOOKS.clear()
    if parts:
        install.install()
    path = str(ModelDirectory.find("").path)
    api = tesserocr.PyTessBaseAPI(path=path, lang="eng", oem=1, psm=3, variables={"debug_file": "/dev/null"})
    while True:
        try:
            pixels, dpi = pipe.recv()
        except EOFError:
            return
        height, width = pixels.shape
        began = time.process_time()
        api.SetImageBytes(pixels.tobytes(), width, height, 1, width)
        if dpi:
            api.SetSourceResolution(dpi)
        hocr = api.GetHOCRText(0)
        pipe.send((time.process_time() - began, hocr))
        api.Clear()


def start() -> Iterator[Connection[Any, Any]]:
    """A process per variant, behind a pipe; closing it ends the process."""
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    for parts in VARIANTS.values():
        ours, theirs = context.Pipe()
        context.Process(target=serve, args=(theirs, parts), daemon=True).start()
        theirs.close()
        yield ours


def report(times: list[dict[str, float]]) -> Iterator[str]:
    """The lines of the result: shares of unmodified Tesseract's CPU time, and what each part saves."""
    total = {variant: sum(page[variant] for page in times) for variant in VARIANTS}
    yield f"{'CPU time of unmodified Tesseract':<36}{'sum':>8}{'median':>8}"
    for variant, seconds in total.items():
        share = statistics.median(page[variant] / page["unmodified"] for page in times)
        yield f"{variant:<36}{seconds / total['unmodified']:>8.3f}{share:>8.3f}"
    for part, slow, fast in ((LSTM, "unmodified", "LSTM only"), (LINE_IMAGES, "LSTM only", "accelerated")):
        saved = statistics.median(1 - page[fast] / page[slow] for page in times)
        yield f"{part} saves {1 - total[fast] / total[slow]:.1%} of a page's time without it (median {saved:.1%})"


def main() -> int:
    """The exit status: 0 if all variants gave equal results on every page."""
    if len(sys.argv) < 2:
        sys.exit("python -m benchmarks.acceleration FOLDER...: name a folder with image files of pages")
    rounds, every = int(os.environ.get("ROUNDS") or 2), int(os.environ.get("EVERY") or 1)
    pipes = dict(zip(VARIANTS, start(), strict=True))
    times: list[dict[str, float]] = []
    different = 0
    for name, page in pages([Path(argument) for argument in sys.argv[1:]], every=every):
        fastest: dict[str, float] = {}
        results = set()
        for _ in range(rounds):
            for variant, pipe in pipes.items():
                pipe.send((page.pixels, page.dpi))
                seconds, hocr = pipe.recv()
                fastest[variant] = min(seconds, fastest.get(variant, seconds))
                results.add(hocr)
        times.append(fastest)
        different += len(results) > 1
        shares = ", ".join(f"{seconds / fastest['unmodified']:.2f}" for seconds in fastest.values())
        print(f"{name}: {fastest['unmodified']:.3f} s; {shares}{' DIFFERENT' if len(results) > 1 else ''}", flush=True)
    print("\n".join(report(times)) if times else "no image files there")
    print(f"{len(times)} pages, {different} with different results")
    return 1 if different or not times else 0


if __name__ == "__main__":
    sys.exit(main())
