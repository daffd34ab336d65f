"""Pages that are recognized poorly at first, with a predictor that answers as told: blackletter, and grainy print."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest
from aiohttp import web
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont
from prometheus_client import REGISTRY

from kserve_ocr.protocol.layout import Line, PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from tests.support.drawn_layouts import Pen, page, prose
from tests.support.scripts import DEJAVU
from tests.transformer.pipeline.fake_predictor import FakePredictor, predictor_client
from tests.transformer.pipeline.pages.test_page_recognizer import SIZE, answer, prepared
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.ocr_request import Document
from transformer.pipeline.pages import blackletter, softening
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_reading import PageReading
from transformer.pipeline.pages.page_recognizer import PageOptions, PageRecognizer, RecognizedPage
from transformer.regions import shifted
from transformer.structure import alternatives
from transformer.structure.separators import Separators


def layout(confidence: float) -> PageLayout:
    """A page of prose whose words all have this confidence."""
    lines = [
        Line(line.bbox, tuple(replace(word, confidence=confidence) for word in line.words), line.baseline, line.height)
        for line in Pen(20).lines(prose(8), 100, 100)
    ]
    return page(lines, width=SIZE[0], height=SIZE[1])


def print_page(draw: Callable[[ImageDraw.ImageDraw, int, int], None], *, size: int = 20) -> DocumentPage:
    """A page with a grid of drawn letters of ``size`` pixels."""
    image = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(image)
    corners = [(x, y) for y in range(2 * size, SIZE[1] - size, 2 * size) for x in range(2 * size, SIZE[0] - size, size)]
    for x, y in corners:
        draw(pen, x, y)
    letters = [(x, y, x + size // 2, y + size) for x, y in corners]
    return replace(prepared(letters), pixels=np.asarray(image, np.uint8))


def blackletter_page(size: int = 20) -> DocumentPage:
    """Upright strokes whose ends are cut diagonally, as the pen of blackletter does."""
    edges = np.array([(0.25, 0), (0.5, 0.25), (0.25, 0.5), (0.25, 0.75), (0.5, 1), (0, 0.75), (0, 0.25)]) * size

    def stroke(pen: ImageDraw.ImageDraw, x: int, y: int) -> None:
        pen.polygon([(x + across, y + down) for across, down in edges], fill=0)

    return print_page(stroke, size=size)


def modern_page() -> DocumentPage:
    font = ImageFont.truetype(DEJAVU, 26)
    return print_page(lambda pen, x, y: pen.text((x, y - 6), "Hamburgefonstiv"[x // 20 % 15], font=font, fill=0))


def long_page() -> DocumentPage:
    """A page with letters of 20 pixels all over it."""
    x, y = np.meshgrid(np.arange(10, 1390, 18), np.arange(10, 890, 20))
    corners = np.stack([x.ravel(), y.ravel(), x.ravel() + 12, y.ravel() + 16], axis=1)
    return prepared(corners)


def read_page(
    *answers: web.Response,
    sent: DocumentPage | None = None,
    lang: str = "deu",
    installed: tuple[str, ...] = ("deu", "eng", "frk"),
    second_look: bool = True,
    softens: bool = False,
) -> tuple[RecognizedPage, LanguageChoice | None, list[str]]:
    """What was recognized, the language told, and the models of all recognitions but those of unread parts."""

    async def run() -> tuple[RecognizedPage, LanguageChoice | None, FakePredictor]:
        async with predictor_client() as (client, fake):
            fake.answers = list(answers)
            reading = RecognitionOptions(lang=lang)
            deadline = asyncio.get_running_loop().time() + 60
            options = PageOptions(engine=reading, order="auto", second_look=second_look, wants_layout=True)
            pages = PageReading(
                predictor=client,
                recognizer=PageRecognizer(client),
                installed_models=lambda: asyncio.sleep(0, list(installed)),
                document=Document(
                    b"",
                    reading=reading,
                    preprocess=True,
                    order="auto",
                    selection=None,
                    orient=False,
                    skip_steps=frozenset() if softens else frozenset({softening.STEP}),
                ),
                options=options,
                deadline=deadline,
            )
            _, found, language = await pages.read(sent or prepared())
            return found, language, fake

    found, language, fake = asyncio.run(run())
    sent_options = [_options(request, body) for request, body in zip(fake.requests, fake.bodies, strict=True)]
    return found, language, [sent["lang"] for sent in sent_options if sent["psm"] != alternatives.SPARSE_MODE]


def read(*answers: web.Response, **options: Any) -> tuple[str, list[str]]:
    """The text, and the models."""
    found, _, models = read_page(*answers, **options)
    return found.text, models


def _options(request: web.Request, body: bytes) -> dict[str, Any]:
    header: Any = orjson.loads(body[: int(request.headers["Inference-Header-Content-Length"])])
    return dict(header["inputs"][0]["parameters"])


def test_a_page_that_the_german_model_reads_well_is_recognized_once() -> None:
    assert read(answer(layout(0.9), "modern")) == ("modern", ["deu"])


def test_a_poor_page_is_recognized_with_the_model_for_blackletter_if_some_lines_are_surer_so() -> None:
    answers = answer(layout(0.74), "as modern"), answer(layout(0.85)), answer(layout(0.85), "blackletter")

    assert read(*answers) == ("blackletter", ["deu", "frk", "frk"])


def test_a_poor_page_that_is_no_blackletter_keeps_its_first_result() -> None:
    assert read(answer(layout(0.74), "modern"), answer(layout(0.75))) == ("modern", ["deu", "frk"])


def test_broken_strokes_tell_that_a_page_is_recognized_with_the_model_for_blackletter_first() -> None:
    whole = answer(layout(0.85), "blackletter"), answer(layout(0.85))  # and what lies outside the words of the answer

    assert read(*whole, answer(layout(0.74)), sent=blackletter_page()) == ("blackletter", ["frk", "deu"])


def test_a_page_with_broken_strokes_in_modern_print_is_recognized_again() -> None:
    whole, again = ([answer(layout(0.85), text), answer(layout(0.85))] for text in ("blackletter", "modern"))

    assert read(*whole, answer(layout(0.84)), *again, sent=blackletter_page()) == ("modern", ["frk", "deu", "deu"])


def test_a_poor_page_in_modern_print_is_not_tried_with_the_model_for_blackletter() -> None:
    assert read(answer(layout(0.6), "modern"), sent=modern_page()) == ("modern", ["deu"])


@pytest.mark.parametrize("size", [12, 20, 48])
def test_strokes_of_blackletter_are_broken_at_every_size(size: int) -> None:
    strokes = blackletter.broken_strokes(blackletter_page(size))

    assert strokes is not None
    assert strokes > 3
    assert blackletter.is_likely(strokes)


def test_strokes_of_a_few_letters_say_nothing() -> None:
    assert blackletter.broken_strokes(prepared([[0, 0, 8, 20]] * 30)) is None
    assert not blackletter.is_likely(None)


@pytest.mark.parametrize("kept", [True, False])
def test_metrics_tell_whether_the_model_for_blackletter_was_kept(kept: bool) -> None:
    def count() -> float:
        labels = {"reason": "blackletter", "kept": str(kept).lower()}
        return REGISTRY.get_sample_value("ocr_second_looks_total", labels) or 0

    before = count()

    read(answer(layout(0.74)), answer(layout(0.85 if kept else 0.7)))

    assert count() == before + 1


def test_the_model_for_blackletter_is_told() -> None:
    found, language, _ = read_page(*[answer(layout(confidence)) for confidence in (0.74, 0.85, 0.85)])

    assert found.lang == "frk"
    assert language == LanguageChoice("frk", 0.85)


def test_nothing_is_told_of_a_page_that_was_recognized_as_asked() -> None:
    found, language, _ = read_page(answer(layout(0.9)))

    assert found.lang == "deu"
    assert language is None


@pytest.mark.parametrize(
    "options", [{"lang": "eng"}, {"lang": "frk"}, {"lang": "deu+frk"}, {"installed": ("deu",)}, {"second_look": False}]
)
def test_there_is_nothing_to_choose_without_another_model(options: dict[str, Any]) -> None:
    text, models = read(answer(layout(0.74), "the only one"), **options)

    assert text == "the only one"
    assert models == [options.get("lang", "deu")]


def test_other_languages_beside_german_stay() -> None:
    assert blackletter.other_model("deu+eng") == "frk+eng"
    assert blackletter.other_model("eng+fra") is None


def test_grainy_print_is_recognized_softened_if_a_part_of_it_is_surer_so() -> None:
    answers = answer(layout(0.6), "grainy"), answer(layout(0.7)), answer(layout(0.9), "smooth")

    assert read(*answers, lang="eng", softens=True) == ("smooth", ["eng"] * 3)


def test_print_that_is_as_poor_once_softened_keeps_its_first_result() -> None:
    answers = answer(layout(0.6), "poor"), answer(layout(0.61)), answer(layout(0.6))

    assert read(*answers, lang="eng", softens=True) == ("poor", ["eng"] * 3)


def test_nothing_is_softened_where_the_step_is_skipped() -> None:
    assert read(answer(layout(0.6), "grainy"), lang="eng") == ("grainy", ["eng"])


def half_sure() -> tuple[PageLayout, PageLayout, list[str]]:
    """A page whose second half is uncertain, that half with other words that are surer, and the sure lines."""
    poor, fair = list(layout(0.6).iter_lines()), list(layout(0.9).iter_lines())
    changed = [
        replace(line, words=tuple(replace(word, text=word.text.upper()) for word in line.words)) for line in fair
    ]
    first = page([*fair[:4], *poor[4:]], width=SIZE[0], height=SIZE[1])
    return first, in_part(changed[4:], first), [*prose(8)[:4], *(text.upper() for text in prose(8)[4:])]


def in_part(lines: list[Line], first: PageLayout) -> PageLayout:
    """Lines of a page in pixels of the part that is recognized again, which is a single block of lines."""
    part = softening.uncertain_part(prepared().pixels, first)
    assert part is not None
    height, width = part.pixels.shape
    assert height == part.rows[-1] - part.rows[0] + 1
    found = page(lines, width=SIZE[0], height=SIZE[1])
    return shifted(found, left=-part.left, top=-int(part.rows[0]), width=width, height=height)


def test_words_that_are_surer_once_the_page_is_softened_are_taken() -> None:
    first, second, sure = half_sure()

    found, _, models = read_page(answer(first), answer(second), lang="eng", softens=True)

    assert found.text.split("\n")[:8] == sure
    assert found.confidence == pytest.approx(0.9)
    assert models == ["eng", "eng"]


def test_lines_that_were_recognized_well_are_not_looked_at_again() -> None:
    sure, unsure = (Pen(20, confidence=value).lines(prose(4), 100, top) for value, top in ((0.9, 100), (0.6, 300)))
    black = np.zeros((SIZE[1], SIZE[0]), np.uint8)

    part = softening.uncertain_part(black, page([*sure, *unsure], width=SIZE[0], height=SIZE[1]))

    assert part is not None
    boxes = np.array([word.bbox for line in unsure for word in line.words])
    assert len(part.pixels) < len(black) / 4
    assert set(range(boxes[:, 1].min(), boxes[:, 3].max())) < {*part.rows.tolist()}
    assert (part.pixels[part.rows >= boxes[:, 1].min()] == 0).all()
    for x0, y0, x1, y1 in (word.bbox for line in sure for word in line.words):
        rows = np.flatnonzero((part.rows >= y0) & (part.rows < y1 - 1))
        assert (part.pixels[rows, max(0, x0 - part.left) : x1 - part.left] == 255).all()


def test_a_page_whose_lines_were_all_recognized_well_is_not_looked_at_again() -> None:
    assert softening.uncertain_part(prepared().pixels, layout(0.9)) is None


def test_lines_that_were_looked_at_again_without_rules_are_not_softened() -> None:
    poor = layout(0.75)
    rules = tuple((90, line.bbox[3] + 2, 1000, line.bbox[3] + 4) for line in poor.iter_lines())
    letters = [[*word.bbox[:2], word.bbox[0] + 10, word.bbox[3]] for word in poor.iter_words()]
    sent = replace(prepared(np.array(letters, np.float64)), separators=Separators(horizontal=rules))
    sent.pixels[:] = np.where(np.arange(SIZE[0]) % 5, 255, 0)

    found, _, models = read_page(answer(poor, "poor"), answer(poor), sent=sent, lang="eng", softens=True)

    assert models == ["eng", "eng"]
    assert found.looked_again


def test_surer_words_of_old_print_have_their_long_s_read() -> None:
    printed = "Il eft jufte que fon domeftique fe foit tu"
    sure, unsure = Pen(20, confidence=0.9), Pen(20, confidence=0.6)
    lines, misread = [printed] * 4, [printed.upper()] * 4
    first = [*sure.lines(lines, 100, 100), *unsure.lines(misread, 100, 300)]
    first_page = page(first, width=SIZE[0], height=SIZE[1])
    second = in_part(sure.lines(lines, 100, 300), first_page)

    found, _ = read(answer(first_page), answer(second), lang="fra", softens=True)

    assert found.split("\n")[:8] == ["Il est juste que son domestique se soit tu"] * 8


def test_no_words_are_looked_at_again_on_a_long_page() -> None:
    sent = long_page()
    sent = replace(sent, letters=np.repeat(sent.letters, 2, axis=0))

    found, _, models = read_page(answer(half_sure()[0], "long"), sent=sent, lang="eng", softens=True)

    assert (found.text, models) == ("long", ["eng"])


def test_softening_keeps_edges_where_they_are_and_takes_single_pixels_down() -> None:
    image = np.full((40, 40), 255, np.uint8)
    image[:, 20:] = 0
    image[10, 10] = 0

    soft = softening.softened(image)

    assert soft.shape == image.shape
    assert (soft[30, :19] == 255).all()
    assert (soft[30, 21:] == 0).all()
    assert soft[10, 10] == round(255 * 0.75)
