"""The comparison with OCRmyPDF: its documents, and what it reports."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest

from benchmarks.pdf import documents
from benchmarks.pdf.comparison import Comparison, Made, report
from benchmarks.pdf.documents import PdfSample
from tests.transformer.formats.pdf.extractors import poppler


def test_a_report_has_text_and_a_folder_its_pdfs(tmp_path: Path) -> None:
    data = documents._report()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.pages) == 10
    assert len(poppler(data).split()) > 1000
    (tmp_path / "one.pdf").write_bytes(data)
    assert documents.folder(tmp_path) == [PdfSample("one.pdf", data, 10)]
    with pytest.raises(ValueError, match="no PDF"):
        documents.folder(tmp_path / "none")


def test_the_report_sums_up_times_and_sizes() -> None:
    text = report(
        [
            Comparison(PdfSample("a", bytes(1000), 2, born_digital=True), Made(0.05, 1000), Made(1.0, 2000)),
            Comparison(PdfSample("b", bytes(3000), 1), Made(0.5, 3200), Made(2.0, 2500)),
        ]
    )
    assert "| a | 2 | 1 | 0.050 s | 1.000 s | 0.05 x | 1.00 x | 2.00 x |" in text
    assert text.endswith("all: 0.18 x the time of OCRmyPDF, 1.05 x the bytes of the originals")
    assert "born digital: 0.05 x the time" in text
    assert "scans: 0.25 x the time" in text
