"""Other engines on the same documents, where they are installed: ``make rivals`` puts them into ``build/rivals``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.accuracy.corpus import Document
from benchmarks.accuracy.metrics import character_error_rate
from benchmarks.accuracy.variants import RAPID_OCR, Result, result_of
from tools.local_stack import ROOT

PYTHON = ROOT / "build/rivals/bin/python"
_READER = Path(__file__).with_name("rapid_ocr.py")


def are_installed() -> bool:
    """Whether ``make rivals`` has been run."""
    return PYTHON.exists()


def measure(documents: Sequence[Document]) -> Iterator[Result]:
    """Read the documents by RapidOCR; its text is the better one of that given and that joined by rows."""
    with subprocess.Popen([PYTHON, _READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for document in documents:
            process.stdin.write(f"{document.path}\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            texts: list[str] = [answer["given"], answer["rows"]]
            best = min(texts, key=lambda text: character_error_rate(text, document.truth))
            yield result_of(document, RAPID_OCR, text=best, reading=answer["seconds"])
        process.stdin.close()
