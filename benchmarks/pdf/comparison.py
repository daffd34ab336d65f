"""Makes PDFs searchable by the service and by OCRmyPDF in turns, and compares time and size."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.pdf.documents import PdfSample
from tools.local_stack import ROOT

RIVAL: Final = ROOT / "build/rivals/bin/ocrmypdf"
_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Made:
    """Seconds, the median of the rounds, and bytes of the result."""

    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One document by both."""

    sample: PdfSample
    service: Made
    rival: Made

    @property
    def time(self) -> float:
        """The service's time as a share of OCRmyPDF's."""
        return self.service.seconds / self.rival.seconds


def compare(sample: PdfSample, *, url: str, rounds: int) -> Comparison:
    """One document by both in turns, after one by the service that does not count.

    Raises OSError or subprocess.CalledProcessError for a document that one of them rejects.
    """
    _by_service(sample, url)
    made = [(_by_service(sample, url), _by_rival(sample)) for _ in range(rounds)]
    ours, theirs = zip(*made, strict=True)
    return Comparison(sample, _middle(ours), _middle(theirs))


def report(found: Sequence[Comparison]) -> str:
    """A Markdown table, and the sums of documents born digital, of scans, and of all."""
    rows = [
        "| document | pages | kB | service | OCRmyPDF | time | size | size of OCRmyPDF's |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {one.sample.name} | {one.sample.pages} | {len(one.sample.data) / 1000:.0f} | {one.service.seconds:.3f} s "
        f"| {one.rival.seconds:.3f} s | {one.time:.2f} x | {one.service.size / len(one.sample.data):.2f} x "
        f"| {one.rival.size / len(one.sample.data):.2f} x |"
        for one in found
    ]
    digital = [one for one in found if one.sample.born_digital]
    scans = [one for one in found if not one.sample.born_digital]
    rows += [""]
    rows += [_sum(name, kind) for name, kind in (("born digital", digital), ("scans", scans), ("all", found)) if kind]
    return "\n".join(rows)


def _sum(name: str, found: Sequence[Comparison]) -> str:
    ours, theirs = (
        sum(made.seconds for made in side) for side in zip(*((one.service, one.rival) for one in found), strict=True)
    )
    size = sum(one.service.size for one in found) / sum(len(one.sample.data) for one in found)
    return f"{name}: {ours / theirs:.2f} x the time of OCRmyPDF, {size:.2f} x the bytes of the originals"


def _middle(made: Sequence[Made]) -> Made:
    return Made(statistics.median(one.seconds for one in made), made[0].size)


def _by_service(sample: PdfSample, url: str) -> Made:
    headers = {"Accept": "application/pdf", "Content-Type": "application/pdf"}
    request = urllib.request.Request(url, sample.data, headers)
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:
        content = response.read()
    return Made(time.perf_counter() - began, len(content))


def _by_rival(sample: PdfSample) -> Made:
    with tempfile.TemporaryDirectory(prefix="pdf-") as directory:
        before, after = Path(directory, "before.pdf"), Path(directory, "after.pdf")
        before.write_bytes(sample.data)
        began = time.perf_counter()
        command: list[str | Path] = [RIVAL, "--quiet", "--skip-text", "--output-type", "pdf", before, after]
        subprocess.run(command, check=True, timeout=_SECONDS)
        return Made(time.perf_counter() - began, after.stat().st_size)
