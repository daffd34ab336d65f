"""The web page in a real Chromium, against real servers."""

from __future__ import annotations

import io
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Error, FilePayload, Page, Route, expect, sync_playwright
from pypdf import PdfReader

from benchmarks.common.sample_files import drawn_pdf, encrypted_pdf
from tests.transformer.formats import drawn
from tools.local_stack import Service
from transformer.parameters import DOCUMENT_PARAMETERS

_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    installed = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def web(browser: Browser, service: Service) -> Iterator[Page]:
    """The page, freshly opened. Fails the test when the page's own script throws or breaks its policy."""
    context = browser.new_context(accept_downloads=True, locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Policy" in message.text else None)
    page.set_default_timeout(20_000)
    page.goto(f"{service.url}/gateway/")
    expect(page.locator("#language-list input[type=checkbox]")).not_to_have_count(0)
    yield page
    context.close()
    assert not wrong


def _encoded(*pages: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if len(pages) > 1 else {}
    pages[0].save(file, kind, **more, **options)
    return file.getvalue()


def _file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


def _scan(name: str = "scan.png") -> FilePayload:
    return _file(name, _encoded(drawn.draw()[0]))


def _two_pages() -> FilePayload:
    pages = [drawn.draw((text,), size=(700, 200))[0] for text in ("The first page", "And the second")]
    return _file("two.tif", _encoded(*pages, kind="TIFF"))


def _give(page: Page, *files: FilePayload) -> None:
    page.locator("#picker").set_input_files(list(files))


def _row(page: Page, name: str) -> Any:
    return page.get_by_role("list", name="Files").get_by_role("listitem").filter(has_text=name)


def _wait_read(page: Page, name: str) -> None:
    expect(_row(page, name)).to_have_attribute("data-state", "done", timeout=30_000)


def _boxes(page: Page) -> list[tuple[float, ...]]:
    rects = page.locator("#overlay .boxes rect").all()
    found = [[float(rect.get_attribute(name) or "nan") for name in ("x", "y", "width", "height")] for rect in rects]
    return [(x, y, x + width, y + height) for x, y, width, height in found]


def test_file_is_read_and_shown_with_its_words(web: Page) -> None:
    _give(web, _scan())
    _wait_read(web, "scan.png")
    _, words = drawn.draw()
    expect(web.get_by_role("heading", name="scan.png")).to_be_visible()
    assert web.locator("#reading").inner_text().split() == [text for text, _ in words]
    for box, (_, ink) in zip(_boxes(web), words, strict=True):
        assert max(abs(a - b) for a, b in zip(box, ink, strict=True)) <= 3
    expect(web.locator("#picture")).to_be_visible()
    expect(web.get_by_role("img", name=re.compile(r"^Page 1: 19 words found, mean confidence \d+ %$"))).to_be_visible()
    expect(_row(web, "scan.png")).to_contain_text(re.compile(r"1 page, 19 words, \d+ % sure, [\d.]+ s"))


@pytest.mark.long
def test_boxes_lie_on_the_words_of_a_turned_photo(web: Page) -> None:
    """The browser shows the photo upright, as its EXIF data says, and so are the boxes."""
    upright, words = drawn.draw()
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    _give(web, _file("photo.jpg", _encoded(stored, kind="JPEG", quality=95, exif=exif)))
    _wait_read(web, "photo.jpg")
    expect(web.locator("#overlay")).to_have_attribute("viewBox", "0 0 1000 500")
    expect(web.locator("#sheet")).to_have_attribute("data-mode", "picture")
    first, (_, ink) = _boxes(web)[0], words[0]
    assert max(abs(a - b) for a, b in zip(first, ink, strict=True)) <= 4


@pytest.mark.long
def test_pages_of_a_document_the_browser_cannot_show(web: Page) -> None:
    _give(web, _two_pages())
    _wait_read(web, "two.tif")
    expect(web.locator("#reading")).to_have_text(re.compile(r"^\s*The first page\s*$"))
    expect(web.locator("#picture")).to_be_hidden()
    expect(web.locator("#overlay .letters text")).to_have_text(["The", "first", "page"])
    expect(web.get_by_label("Previous page")).to_be_disabled()
    web.get_by_label("Next page").click()
    expect(web.locator("#reading")).to_have_text(re.compile(r"^\s*And the second\s*$"))
    expect(web.get_by_label("Next page")).to_be_disabled()
    expect(web.get_by_role("status")).to_have_text(re.compile("^Page 2: 3 words found"))
    web.locator("#page").select_option("Page 1 of 2")
    expect(web.locator("#overlay .letters text")).to_have_text(["The", "first", "page"])


@pytest.mark.long
def test_single_page_that_the_browser_cannot_show_is_drawn(web: Page) -> None:
    page, words = drawn.draw()
    _give(web, _file("scan.tif", _encoded(page, kind="TIFF")))
    _wait_read(web, "scan.tif")
    expect(web.locator("#overlay .letters text")).to_have_text([text for text, _ in words])
    expect(web.locator("#pointed")).to_contain_text("the words are drawn where they were found")
    scale = web.locator("#overlay").bounding_box()["width"] / 1000  # type: ignore[index]
    for text, (_, ink) in zip(web.locator("#overlay .letters text").all(), words, strict=True):
        shown = text.bounding_box()
        assert shown is not None
        assert shown["width"] / scale == pytest.approx(ink[2] - ink[0], abs=6)


@pytest.mark.long
@pytest.mark.parametrize("way", ["drop", "paste"])
def test_files_come_in_by_drop_and_by_paste(web: Page, way: str) -> None:
    data = list(_encoded(drawn.draw(("Dropped here",), size=(600, 200))[0]))
    web.evaluate(
        """([way, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], 'given.png', { type: 'image/png' }));
            const options = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
            const Kind = way === 'drop' ? DragEvent : ClipboardEvent;
            document.body.dispatchEvent(new Kind(way, options));
        }""",
        [way, data],
    )
    _wait_read(web, "given.png")
    expect(web.locator("#reading")).to_contain_text("Dropped here")


@pytest.mark.long
def test_several_files_of_which_one_is_refused(web: Page) -> None:
    _give(web, _scan("one.png"), _file("notes.txt", b"just text"), _scan("three.png"))
    for name in ("one.png", "three.png"):
        _wait_read(web, name)
    refused = _row(web, "notes.txt")
    expect(refused).to_have_attribute("data-state", "failed")
    expect(refused).to_contain_text(re.compile("The document is neither an image nor a PDF .*send PNG"))
    with web.expect_response("**/gateway/ocr*") as again:
        refused.get_by_role("button", name="Read notes.txt again").click()
    assert again.value.status == 415
    web.get_by_role("button", name="three.png", exact=False).first.click()
    expect(web.get_by_role("heading", name="three.png")).to_be_visible()
    web.get_by_role("button", name="Remove three.png").click()
    expect(web.get_by_role("heading", name="one.png")).to_be_visible()


def test_choices_come_from_the_model_and_go_with_the_request(web: Page, service: Service) -> None:
    web.locator("#languages summary").click()
    models = [box.get_attribute("value") for box in web.locator("#language-list input").all()]
    assert "eng" in models
    assert "osd" not in models
    expect(web.get_by_role("checkbox", name="English")).to_be_checked()
    if "fra" in models:
        web.get_by_role("checkbox", name="French").check()
        expect(web.locator("#chosen")).to_have_text("English, French")
    web.keyboard.press("Escape")
    expect(web.locator("#languages summary")).to_be_focused()
    web.get_by_label("Layout").select_option("One block")
    web.get_by_label("Preparation").select_option("None")
    with web.expect_request("**/gateway/ocr*") as sent:
        _give(web, _scan())
    asked = parse_qs(urlsplit(sent.value.url).query)
    assert asked == {
        "lang": ["eng+fra" if "fra" in models else "eng"],
        "psm": ["6"],
        "preprocess": ["none"],
        "orient": ["auto"],
        "outputs": ["text,words,confidence,tables,fields"],
    }
    _wait_read(web, "scan.png")


def test_every_parameter_has_a_field(web: Page) -> None:
    """Those without one of their own get it from the model's description."""
    web.locator("#more-options summary").click()
    expect(web.locator("#more-list input").first).to_be_visible()
    fields = {field.get_attribute("name") for field in web.locator("#options [name]").all()}
    assert fields | {"lang", "psm", "preprocess", "orient"} == {parameter.name for parameter in DOCUMENT_PARAMETERS}

    web.get_by_label("whitelist").fill("0123456789")
    web.get_by_label("order").select_option("rows")
    web.get_by_label("password").fill("secret")
    with web.expect_request("**/gateway/ocr*") as sent:
        _give(web, _scan())
    asked = parse_qs(urlsplit(sent.value.url).query)
    assert (asked["whitelist"], asked["order"]) == (["0123456789"], ["rows"])
    assert "password" not in asked
    _wait_read(web, "scan.png")
    assert not re.search("[A-Za-z]", web.locator("#reading").inner_text())
    _give(web, _file("closed.pdf", encrypted_pdf(user_password="secret")))
    _wait_read(web, "closed.pdf")


@pytest.mark.long
def test_page_works_when_the_model_does_not_describe_itself(web: Page) -> None:
    web.route("**/v2/models/*", lambda route: route.fulfill(status=404, body="{}"))
    web.reload()
    web.locator("#languages summary").click()
    web.get_by_label("Tesseract models, joined by +").fill("eng , osd")
    expect(web.locator("#chosen")).to_have_text("eng , osd")
    with web.expect_request("**/gateway/ocr*") as sent:
        _give(web, _scan())
    assert parse_qs(urlsplit(sent.value.url).query)["lang"] == ["eng+osd"]


@pytest.mark.long
def test_busy_service_is_asked_again(web: Page) -> None:
    answers = itertools.count()

    def busy_once(route: Route) -> None:
        if next(answers):
            route.continue_()
        else:
            body = json.dumps({"error": "all places are taken; try again", "code": "overloaded"})
            route.fulfill(status=503, headers={"Retry-After": "1"}, content_type="application/json", body=body)

    web.route("**/gateway/ocr*", busy_once)
    _give(web, _scan())
    expect(_row(web, "scan.png")).to_contain_text("All places are taken; try again.")
    _wait_read(web, "scan.png")
    assert next(answers) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": 502, "body": "<html>"}, "The service answered 502. Try again in a moment."),
        ({"status": 200, "body": "{}"}, "The answer could not be understood. Read again, or tell the operator."),
        (None, "The service cannot be reached. Check the connection, then read again."),
    ],
)
def test_answers_of_others_than_the_service(web: Page, answer: dict[str, Any] | None, message: str) -> None:
    web.route("**/gateway/ocr*", lambda route: route.fulfill(**answer) if answer else route.abort())
    _give(web, _scan())
    expect(_row(web, "scan.png")).to_contain_text(message)
    expect(web.get_by_role("status")).to_have_text(f"scan.png: {message}")


@pytest.mark.long
def test_reading_can_be_cancelled(web: Page) -> None:
    web.route("**/gateway/ocr*", lambda route: None)  # never answered
    with web.expect_request("**/gateway/ocr*") as sent:
        _give(web, _scan())
    with web.expect_event("requestfailed", lambda request: request == sent.value):
        web.get_by_role("button", name="Cancel scan.png").click()
    expect(_row(web, "scan.png")).to_have_count(0)
    expect(web.locator("#picker")).to_be_focused()


@pytest.fixture
def read(web: Page) -> Page:
    """The page with one file read."""
    _give(web, _scan())
    _wait_read(web, "scan.png")
    return web


def _saved(page: Page, label: str, *, verb: str = "Download") -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"{verb} {label}").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_options_of_the_pdf(read: Page) -> None:
    name, pdf = _saved_as(read, "PDF/A-2b")
    assert name == "scan.pdf"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:part>" not in _saved_as(read, "None")[1]
    assert b"/StructTreeRoot" in _saved_as(read, "PDF/A-2b", tags="Headings, lists, tables")[1]


def _saved_as(page: Page, archive_format: str, *, tags: str = "None added") -> tuple[str, bytes]:
    page.locator("#pdf-options summary").click()
    page.get_by_label("Archive format").select_option(archive_format)
    page.get_by_label("Tags").select_option(tags)
    page.get_by_label("Archive format").press("Escape")
    return _saved(page, "PDF")


@pytest.mark.long
def test_pages_with_text_of_their_own_are_counted(web: Page) -> None:
    _give(web, _file("report.pdf", drawn_pdf()))
    expect(_row(web, "report.pdf").locator(".state")).to_contain_text("1 page (1 with text)")


def test_downloads(read: Page) -> None:
    name, text = _saved(read, "Text")
    assert (name, text.decode().split()) == ("scan.txt", " ".join(drawn.TEXT).split())
    name, pdf = _saved(read, "PDF")
    assert (name, PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split()) == ("scan.pdf", text.decode().split())
    name, hocr = _saved(read, "hOCR")
    assert name == "scan.hocr.html"
    assert len(etree.fromstring(hocr).xpath("//*[@class='ocrx_word']")) == 19
    name, alto = _saved(read, "ALTO")
    assert name == "scan.alto.xml"
    assert len(etree.fromstring(alto).xpath("//@CONTENT")) == 19
    name, words = _saved(read, "JSON")
    assert (name, json.loads(words)["pages"][0]["width"]) == ("scan.json", 1000)


@pytest.mark.long
def test_copy_gives_the_text_as_it_was_read(read: Page) -> None:
    read.context.grant_permissions(["clipboard-read", "clipboard-write"])
    read.get_by_role("button", name="Copy").click()
    expect(read.get_by_role("status")).to_have_text("Text of the page copied")
    assert read.evaluate("() => navigator.clipboard.readText()").split() == " ".join(drawn.TEXT).split()


@pytest.mark.long
def test_text_can_be_selected(read: Page) -> None:
    read.locator("#reading").focus()
    read.evaluate("() => getSelection().selectAllChildren(document.getElementById('reading'))")
    assert read.evaluate("() => getSelection().toString()").split() == " ".join(drawn.TEXT).split()


@pytest.mark.long
def test_word_is_marked_in_both_panes(read: Page) -> None:
    read.locator("#reading .word", has_text="transformer").hover()
    expect(read.locator("#overlay rect.pointed")).to_have_attribute("data-word", "1")
    expect(read.locator("#pointed")).to_have_text(re.compile(r"^“transformer”: \d+ %, (sure|fair|uncertain)$"))
    read.locator("#overlay .boxes rect").first.hover()
    expect(read.locator("#reading .pointed")).to_have_text("The")


def test_blocks_are_numbered_in_reading_order_on_demand(web: Page) -> None:
    page = Image.new("L", (1200, 700), 255)
    pen = ImageDraw.Draw(page)
    pen.text((60, 60), "A heading of the page", font=ImageFont.load_default(size=70), fill=0)
    for number, line in enumerate(("Some lines of text that", "stand below the heading", "and belong together.")):
        pen.text((60, 360 + 50 * number), line, font=ImageFont.load_default(size=36), fill=0)
    _give(web, _file("blocks.png", _encoded(page)))
    _wait_read(web, "blocks.png")

    numbers = web.locator("#overlay .blocks text")
    expect(numbers).to_have_text(["1", "2"])
    expect(numbers.first).to_be_hidden()
    web.get_by_label("Numbered blocks").check()
    expect(numbers.first).to_be_visible()
    tops = [float(number.get_attribute("y") or "nan") for number in numbers.all()]
    assert tops == sorted(tops)


def _price_list() -> FilePayload:
    """A table of three columns, and two fields below."""
    page = Image.new("L", (1200, 700), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=36)
    rows = [
        ("Apples", "125", "3.50"),
        ("Pears, green", "700", "2.80"),
        ("Plums", "250", "9.75"),
        ("Dates", "405", "6.20"),
    ]
    for number, row in enumerate(rows):
        for x, text in zip((60, 520, 770), row, strict=True):
            pen.text((x, 60 + 80 * number), text, font=font, fill=0)
    for number, text in enumerate(("Customer: Miller", "Invoice number: 4711")):
        pen.text((60, 500 + 80 * number), text, font=font, fill=0)
    return _file("prices.png", _encoded(page))


def test_tables_and_fields_are_shown_and_can_be_saved(web: Page) -> None:
    _give(web, _price_list())
    _wait_read(web, "prices.png")
    table = web.get_by_role("table", name="Table 1: 4 rows, 3 columns")
    expect(table.locator("tr").nth(1).locator("td")).to_have_text(["Pears, green", "700", "2.80"])
    fields = web.get_by_role("table", name=re.compile("^Fields"))
    expect(fields.get_by_role("row", name="Customer Miller").get_by_role("rowheader")).to_have_text("Customer")

    name, csv = _saved(web, "Table 1 as CSV", verb="Save")
    assert name == "prices.table-1.csv"
    assert csv.decode().split("\r\n")[1] == '"Pears, green",700,2.80'
    web.context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.get_by_role("button", name="Copy Fields as CSV").click()
    expect(web.get_by_role("status")).to_have_text("Fields copied")
    assert "Invoice number,4711" in web.evaluate("() => navigator.clipboard.readText()").splitlines()
    web.set_viewport_size({"width": 360, "height": 740})
    assert web.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_cells_of_a_table_span_rows_and_columns_and_are_never_markup(web: Page) -> None:
    def cell(row: int, column: int, text: str, *, down: int = 1, across: int = 1) -> dict[str, Any]:
        return {"row": row, "column": column, "row_span": down, "column_span": across, "text": text}

    cells = [cell(0, 0, "<b>all</b>", across=3), cell(1, 0, "left", down=2), cell(1, 1, "a"), cell(2, 2, 'the "b"')]
    answer = json.loads(_with_confidences(0.9))
    tables = {"pages": [{"page": 1, "tables": [{"bbox": [0, 0, 9, 9], "rows": 3, "columns": 3, "cells": cells}]}]}
    answer["outputs"].append({"name": "tables", "data": [json.dumps(tables)]})
    web.route("**/gateway/ocr*", lambda route: route.fulfill(json=answer))
    _give(web, _scan())
    _wait_read(web, "scan.png")

    shown = web.locator("#content td").evaluate_all("cells => cells.map((c) => [c.textContent, c.rowSpan, c.colSpan])")
    assert shown == [["<b>all</b>", 1, 3], ["left", 2, 1], ["a", 1, 1], ["", 1, 1], ["", 1, 1], ['the "b"', 1, 1]]
    assert _saved(web, "Table 1 as CSV", verb="Save")[1] == b'<b>all</b>,,\r\nleft,a,\r\n,,"the ""b"""\r\n'


@pytest.mark.long
def test_the_steps_of_preparation_are_named(web: Page, read: Page) -> None:
    expect(read.locator("#preparation")).to_have_text("Read as it is")
    skewed = drawn.draw()[0].rotate(3, expand=True, fillcolor=255)
    _give(web, _file("skewed.png", _encoded(skewed)))
    _wait_read(web, "skewed.png")
    _row(web, "skewed.png").get_by_role("button", name=re.compile("skewed")).first.click()
    expect(web.locator("#preparation")).to_contain_text("skew removed")


@pytest.mark.long
def test_zoom(read: Page) -> None:
    def width() -> float:
        box = read.locator("#sheet").bounding_box()
        assert box is not None
        return box["width"]

    fitting = width()
    read.get_by_role("button", name="Larger").click()
    assert width() == pytest.approx(1.25 * fitting, rel=0.01)
    read.get_by_role("button", name="Fit").click()
    read.get_by_role("button", name="Smaller").click()
    assert width() == pytest.approx(fitting / 1.25, rel=0.01)


def _with_confidences(*values: float) -> str:
    """The service's answer for one line of words, w0, w1, …, of these confidences."""
    words = [
        {"text": f"w{at}", "bbox": [100 * at, 20, 100 * at + 80, 60], "confidence": value}
        for at, value in enumerate(values)
    ]
    line = {"bbox": [0, 20, 900, 60], "confidence": 0.5, "baseline": [0, 52, 900, 52], "height": 40, "words": words}
    paragraph = {"bbox": line["bbox"], "confidence": 0.5, "lines": [line]}
    block = {"bbox": line["bbox"], "confidence": 0.5, "paragraphs": [paragraph]}
    page = {"page": 1, "width": 1000, "height": 100, "confidence": 0.5, "blocks": [block]}
    outputs = {"output-0": " ".join(str(word["text"]) for word in words), "confidence": 0.5}
    outputs["words"] = json.dumps({"pages": [page]})
    return json.dumps({"outputs": [{"name": name, "data": [value]} for name, value in outputs.items()]})


@pytest.fixture
def uncertain(web: Page) -> Page:
    """The page with words of all three bands."""
    answer = _with_confidences(0.99, 0.85, 0.3, 0.95, 0.69)
    web.route("**/gateway/ocr*", lambda route: route.fulfill(content_type="application/json", body=answer))
    _give(web, _file("bands.tif", b"II*\0"))
    _wait_read(web, "bands.tif")
    return web


@pytest.mark.long
def test_confidence_is_told_by_colour_and_by_line(uncertain: Page) -> None:
    styles = uncertain.locator("#overlay .boxes rect").evaluate_all(
        "boxes => boxes.map((box) => [getComputedStyle(box).stroke, getComputedStyle(box).strokeDasharray])"
    )
    sure, fair, low, again, low_again = (tuple(style) for style in styles)
    assert sure == again
    assert low == low_again
    assert len({sure[0], fair[0], low[0]}) == len({sure[1], fair[1], low[1]}) == 3
    counts = uncertain.locator("#legend .count").all_inner_texts()
    assert counts == ["2", "1", "2"]
    uncertain.get_by_role("checkbox", name="Fair").uncheck()
    expect(uncertain.locator("#overlay rect.fair:visible")).to_have_count(0)
    expect(uncertain.locator("#overlay .boxes rect.sure:visible")).to_have_count(2)


@pytest.mark.long
def test_uncertain_words_can_be_visited_by_keyboard(uncertain: Page) -> None:
    button = uncertain.get_by_role("button", name="Next word to check")
    button.focus()
    for text in ("w1, confidence 85 %, 1 of 3", "w2, confidence 30 %, 2 of 3", "w4, confidence 69 %, 3 of 3"):
        uncertain.keyboard.press("Enter")
        expect(uncertain.get_by_role("status")).to_have_text(text)
    uncertain.keyboard.press("Enter")
    expect(uncertain.locator("#reading .pointed")).to_have_text("w1")
    expect(button).to_be_focused()


@pytest.mark.long
def test_everything_can_be_reached_and_worked_by_keyboard(web: Page) -> None:
    # Choosers are caught only some time after the first listener: the key below would be faster, and open a real one.
    web.on("filechooser", lambda _: None)
    order = []
    for _ in range(10):
        web.keyboard.press("Tab")
        order.append(web.evaluate("() => document.activeElement.id || document.activeElement.textContent.trim()"))
    assert order[0] == "Skip to the text"
    assert order[1].startswith("Languages")
    assert order[2:5] == ["psm", "preprocess", "orient"]
    assert order[5].startswith("PDF")
    assert order[6].startswith("More")
    assert order[7:9] == ["picker", "sample"]
    web.locator("#picker").focus()
    assert web.evaluate("() => getComputedStyle(document.querySelector('#picker + label')).outlineStyle") == "solid"
    with web.expect_file_chooser() as chooser:
        web.keyboard.press("Enter")
    chooser.value.set_files(_scan())
    _wait_read(web, "scan.png")
    web.locator("#reading").focus()
    web.keyboard.press("Shift+Tab")
    expect(web.get_by_role("button", name="Download JSON")).to_be_focused()
    assert web.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px"


@pytest.mark.long
def test_sample_page_needs_no_file(web: Page) -> None:
    web.get_by_role("button", name="Try a sample page").press("Enter")
    _wait_read(web, "sample.png")
    expect(web.locator("#reading")).to_contain_text("A page to begin with")


@pytest.mark.long
def test_everything_has_a_name_for_those_who_listen(read: Page) -> None:
    snapshot = read.locator("body").aria_snapshot()
    roles = r"(button|checkbox|combobox|textbox|img|region|navigation|group|list|form|heading)"
    unnamed = [line for line in snapshot.splitlines() if re.fullmatch(rf"\s*- {roles}( \[.*\])?:?", line)]
    assert not unnamed
    for part in ('heading "scan.png"', 'region "Text of the page"', 'list "Files"', 'button "Download PDF"', "status:"):
        assert part in snapshot


_CONTRAST = """() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const found = rgb(getComputedStyle(at).backgroundColor);
            if (found.length === 3 || found[3] === 1) return found;
        }
    };
    const written = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    const texts = [...document.querySelectorAll('body *')].filter((node) =>
        node.checkVisibility() && !node.closest('svg') && !node.disabled && written(node));
    return texts.map((node) => {
        const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
        return [node.outerHTML.slice(0, 80), (one + 0.05) / (other + 0.05)];
    });
}"""


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(read: Page, scheme: Any) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    _give(read, _file("bad.txt", b"?"))
    expect(_row(read, "bad.txt")).to_have_attribute("data-state", "failed")
    read.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    measured = read.evaluate(_CONTRAST)
    assert len(measured) > 30
    assert [found for found in measured if found[1] < 4.5] == []


@pytest.mark.long
def test_motion_stops_for_those_who_ask(web: Page) -> None:
    assert web.evaluate("() => getComputedStyle(document.getElementById('drop')).transitionDuration") != "0s"
    web.emulate_media(reduced_motion="reduce")
    assert web.evaluate("() => getComputedStyle(document.getElementById('drop')).transitionDuration") == "0s"


@pytest.mark.long
def test_small_screens_need_no_sideways_scrolling(read: Page) -> None:
    read.set_viewport_size({"width": 360, "height": 740})
    assert read.evaluate("() => document.documentElement.scrollWidth") <= 360
    expect(read.locator("#reading")).to_be_visible()


def test_file_names_and_text_are_never_markup(web: Page) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    _give(web, _scan(name))
    _wait_read(web, name)
    expect(web.get_by_role("heading", name=name)).to_be_visible()
    assert web.locator("#files img, #viewer-title img").count() == 0
    assert "<tags>" in web.locator("#reading").inner_text()
    expect(web.locator("#content")).to_be_hidden()


def test_policy_stops_scripts_from_elsewhere(browser: Browser, service: Service) -> None:
    page = browser.new_page()
    page.goto(f"{service.url}/gateway/")
    with pytest.raises(Error, match="requires 'TrustedScript'"):
        page.add_script_tag(content="window.broken = true")
    page.evaluate(
        """() => {
            const policy = trustedTypes.createPolicy('loose', { createScript: (source) => source });
            const script = document.createElement('script');
            script.text = policy.createScript('window.broken = true');
            document.head.append(script);
        }"""
    )
    assert page.evaluate("() => window.broken") is None
    page.close()
