"""A page from the first recognition to the text in order, with a predictor that answers as told."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import orjson
import pytest
from aiohttp import web
from msgspec.structs import replace

from kserve_ocr.observability import metrics
from kserve_ocr.protocol.layout import PageLayout, around, to_json
from kserve_ocr.protocol.parameters import RecognitionOptions
from tests.support.drawn_layouts import Pen, amounts, labels, letters_of, page, prose, texts
from tests.transformer.pipeline.fake_predictor import FakePredictor, predictor_client
from transformer.geometry import Geometry
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages import page_recognizer
from transformer.pipeline.pages.page_recognizer import PageOptions, PageRecognizer, RecognizedPage
from transformer.regions import shifted
from transformer.structure.order.page_order import OrderedPage, order_page
from transformer.structure.ruled.text_at_rules import part_without_rules
from transformer.structure.separators import Separators

metrics.declare_stages("network", "order")

PEN = Pen(20)
SIZE = (1400, 900)
NAMES, VALUES = labels(8), amounts(8)
TABLE = page(PEN.lines(NAMES, 100, 100), PEN.lines(VALUES, 900, 100), width=SIZE[0], height=SIZE[1])
ROWS = [f"{name} {value}" for name, value in zip(NAMES, VALUES, strict=True)]
WHOLE = page(PEN.lines(ROWS, 100, 100), width=SIZE[0], height=SIZE[1])
PROSE = page(PEN.lines(prose(8), 100, 100), width=SIZE[0], height=SIZE[1])


def prepared(letters: Any = None, numbers: Any = None) -> DocumentPage:
    return DocumentPage(
        number=1,
        pixels=np.full(SIZE[::-1], 200, np.uint8),
        geometry=Geometry.identity(*SIZE),
        width=SIZE[0],
        height=SIZE[1],
        steps=(),
        orientation_uncertain=False,
        letters=np.zeros((0, 4)) if letters is None else np.asarray(letters, np.float64),
        numbers=np.zeros((0, 8)) if numbers is None else np.asarray(numbers, np.float64),
        separators=Separators(),
        dpi=None,
        original_dpi=None,
        embedded=None,
        label="",
        decode_seconds=0,
        preprocess_seconds=0,
        single_page=True,
    )


def answer(layout: PageLayout, text: str = "as the engine has it") -> web.Response:
    words = orjson.dumps({"pages": [to_json(layout)]}).decode()
    values = {"output-0": text, "confidence": 0.9, "words": words}
    return web.json_response({"outputs": [{"name": name, "data": [value]} for name, value in values.items()]})


def refusal() -> web.Response:
    return web.json_response({"error": "the worker died of the page", "code": "page_crashed"}, status=502)


def recognize(
    *answers: web.Response,
    letters: Any = None,
    numbers: Any = None,
    steps: tuple[str, ...] = (),
    sent: DocumentPage | None = None,
    second_look: bool = True,
    order: Any = "auto",
    engine: RecognitionOptions = RecognitionOptions(),  # noqa: B008 - frozen
) -> tuple[RecognizedPage, FakePredictor]:
    async def run() -> tuple[RecognizedPage, FakePredictor]:
        async with predictor_client() as (client, fake):
            fake.answers = list(answers)
            options = PageOptions(engine=engine, order=order, second_look=second_look, wants_layout=False)
            deadline = asyncio.get_running_loop().time() + 60
            recognizer = PageRecognizer(client)
            ready = sent or replace(prepared(letters, numbers), steps=steps)
            return await recognizer.recognize(ready, options, deadline=deadline), fake

    return asyncio.run(run())


def parameters(fake: FakePredictor) -> list[dict[str, Any]]:
    """The parameters of each request, in order."""
    headers = [
        orjson.loads(body[: int(request.headers["Inference-Header-Content-Length"])])
        for request, body in zip(fake.requests, fake.bodies, strict=True)
    ]
    return [header["inputs"][0]["parameters"] for header in headers]


def modes(fake: FakePredictor) -> list[int]:
    """The segmentation modes asked for, in order."""
    return [found["psm"] for found in parameters(fake)]


def lines(reading: RecognizedPage) -> list[str]:
    return [line for line in reading.text.splitlines() if line]


def test_a_page_that_reads_well_is_recognized_once_and_keeps_the_engines_text() -> None:
    reading, fake = recognize(answer(PROSE))

    assert reading.text == "as the engine has it"
    assert modes(fake) == [3]


def test_split_rows_are_recognized_again_and_the_result_is_kept() -> None:
    reading, fake = recognize(answer(TABLE), answer(WHOLE))

    assert modes(fake) == [3, 4]
    assert [found.get("dpi") for found in parameters(fake)] == [None, 150]
    assert lines(reading) == ROWS
    assert reading.layout == WHOLE


GAPPED = page(
    [
        replace(name, bbox=around([name.bbox, value.bbox]), words=name.words + value.words)
        for name, value in zip(PEN.lines(NAMES, 100, 100), PEN.lines(VALUES, 900, 100), strict=True)
    ],
    width=SIZE[0],
    height=SIZE[1],
)
"""The table recognized with whole rows."""


@pytest.mark.parametrize("found", [GAPPED, TABLE])
def test_a_table_that_its_letters_tell_is_recognized_with_whole_rows_at_once(found: PageLayout) -> None:
    reading, fake = recognize(answer(found), letters=letters_of(GAPPED))

    assert [(sent["psm"], sent.get("dpi")) for sent in parameters(fake)] == [(4, 150)]
    assert reading.layout is not None
    assert texts(reading.layout) == ROWS


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"second_look": False}, 3),
        ({"order": "engine", "second_look": False}, 3),
        ({"engine": RecognitionOptions(psm=6)}, 6),
        ({"steps": ("dewarp",)}, 3),
    ],
)
def test_a_table_is_recognized_in_the_usual_mode_or_the_one_asked_for(options: dict[str, Any], mode: int) -> None:
    _, fake = recognize(answer(GAPPED), letters=letters_of(GAPPED), **options)

    assert modes(fake) == [mode]


def test_a_second_recognition_that_lost_rows_is_not_kept() -> None:
    lost = page(PEN.lines(ROWS[:5], 100, 100), width=SIZE[0], height=SIZE[1])

    reading, fake = recognize(answer(TABLE), answer(lost))

    assert modes(fake) == [3, 4]
    assert lines(reading) == ROWS


def test_unread_text_is_recognized_by_itself_and_added() -> None:
    below = [[100 + 10 * n, 604, 108 + 10 * n, 618] for n in range(40)]
    found = page([PEN.line("found below", 100, 600)], width=SIZE[0], height=SIZE[1])

    reading, fake = recognize(answer(PROSE), answer(found), letters=below)

    assert modes(fake) == [3, 11]
    assert lines(reading) == [*prose(8), "found below"]
    painted = np.frombuffer(fake.bodies[1][-SIZE[0] * SIZE[1] :], np.uint8).reshape(SIZE[::-1])
    word = next(PROSE.iter_words())
    assert painted[word.bbox[1] : word.bbox[3], word.bbox[0] : word.bbox[2]].min() == 255
    assert painted[600, 100] == 200


def test_only_the_rows_of_unread_text_are_sent_and_its_words_lie_where_they_are_on_the_page() -> None:
    read = [[word.bbox[0], word.bbox[1], word.bbox[0] + 8, word.bbox[3]] for word in PROSE.iter_words()] * 2
    below = [[100 + 10 * n, 604, 108 + 10 * n, 618] for n in range(40)]
    margin = int(1.2 * (618 - 604))
    found = PEN.line("found below", margin, 600 - 604 + margin)

    reading, fake = recognize(answer(PROSE), answer(page([found], width=500, height=46)), letters=[*read, *below])

    assert len(fake.bodies[1]) < SIZE[0] * SIZE[1] / 10
    assert lines(reading) == [*prose(8), "found below"]
    assert reading.layout is not None
    *_, word = reading.layout.iter_words()
    assert (word.text, word.bbox[1]) == ("below", 600)


def test_text_that_rules_spoiled_is_recognized_without_them() -> None:
    misread = Pen(20, confidence=0.6).lines([f"entny {number}" for number in range(8)], 100, 100)
    form = page(misread, width=SIZE[0], height=SIZE[1])
    rules = Separators(horizontal=tuple((90, line.bbox[3] + 2, 600, line.bbox[3] + 4) for line in misread))
    sent = replace(
        prepared([[*word.bbox[:2], word.bbox[0] + 10, word.bbox[3]] for word in form.iter_words()]), separators=rules
    )
    for x0, y0, x1, y1 in (word.bbox for word in form.iter_words()):
        sent.pixels[y0:y1, x0:x1:5] = 0
    part = part_without_rules(sent.pixels, form, sent.letters, rules)
    assert part is not None
    height, width = part.pixels.shape
    entries = [f"entry {number}" for number in range(8)]
    second = shifted(
        page(PEN.lines(entries, 100, 100)), left=-part.left, top=-int(part.rows[0]), width=width, height=height
    )

    reading, fake = recognize(answer(form), answer(second), sent=sent)

    assert modes(fake) == [3, 6]
    assert lines(reading) == entries
    assert reading.looked_again


BAR = PEN.line("Now | know == more", 100, 500)
BARRED = page([replace(BAR, height=27.0)], width=SIZE[0], height=SIZE[1])


def test_a_page_number_that_was_left_out_is_recognized_by_itself_and_comes_first() -> None:
    number = [[500, 40, 512, 60, 480, 40, 532, 60]]
    digit = page(Pen(20, confidence=0.95).lines(["4"], 39, 30), width=100, height=80)

    reading, fake = recognize(answer(PROSE), answer(digit), numbers=number)

    assert modes(fake) == [3, 7]
    assert lines(reading)[0] == "-4-"
    assert lines(reading)[1:] == texts(PROSE)

    listed = RecognitionOptions(blacklist="-")
    assert modes(recognize(answer(PROSE), numbers=number, engine=listed)[1]) == [3]


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        (RecognitionOptions(), "Now I know == more"),
        (RecognitionOptions(lang="frk"), "Now I know \u2014 more"),
        (RecognitionOptions(lang="rus"), "as the engine has it"),
        (RecognitionOptions(whitelist="Nowkmre|"), "as the engine has it"),
    ],
)
def test_signs_are_corrected_in_latin_script_unless_characters_are_listed(
    engine: RecognitionOptions, text: str
) -> None:
    reading, _ = recognize(answer(BARRED), engine=engine)

    assert lines(reading) == [text]


def test_the_first_recognition_stands_where_the_second_fails() -> None:
    reading, fake = recognize(answer(TABLE), refusal())

    assert modes(fake) == [3, 4]
    assert lines(reading) == ROWS


def test_nothing_is_recognized_again_where_that_is_switched_off() -> None:
    reading, fake = recognize(answer(TABLE), second_look=False)

    assert modes(fake) == [3]
    assert lines(reading) == ROWS


def test_the_engines_order_needs_no_layout() -> None:
    reading, fake = recognize(answer(TABLE), order="engine")

    assert reading.text == "as the engine has it"
    header = fake.bodies[0][: int(fake.requests[0].headers["Inference-Header-Content-Length"])]
    assert "words" not in [output["name"] for output in orjson.loads(header)["outputs"]]


def test_ordering_a_large_page_does_not_hold_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    large = page(*(PEN.lines(prose(400, seed=n), 100 + 900 * n, 100) for n in range(4)), width=4000, height=13_000)

    async def run() -> None:
        async with predictor_client() as (client, fake):
            fake.answers = [answer(large)]
            options = PageOptions(engine=RecognitionOptions(), order="rows", second_look=False, wants_layout=False)
            deadline = asyncio.get_running_loop().time() + 60
            await PageRecognizer(client).recognize(prepared(), options, deadline=deadline)

    threads = []

    def recorded(*arguments: Any, **options: Any) -> OrderedPage:
        threads.append(threading.current_thread())
        return order_page(*arguments, **options)

    monkeypatch.setattr(page_recognizer, "order_page", recorded)
    asyncio.run(run())
    assert threads
    assert threading.main_thread() not in threads
