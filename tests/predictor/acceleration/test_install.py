from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tesserocr
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration import install as module
from predictor.acceleration import plt_hook
from predictor.acceleration.install import HOOKS, RELEASE, install, library
from predictor.acceleration.state import Acceleration
from predictor.engines import worker
from predictor.engines.base import Page
from tests.predictor.acceleration.processes import run_in_process
from tests.predictor.engines.test_tesserocr_engine import FIRST, SECOND, SETTINGS, draw

HAS_AVX2 = "avx2" in Path("/proc/cpuinfo").read_text().split()
BEST = Acceleration("avx2", "ok") if HAS_AVX2 else Acceleration("none", "cpu")


def pages() -> Iterator[Page]:
    """Text of several sizes, lengths and shades; noise, strokes, and next to nothing."""
    text = 'Größe 1848: "It\'s 3,50 €" (No. 7) - Straße & Übermut; fjord qux! THE QUICK brown fox @ 100%?'
    for size in (9, 18, 60):
        yield draw([[text[:length] for length in (1, 5, 40)], [text]], size=size, width=40 * size + 120)[0]
    random = np.random.default_rng(5)
    faint = draw([FIRST, SECOND])[0].astype(int) // 3 + 150
    yield np.clip(faint + random.normal(0, 14, faint.shape), 0, 255).astype(np.uint8)
    yield random.integers(0, 255, (120, 300), np.uint8)
    page = Image.new("L", (1500, 300), 255)
    pen = ImageDraw.Draw(page)
    for number in range(30):
        pen.line([(20 + 45 * number, 40 + number), (60 + 45 * number, 200 - number * 3)], fill=8 * number, width=3)
    pen.text((40, 220), "lll|||1I!", font=ImageFont.load_default(size=44), fill=90)
    yield np.asarray(page).copy()


def hocr(languages: tuple[str, ...], modes: tuple[int, ...]) -> Iterator[str]:
    for lang in languages:
        api = tesserocr.PyTessBaseAPI(path=SETTINGS.tessdata, lang=lang, oem=1, variables={"debug_file": "/dev/null"})
        for psm in modes:
            for page in pages():
                height, width = page.shape
                api.SetPageSegMode(psm)
                api.SetImageBytes(page.tobytes(), width, height, 1, width)
                yield api.GetHOCRText(0)
                api.Clear()


def bind_functions() -> None:
    """Have Tesseract call what it calls for a page: the dynamic linker fills in each PLT entry at the first call."""
    page = draw([FIRST])[0]
    height, width = page.shape
    api = tesserocr.PyTessBaseAPI(path=SETTINGS.tessdata, lang="eng", oem=1, variables={"debug_file": "/dev/null"})
    api.SetImageBytes(page.tobytes(), width, height, 1, width)
    assert FIRST[0] in api.GetUTF8Text()


def before_and_after(languages: tuple[str, ...], modes: tuple[int, ...]) -> tuple[Acceleration, list[str], list[str]]:
    before = list(hocr(languages, modes))
    return install(), before, list(hocr(languages, modes))


@pytest.mark.parametrize(
    ("multiplier", "languages", "modes"),
    [
        ("auto", ("deu", "eng+deu"), (3, 7, 11)),
        *(pytest.param(multiplier, ("eng",), (6,), marks=pytest.mark.long) for multiplier in ("sse", "generic")),
    ],
)
def test_results_are_bit_identical(
    multiplier: str, languages: tuple[str, ...], modes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tesseract's own variable; each multiplier expects its weights in another order.
    monkeypatch.setenv("DOTPRODUCT", multiplier)
    acceleration, before, after = run_in_process(before_and_after, languages, modes)
    assert acceleration == BEST
    assert before == after
    assert sum("ocrx_word" in page for page in before) > len(before) / 2


def entries() -> list[int | None]:
    return [entry.value for name in HOOKS for entry in plt_hook.entries(plt_hook.tesseract(), name)]


def read_only_memory() -> str:
    """Digest of what the loader made read-only in Tesseract's and Leptonica's libraries: code, constants, vtables."""
    digest = hashlib.sha256()
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            addresses, flags, *_, name = line.split(maxsplit=5)
            if flags[:2] == "r-" and ("tesseract" in name or "leptonica" in name):
                start, end = (int(address, 16) for address in addresses.split("-"))
                memory.seek(start)
                digest.update(memory.read(end - start))
    return digest.hexdigest()


def memory_around_install(times: int) -> tuple[list[Acceleration], list[str], list[list[int | None]]]:
    bind_functions()
    states, digests, hooked = [], [read_only_memory()], [entries()]
    for _ in range(times):
        states.append(install())
        digests.append(read_only_memory())
        hooked.append(entries())
    return states, digests, hooked


def test_installing_twice_changes_nothing_more() -> None:
    states, digests, hooked = run_in_process(memory_around_install, 2)
    assert states == [BEST, BEST]
    assert digests[0] != digests[1] == digests[2]
    assert len(hooked[0]) == len(HOOKS)
    assert all(before != after for before, after in zip(hooked[0], hooked[1], strict=True))
    assert hooked[1] == hooked[2]


def start_worker(accelerate: bool) -> tuple[str, bool, list[str], list[list[int | None]]]:
    page = draw([FIRST])[0]
    bind_functions()
    digests, hooked = [read_only_memory()], [entries()]
    handler: Any = worker.start(replace(SETTINGS, accelerate=accelerate), RecognitionOptions())
    handler(worker.RecognitionJob(page, RecognitionOptions(), layout=True))
    digests.append(read_only_memory())
    hooked.append(entries())
    loaded = library().name in Path("/proc/self/maps").read_text()
    return handler.description, loaded, digests, hooked


def test_a_worker_is_accelerated_by_default() -> None:
    description, loaded, digests, _ = run_in_process(start_worker, True)
    assert description == f"{BEST.simd}:{BEST.reason}"
    assert loaded == (digests[0] != digests[1]) == HAS_AVX2


def test_without_acceleration_not_one_byte_is_changed() -> None:
    description, loaded, digests, hooked = run_in_process(start_worker, False)
    assert description == "none:disabled"
    assert not loaded
    assert digests[0] == digests[1]
    assert hooked[0] == hooked[1]


def install_with(fault: str) -> tuple[Acceleration, list[str], list[list[int | None]]]:
    bind_functions()
    if fault == "release":
        module.RELEASE = "5.5.3"  # type: ignore[misc]
    elif fault == "plt":
        HOOKS["no_such_function"] = "pixWriteMemSpix"
    else:
        refuse_third_write()
    digests, hooked = [read_only_memory()], [entries()] if fault != "plt" else [[]]
    acceleration = install()
    return acceleration, [*digests, read_only_memory()], [*hooked, entries() if fault != "plt" else []]


def refuse_third_write() -> None:
    """Let the C++ library's third call of ``mprotect`` that asks for writing fail, and all others succeed."""
    native = ctypes.CDLL(str(library()))
    mprotect = ctypes.CDLL(None, use_errno=True).mprotect
    mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    writes = 0

    def replacement(address: int, size: int, protection: int) -> int:
        nonlocal writes
        writes += protection & 2 != 0
        return -1 if writes == 3 and protection & 2 else int(mprotect(address, size, protection))

    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    KEPT.append(prototype(replacement))
    (entry,) = plt_hook.entries(plt_hook.library_of(native.patch_vtables), "mprotect")
    entry.value = ctypes.cast(KEPT[0], ctypes.c_void_p).value


KEPT: list[Any] = []


@pytest.mark.skipif(not HAS_AVX2, reason="the processor has no AVX2, so nothing would be installed")
@pytest.mark.parametrize("fault", ["release", "plt", "memory"])
def test_all_or_nothing(fault: str) -> None:
    acceleration, digests, hooked = run_in_process(install_with, fault)
    assert acceleration == Acceleration("none", fault)
    assert digests[0] == digests[1]
    assert hooked[0] == hooked[1]


def test_the_release_is_that_of_the_wheel() -> None:
    assert tesserocr.tesseract_version().split()[1] == RELEASE


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_a_missing_or_broken_library_is_a_reason(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "_native.so"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(module, "library", lambda: path)
    assert install() == Acceleration("none", "not_built")
