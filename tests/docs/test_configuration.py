"""The documented table of settings matches the settings classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_ocr.setting_fields import setting_fields
from predictor.settings import PredictorSettings
from tools.generate import configuration_table
from transformer.settings import TransformerSettings


def test_the_documented_table_is_current() -> None:
    assert configuration_table.main(["--check"]) == 0, "run make configuration"


def test_every_setting_has_a_row_with_its_default_and_its_sentence() -> None:
    table = configuration_table.table()

    for settings in (TransformerSettings, PredictorSettings):
        for name, field in setting_fields(settings).items():
            rows = [line for line in table.splitlines() if line.startswith(f"| `OCR_{name.upper()}` |")]
            assert rows
            assert any(str(field.description) in row for row in rows)
            assert all(row.count("|") == 5 for row in rows)


def test_rows_say_what_a_setting_takes() -> None:
    rows = {row.split("`")[1]: row for row in configuration_table.table().splitlines() if row.startswith("| `")}

    assert "| `info` | `debug`, `info`, `warning`, `error` |" in rows["OCR_LOG_LEVEL"]
    assert "| `false` | `true`, `false` |" in rows["OCR_DOCS"]
    assert "| `tesserocr` | `tesserocr`, `pytesseract` |" in rows["OCR_ENGINE"]
    assert "| whole number, 0 to 600 |" in rows["OCR_DRAIN_SECONDS"]
    assert "| `60` | number, more than 0, at most 3600 |" in rows["OCR_PAGE_SECONDS"]
    assert "| empty | text |" in rows["OCR_TESSDATA"]


def test_the_table_replaces_only_what_is_between_its_markers(tmp_path: Path) -> None:
    document = tmp_path / "configuration.md"
    document.write_text(f"before\n{configuration_table.BEGIN}\nstale\n{configuration_table.END}\nafter\n")

    assert configuration_table.main(["--check"], document) == 1
    assert configuration_table.main([], document) == 0

    text = document.read_text()
    assert text.startswith(f"before\n{configuration_table.BEGIN}\n")
    assert text.endswith(f"\n{configuration_table.END}\nafter\n")
    assert configuration_table.table() in text
    assert "stale" not in text
    assert configuration_table.main(["--check"], document) == 0


def test_a_document_without_markers_is_told_so() -> None:
    with pytest.raises(configuration_table.MarkersMissingError, match="configuration:begin"):
        configuration_table.update("nothing here")
