"""Reading order through the running service: drawn pages, real recognition, every output in the same order."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Sequence

import pypdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.layout import around
from tests.support.drawn_pages import encode
from tests.support.http_calls import metric, outputs_of, text_of, upload, words_of
from tools.local_stack import Server, Service

ITEMS = ("Hammer", "Copper wire", "Wood screws", "Paint brush", "Ladder", "Work bench", "Drill")
PRICES = ("12.50", "103.20", "4.75", "8.00", "79.90", "310.00", "64.25")
LEFT = (
    "The old road leaves the village",
    "behind the church and climbs to",
    "the edge of the forest, where a",
    "stone shows the way to the lake.",
    "From there one walks for an hour",
    "below high trees until the water",
    "shines between the last of them.",
    "Nobody lives on this side of it.",
)
RIGHT = (
    "In winter the lake is frozen and",
    "children come with their skates",
    "from all the farms around it. An",
    "old man sells hot chestnuts and",
    "tells them of the year when two",
    "horses and a cart broke through",
    "the ice and were never seen by",
    "anybody in the valley again.",
)
Cell = tuple[str, int, int]


@pytest.fixture
def server(service: Service) -> Server:
    return service.transformer


def draw(cells: Sequence[Cell], *, size: int = 32, page: tuple[int, int] = (1500, 1100)) -> Image.Image:
    """Texts at their places."""
    image = Image.new("L", page, 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=size)
    for text, x, y in cells:
        pen.text((x, y), text, font=font, fill=0)
    return image


def down(texts: Sequence[str], x: int, y: int, *, step: int) -> list[Cell]:
    return [(text, x, y + number * step) for number, text in enumerate(texts)]


def price_list(gap: int) -> Image.Image:
    return draw([*down(ITEMS, 100, 120, step=95), *down(PRICES, 330 + gap, 120, step=95)])


def two_columns(gap: int = 80) -> Image.Image:
    return draw([*down(LEFT, 100, 100, step=48), *down(RIGHT, 620 + gap, 100, step=48)])


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


ROWS = [f"{item} {price}" for item, price in zip(ITEMS, PRICES, strict=True)]


@pytest.mark.parametrize("gap", [60, 250, 800])
def test_prices_stand_beside_their_items(server: Server, gap: int) -> None:
    assert lines(text_of(upload(server, encode(price_list(gap))))) == ROWS


@pytest.mark.parametrize("gap", [50, 80, 300])
def test_columns_of_text_are_read_one_after_the_other(server: Server, gap: int) -> None:
    assert lines(text_of(upload(server, encode(two_columns(gap))))) == [*LEFT, *RIGHT]


def test_a_ruled_page_is_read_above_the_rule_first(server: Server) -> None:
    page = draw(
        [
            *down(LEFT[:6], 60, 60, step=48),
            *down(RIGHT[:6], 680, 60, step=48),
            *down(RIGHT[2:], 60, 430, step=48),
            *down(LEFT[2:], 680, 430, step=48),
        ],
        page=(1300, 800),
    )
    ImageDraw.Draw(page).line((40, 390, 1260, 390), fill=0, width=4)

    assert lines(text_of(upload(server, encode(page)))) == [*LEFT[:6], *RIGHT[:6], *RIGHT[2:], *LEFT[2:]]


def test_a_ruled_page_that_lies_on_its_side_is_read_in_the_same_order(server: Server) -> None:
    page = draw([*down(LEFT, 60, 60, step=48), *down(RIGHT, 680, 60, step=48)], page=(1300, 520))
    ImageDraw.Draw(page).line((640, 40, 640, 460), fill=0, width=4)
    turned = encode(page.rotate(90, expand=True))

    assert lines(text_of(upload(server, turned))) == [*LEFT, *RIGHT]


def test_every_output_has_the_same_order(server: Server) -> None:
    answer = outputs_of(upload(server, encode(price_list(700)), outputs="text,words,hocr,alto,tsv,pdf"))

    (page,) = json.loads(answer["words"][0])["pages"]
    found = {
        "text": " ".join(answer["text"][0].split()),
        "words": " ".join(word["text"] for word in words_of(page)),
        "hocr": " ".join(re.findall(r"class='ocrx_word'[^>]*>([^<]*)<", answer["hocr"][0].replace('"', "'"))),
        "alto": " ".join(html.unescape(text) for text in re.findall(r'CONTENT="([^"]*)"', answer["alto"][0])),
        "tsv": " ".join(row.split("\t")[11] for row in answer["tsv"][0].splitlines()[1:] if row.startswith("5\t")),
    }
    assert found == dict.fromkeys(found, " ".join(ROWS))


def test_the_searchable_pdf_has_the_same_order(server: Server) -> None:
    response = upload(server, encode(price_list(700)), headers={"Accept": "application/pdf"})

    text = pypdf.PdfReader(io.BytesIO(response.content)).pages[0].extract_text()
    assert " ".join(text.split()) == " ".join(ROWS)


def test_boxes_of_joined_lines_lie_around_their_words(server: Server) -> None:
    (words,) = outputs_of(upload(server, encode(price_list(250)), outputs="words"))["words"]

    (page,) = json.loads(words)["pages"]
    found = [line for block in page["blocks"] for paragraph in block["paragraphs"] for line in paragraph["lines"]]
    assert len(found) == len(ROWS)
    for line in found:
        assert line["bbox"] == list(around(tuple(word["bbox"]) for word in line["words"]))
        x0, y0, x1, y1 = line["baseline"]
        assert abs(x0 - line["bbox"][0]) < 10
        assert abs(x1 - line["bbox"][2]) < 10
        assert abs(y0 - y1) < 4


@pytest.mark.parametrize("border", [1, 5])
def test_cells_with_borders_of_any_weight_are_read_by_rows(server: Server, border: int) -> None:
    names = [*ITEMS, *(item.upper() for item in ITEMS)]
    cells = [(text, x, 112 + 56 * row) for row, name in enumerate(names) for text, x in ((name, 120), ("4.75", 520))]
    image = draw(cells, size=28, page=(900, 1000))
    pen = ImageDraw.Draw(image)
    for row in range(len(names) + 1):
        pen.line((100, 100 + 56 * row, 800, 100 + 56 * row), fill=0, width=border)
    for x in (100, 500, 800):
        pen.line((x, 100, x, 100 + 56 * len(names)), fill=0, width=border)

    found = text_of(upload(server, encode(image)))

    assert [line for line in found.splitlines() if line] == [f"{name} 4.75" for name in names]


def test_the_client_chooses_the_order(server: Server) -> None:
    page = encode(two_columns(300))

    rows = [" ".join(pair) for pair in zip(LEFT, RIGHT, strict=True)]
    assert lines(text_of(upload(server, page, order="rows"))) == rows
    assert lines(text_of(upload(server, page, order="columns"))) == [*LEFT, *RIGHT]


def test_a_segmentation_mode_keeps_the_engines_order(server: Server) -> None:
    page = encode(price_list(800))

    engine = text_of(upload(server, page, order="engine"))

    assert lines(engine) != ROWS, "the page must be one that the engine takes apart"
    assert text_of(upload(server, page, psm="3")) == engine
    assert lines(text_of(upload(server, page, psm="3", order="rows"))) == ROWS


def test_an_unknown_order_is_refused(server: Server) -> None:
    response = upload(server, encode(two_columns()), order="diagonal")

    assert response.status_code == 400
    assert "auto, rows, columns, engine" in response.json()["error"]


def test_pages_that_were_ordered_are_counted(server: Server) -> None:
    def count(changed: str) -> float:
        return metric(server, "ocr_pages_ordered_total", changed=changed)

    before = count("true"), count("false")
    upload(server, encode(price_list(800)))
    upload(server, encode(two_columns()))

    assert (count("true"), count("false")) == (before[0] + 1, before[1] + 1)


def test_tables_are_told_in_pixels_of_the_page_as_sent(server: Server) -> None:
    page = price_list(250)
    answer = outputs_of(upload(server, encode(page.rotate(2, fillcolor=255)), outputs="tables,csv,markdown"))

    ((table,),) = [found["tables"] for found in json.loads(answer["tables"][0])["pages"]]
    assert (table["rows"], table["columns"]) == (len(ROWS), 2)
    cells = {(cell["row"], cell["column"]): cell for cell in table["cells"]}
    for column, texts in enumerate((ITEMS, PRICES)):
        found = [cells[row, column]["text"].lower() for row in range(len(texts))]
        assert found == [text.lower() for text in texts], "on a leaning page a W may be read as a w"
    assert cells[0, 1]["bbox"][1] < cells[0, 0]["bbox"][1] - 10, "the right side of the page is turned up"
    rows = [f"{item},{price}".lower() for item, price in zip(ITEMS, PRICES, strict=True)]
    assert answer["csv"][0].lower().splitlines() == rows
    assert answer["markdown"][0].splitlines()[0] == f"| {ITEMS[0]} | {PRICES[0]} |"


def test_fields_of_a_form(server: Server) -> None:
    names, values = ("Name:", "Date of birth:", "City:", "Country:"), ("Anna Muster", "12 March 1984", "Bern", "Italy")
    form = draw([*down(names, 100, 120, step=80), *down(values, 700, 120, step=80)])

    (fields,) = outputs_of(upload(server, encode(form), outputs="fields"))["fields"]

    found = [(field["label"], field["value"]) for field in json.loads(fields)["pages"][0]["fields"]]
    assert found == [(name.rstrip(":"), value) for name, value in zip(names, values, strict=True)]


def test_structure_is_told_with_the_engines_order_too(server: Server) -> None:
    (tables,) = outputs_of(upload(server, encode(price_list(60)), outputs="tables", psm="4"))["tables"]

    assert len(json.loads(tables)["pages"][0]["tables"]) == 1
