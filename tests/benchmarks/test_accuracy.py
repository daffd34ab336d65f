from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.accuracy import contact_sheet, corpus, metrics, plot, rapid_ocr, report, service, variants
from benchmarks.common import servers
from tests.transformer.preprocess.pages import SENTENCE, text_page


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ab", "ba", 2)],
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert metrics.edit_distance(first, second) == distance


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_edit_distance_is_that_of_the_table(first: str, second: str) -> None:
    row = list(range(len(second) + 1))
    for index, character in enumerate(first):
        corner, row[0] = row[0], index + 1
        for place, other in enumerate(second, start=1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (character != other))
    assert metrics.edit_distance(first, second) == row[-1]


def test_quotes_dashes_ligatures_and_spaces_do_not_count() -> None:
    assert metrics.normalise("\u201cfi\ufb01\u201d \u2014  \u017fo\n") == '"fifi" - so'
    assert metrics.character_error_rate("\u2018a\u2019\n\nb", "'a' b") == 0


def test_error_rate_is_capped_and_recall_counts_words() -> None:
    assert metrics.character_error_rate("x" * 100, "ab") == 1.5
    assert metrics.word_recall("b a a", "a a b c") == 0.75
    assert metrics.word_recall("anything", "") == 1


def test_a_transcription_in_capitals_is_compared_in_capitals() -> None:
    assert metrics.character_error_rate("Total 12", "TOTAL 12") == 0
    assert metrics.word_recall("Total 12", "TOTAL 12") == 1
    assert metrics.character_error_rate("TOTAL 12", "Total 12") > 0


def folder(path: Path) -> Path:
    entries = []
    for name, turned in (("drawn-upright", 0), ("drawn-turned", 1)):
        page, boxes = text_page(lines=8)
        assert boxes
        Image.fromarray(np.ascontiguousarray(np.rot90(page, turned))).save(path / f"{name}.png")
        (path / f"{name}.txt").write_text(SENTENCE)
        entries.append({"name": name, "file": f"{name}.png", "lang": "eng"})
    (path / "manifest.json").write_text(json.dumps(entries))
    return path


@pytest.mark.long
def test_a_folder_is_read_in_every_way_and_reported(tmp_path: Path) -> None:
    pages = corpus.load(folder(tmp_path))
    ways = [way for way in variants.ways(steps=True) if not way.without or "orient" in way.without]
    found = [variants.measure(page, way) for way in ways for page in pages]
    with servers.service(logs=tmp_path) as running:
        found += service.measure(pages, variants.SERVICE, running)
    results = report.Results(found)
    assert all(result.reading > 0 for result in found), "CPU seconds are counted for each way"
    assert results.mean(variants.AUTO, lambda result: result.recall) > 0.5
    text = report.markdown(results, machine="a machine")
    assert "| drawn-turned |" in text
    assert "| orient |" in text
    plot.draw(results, path=tmp_path / "accuracy.svg")
    assert (tmp_path / "accuracy.svg").read_text().startswith("<?xml")
    worst = results.worst(1)[0]
    contact_sheet.draw(worst, path=tmp_path / "sheets" / "worst.jpg")
    with Image.open(tmp_path / "sheets" / "worst.jpg") as picture:
        assert picture.width > picture.height


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold a manifest\.json"):
        corpus.load(tmp_path)


def test_a_folder_of_sets_names_them_by_folder_and_by_kind(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    folder(tmp_path / "one")
    folder(tmp_path / "two")
    entries = [{"name": name, "file": "drawn-upright.png", "lang": "eng"} for name in ("kind-1", "other-1")]
    for entry in entries:
        (tmp_path / "two" / f"{entry['name']}.txt").write_text(SENTENCE)
    (tmp_path / "two" / "manifest.json").write_text(json.dumps(entries))

    assert [page.set_name for page in corpus.load(tmp_path)] == ["one", "one", "two/kind", "two/other"]


def test_texts_of_boxes_are_joined_by_rows() -> None:
    def box(x: float, y: float) -> list[tuple[float, float]]:
        return [(x, y), (x + 90, y), (x + 90, y + 20), (x, y + 20)]

    texts = ["price", "Total", "item", "12.50"]
    assert (
        rapid_ocr.by_rows(texts, [box(500, 12), box(10, 100), box(10, 10), box(500, 103)]) == "item price\nTotal 12.50"
    )
    assert rapid_ocr.by_rows([], []) == ""
