from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from benchmarks.common.sample_files import drawing, drawn_pdf, encrypted_pdf, every_kind, frames, scans
from kserve_ocr.protocol.errors import (
    DamagedDocumentError,
    InvalidParameterError,
    OcrError,
    StartingError,
    TimedOutError,
    TooManyBytesError,
    TooManyPagesError,
    TooManyPixelsError,
)
from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.workers.pool import WorkerPool
from tests.support.drawn_pages import draw_page, encode
from transformer.pipeline import decode_pool
from transformer.pipeline.decode_job import DecodeJob, FinishedPdf, PageText, PdfOptions
from transformer.pipeline.decode_pool import DecodeOptions, DecodePool, DocumentPage, RequestQuota
from transformer.pipeline.decode_worker import start
from transformer.settings import TransformerSettings

PLAIN = DecodeOptions(preprocess=False, orient=False)


class Running:
    """A reader on an event loop of its own."""

    def __init__(self, runner: asyncio.Runner, reader: DecodePool) -> None:
        self._runner = runner
        self.reader = reader

    def read(self, document: bytes, options: DecodeOptions = PLAIN, **more: Any) -> list[DocumentPage]:
        return self._runner.run(read(self.reader, document, options, **more))

    def pdf(self, document: bytes, pages: list[PageText]) -> FinishedPdf:
        return self._runner.run(self.reader.searchable_pdf(document, pages, PdfOptions()))

    def run(self, test: Callable[[DecodePool], Any]) -> Any:
        return self._runner.run(test(self.reader))


async def read(reader: DecodePool, document: bytes, options: DecodeOptions = PLAIN, **more: Any) -> list[DocumentPage]:
    async with aclosing(reader.pages(document, options, **more)) as pages:
        return [page async for page in pages]


async def begun(reader: DecodePool) -> None:
    """Return when a decoder works."""
    while not reader._pool.busy:
        await asyncio.sleep(0)


def running(**changed: object) -> Iterator[Running]:
    settings = replace(TransformerSettings(decode_workers=2), **changed)
    with asyncio.Runner() as runner:
        reader = DecodePool(settings)
        runner.run(reader.start())
        yield Running(runner, reader)
        runner.run(reader.stop(grace=5))


@pytest.fixture(scope="module")
def decoders() -> Iterator[Running]:
    yield from running()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Decoders that obey the name of a fault drawn as the resolution of the page."""
    monkeypatch.setattr(decode_pool, "_start", start_faulty)
    yield from running(decode_seconds=2)


HANGS, DIES, EATS, LATER = 71, 72, 73, 74


def start_faulty() -> Callable[[DecodeJob], Any]:
    return FaultyDecoder(start())


class FaultyDecoder:
    def __init__(self, decoder: Callable[..., Any]) -> None:
        self._decoder = decoder

    def __call__(self, job: DecodeJob, file: int | None = None) -> Any:
        match job.options.dpi:
            case 71:
                signal.pause()
            case 72:
                os.kill(os.getpid(), signal.SIGSEGV)
            case 73:
                raise MemoryError
            case 74 if job.number == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._decoder(job) if file is None else self._decoder(job, file)


def numbers(pages: list[DocumentPage]) -> list[int]:
    return [page.number for page in pages]


def test_a_page_comes_with_all_that_is_known_of_it(decoders: Running) -> None:
    image = draw_page()
    (page,) = decoders.read(encode(image, dpi=(200, 200)))
    assert np.array_equal(page.pixels, np.asarray(image))
    assert page.pixels.flags.c_contiguous
    assert (page.number, page.width, page.height) == (1, *image.size)
    assert (page.dpi, page.original_dpi, page.steps, page.embedded) == (200, (200, 200), (), None)
    assert page.geometry.inverse([(3.0, 4.0)]).tolist() == [[3.0, 4.0]]
    assert page.decode_seconds > 0
    assert page.preprocess_seconds > 0


@pytest.mark.parametrize("name", sorted(every_kind()))
def test_every_kind_is_prepared(name: str, decoders: Running) -> None:
    pages = decoders.read(every_kind()[name], DecodeOptions())
    assert numbers(pages) == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.pixels.dtype == np.uint8
        assert page.pixels.ndim == 2
        assert page.geometry.original == (page.width, page.height)
        assert page.geometry.preprocessed == page.pixels.shape[::-1]


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    mode=st.sampled_from(["1", "L", "RGB", "RGBA", "P", "I;16"]),
    kind=st.sampled_from(["PNG", "TIFF"]),
    orientation=st.integers(1, 8),
)
def test_pages_of_any_small_size_are_prepared(
    size: tuple[int, int], mode: str, kind: str, orientation: int, decoders: Running
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    (page,) = decoders.read(encode(drawing(mode, size), kind, exif=exif), DecodeOptions())
    assert (page.width, page.height) == (size if orientation < 5 else size[::-1])
    assert page.geometry.original == (page.width, page.height)
    assert page.geometry.preprocessed == page.pixels.shape[::-1]


@pytest.mark.parametrize("name", sorted(every_kind()))
def test_every_kind_becomes_a_searchable_pdf(name: str, decoders: Running) -> None:
    pages = decoders.read(every_kind()[name], DecodeOptions())
    texts = [PageText(page.number, PageLayout(page.width, page.height, ()), 0) for page in pages]
    made = decoders.pdf(every_kind()[name], texts)
    with pypdfium2.PdfDocument(made.data.tobytes()) as pdf:
        assert len(pdf) == len(pages)
        for shown, page in zip(pdf, pages, strict=True):
            width, height = shown.get_size()
            assert width / height == pytest.approx(page.width / page.height, rel=0.02)


def test_the_bytes_of_a_jpeg_are_in_the_pdf(decoders: Running) -> None:
    document = encode(drawing("RGB"), "JPEG")
    made = decoders.pdf(document, [PageText(1, PageLayout(*drawing("RGB").size, ()), 90)])
    assert document in made.data.tobytes()
    with pypdfium2.PdfDocument(made.data.tobytes()) as pdf:
        assert pdf[0].get_rotation() == 90


def test_text_that_a_page_has_is_taken_instead_of_its_pixels(decoders: Running) -> None:
    (page,) = decoders.read(drawn_pdf(texts=["Drawn words"]), DecodeOptions(existing="skip"))
    assert page.pixels.size == 0
    assert page.embedded is not None
    assert [word.text for word in page.embedded.iter_words()] == ["Drawn", "words"]
    assert (page.width, page.height, page.original_dpi) == (page.embedded.width, page.embedded.height, (300, 300))
    assert page.geometry.original == (page.width, page.height)


def test_pages_of_text_come_together_and_in_order_with_those_to_be_drawn(decoders: Running) -> None:
    texts = [*["words"] * 20, "", "words", "", "", *["words"] * 3]
    document = drawn_pdf(size=(30, 20), texts=texts)
    pages = decoders.read(document, DecodeOptions(preprocess=False, existing="skip"))
    assert [page.number for page in pages] == list(range(1, len(texts) + 1))
    assert [page.embedded is not None for page in pages] == [bool(text) for text in texts]
    chosen = decoders.read(document, DecodeOptions(preprocess=False, existing="skip", selection="2-5,21,24"))
    assert [page.number for page in chosen] == [2, 3, 4, 5, 21, 24]
    assert not any(page.single_page for page in (*pages, *chosen))


def test_a_picture_beside_text_is_read_without_the_text(decoders: Running) -> None:
    document = drawn_pdf(texts=["Drawn words"], background=drawing("L", (300, 150)))
    (page,) = decoders.read(document, DecodeOptions(existing="skip", preprocess=False))
    assert page.embedded is not None
    assert page.pixels.shape == (page.height, page.width)
    for x0, y0, x1, y1 in (word.bbox for word in page.embedded.iter_words()):
        assert page.pixels[y0:y1, x0:x1].min() == 255
    assert page.pixels.min() < 128


def test_a_resolution_that_the_client_states_counts_for_images_only(decoders: Running) -> None:
    options = DecodeOptions(preprocess=False, dpi=123)
    assert decoders.read(encode(drawing(), dpi=(200, 200)), options)[0].dpi == 123
    assert decoders.read(drawn_pdf(), options)[0].dpi == 300


def test_a_fax_is_stretched_and_its_boxes_come_back(decoders: Running) -> None:
    fax = draw_page().convert("1").resize((1400, 252))
    (page,) = decoders.read(encode(fax, "TIFF", compression="group3", dpi=(204, 98)), DecodeOptions(orient=False))
    assert page.steps[0] == "stretch"
    assert page.original_dpi == (204, 98)
    assert page.pixels.shape[0] == pytest.approx(252 * 204 / 98, rel=0.2)
    assert (page.width, page.height) == (1400, 252)
    assert page.geometry.inverse([(float(page.pixels.shape[1]), 0.0)])[0, 0] == pytest.approx(1400, abs=60)
    assert decoders.read(encode(fax, "TIFF", compression="group3", dpi=(204, 98)))[0].pixels.shape == (252, 1400)


@pytest.mark.parametrize("ahead", [0, 1, 2, 5])
@pytest.mark.parametrize("make", [frames, scans])
def test_pages_come_in_order(make: Callable[[int], bytes], ahead: int, decoders: Running) -> None:
    pages = decoders.read(make(9), ahead=ahead)
    assert numbers(pages) == list(range(1, 10))
    for page in pages:
        expected = np.asarray(drawing("L", text=str(page.number)))
        assert np.abs(page.pixels.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("make", [frames, scans])
def test_only_selected_pages_are_read_in_the_order_given(make: Callable[[int], bytes], decoders: Running) -> None:
    pages = decoders.read(make(9), DecodeOptions(preprocess=False, selection="7,2-3"))
    assert numbers(pages) == [7, 2, 3]
    assert np.abs(pages[0].pixels.astype(int) - np.asarray(drawing("L", text="7"))).mean() < 3


def test_a_document_may_be_a_view(decoders: Running) -> None:
    assert decoders.run(lambda reader: read(reader, memoryview(encode(drawing())), PLAIN))  # type: ignore[arg-type]


def test_a_large_document_is_copied_off_the_loop(decoders: Running) -> None:
    image = Image.effect_noise((1500, 1500), 100)
    (page,) = decoders.read(encode(image, "BMP"))
    assert np.array_equal(page.pixels, np.asarray(image))


@pytest.mark.parametrize(
    ("document", "selection", "error", "words"),
    [
        (frames(2), "1,5", InvalidParameterError, "page 5, but the document has only 2 pages"),
        (frames(2), "x", InvalidParameterError, "such as 1-3,7"),
        (encrypted_pdf(), None, OcrError, "encrypted"),
        (frames(2, "tiff_lzw")[:-300], None, DamagedDocumentError, "page 2"),
    ],
)
def test_errors_of_decoding_reach_the_caller(
    document: bytes, selection: str | None, error: type[OcrError], words: str, decoders: Running
) -> None:
    with pytest.raises(error, match=words):
        decoders.read(document, DecodeOptions(preprocess=False, selection=selection))


def test_limits_are_the_settings() -> None:
    for limited in running(max_pages=2, max_page_pixels=10_000, max_request_pixels=20_000, max_document_bytes=3000):
        assert len(limited.read(frames(2, "group4", "1"))) == 2
        with pytest.raises(TooManyPagesError):
            limited.read(frames(3, "group4", "1"))
        assert numbers(limited.read(frames(9, "group4", "1"), DecodeOptions(preprocess=False, selection="9,8"))) == [
            9,
            8,
        ]
        with pytest.raises(TooManyPixelsError, match="page 1"):
            limited.read(encode(Image.new("L", (200, 60))))
        with pytest.raises(TooManyBytesError):
            limited.read(encode(drawing("RGB"), "BMP"))


def test_an_allowance_is_shared_by_the_documents_of_a_request(decoders: Running) -> None:
    quota = RequestQuota(pages=3, pixels=10**9)
    decoders.read(frames(2), quota=quota)
    with pytest.raises(TooManyPagesError):
        decoders.read(frames(2), quota=quota)
    decoders.read(frames(1), quota=quota)
    assert quota.pages == 0


def test_little_is_decoded_ahead(decoders: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    ran = WorkerPool.run

    async def run(self: Any, job: DecodeJob, **options: Any) -> Any:
        asked.append(job.number)
        return await ran(self, job, **options)

    monkeypatch.setattr(WorkerPool, "run", run)

    async def test(reader: DecodePool) -> None:
        async with aclosing(reader.pages(frames(20), PLAIN, ahead=2)) as pages:
            async for page in pages:
                await asyncio.sleep(0.05)
                assert len(asked) <= page.number + 2
                if page.number == 6:
                    break
        assert asked == [None, *range(2, 9)]

    decoders.run(test)


def test_a_long_document_does_not_hold_up_a_short_one(decoders: Running) -> None:
    async def test(reader: DecodePool) -> None:
        long = asyncio.create_task(read(reader, scans(200), DecodeOptions(), ahead=5))
        await begun(reader)
        for _ in range(3):
            await read(reader, encode(drawing()))
            assert not long.done()
        assert len(await long) == 200

    decoders.run(test)


def test_leaving_early_leaves_nothing_behind(decoders: Running) -> None:
    def open_files() -> int:
        return sum(
            "memfd:document" in str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
        )

    async def leave(reader: DecodePool) -> None:
        async with aclosing(reader.pages(frames(20), PLAIN)) as pages:
            async for _ in pages:
                break

    async def cancel(reader: DecodePool) -> None:
        task = asyncio.create_task(read(reader, scans(30)))
        await begun(reader)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    decoders.run(leave)
    decoders.run(cancel)
    assert open_files() == 0
    assert decoders.reader._ahead == 0
    assert numbers(decoders.read(frames(3))) == [1, 2, 3]


def test_a_decoder_that_hangs_is_given_up_and_the_next_document_is_read(faulty: Running) -> None:
    with pytest.raises(TimedOutError, match="the document: it took longer than 2 s"):
        faulty.read(encode(drawing()), DecodeOptions(dpi=HANGS))
    assert faulty.read(encode(drawing()))


def test_a_decoder_that_dies_is_the_documents_fault(faulty: Running) -> None:
    with pytest.raises(DamagedDocumentError, match=r"decoding crashed or timed out on the document \(.*SIGSEGV"):
        faulty.read(encode(drawing()), DecodeOptions(dpi=DIES))
    with pytest.raises(DamagedDocumentError, match="decoding crashed or timed out on page 3"):
        faulty.read(frames(5), DecodeOptions(dpi=LATER))
    assert faulty.read(encode(drawing()))


def test_want_of_memory_is_a_limit(faulty: Running) -> None:
    with pytest.raises(OcrError) as caught:
        faulty.read(encode(drawing()), DecodeOptions(dpi=EATS))
    assert 400 <= caught.value.status < 500
    assert faulty.read(encode(drawing()))


def test_a_page_that_needs_too_much_memory_is_refused_and_the_decoder_lives() -> None:
    page = encode(Image.new("RGB", (9000, 9000)), compress_level=1)
    for small in running(decode_worker_memory_mib=500, decode_workers=1):
        with pytest.raises(TooManyPixelsError, match="page 1 needs more memory"):
            small.read(page)
        assert small.read(encode(drawing()))


def test_a_deadline_ends_the_wait(faulty: Running) -> None:
    async def test(reader: DecodePool) -> None:
        deadline = asyncio.get_running_loop().time() + 0.2
        with pytest.raises(TimedOutError):
            await read(reader, encode(drawing()), DecodeOptions(dpi=HANGS), deadline=deadline)

    faulty.run(test)


def test_documents_are_refused_before_the_start() -> None:
    reader = DecodePool(TransformerSettings())
    assert not reader.ready
    with pytest.raises(StartingError):
        asyncio.run(read(reader, encode(drawing())))
