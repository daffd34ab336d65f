"""Run by the rivals' own Python: texts of images by RapidOCR on one thread.

Reads paths, one a line, and writes for each a line of JSON: the texts as they come, the same joined by rows, and the
CPU seconds. Nothing of this project is imported: RapidOCR has an environment of its own (``requirements/rivals.txt``).
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from statistics import median
from typing import Any

SAME_ROW = 0.5
"""Share of the usual height by which the middles of two boxes in one row differ at most."""


def main() -> None:
    """Answer every line of the standard input."""
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = import_module("rapidocr").RapidOCR(params={**threads, "Global.log_level": "error"})
    for line in sys.stdin:
        began = time.process_time()
        found = engine(line.rstrip("\n"))
        seconds = time.process_time() - began
        texts = [] if found.txts is None else list(found.txts)
        boxes = [] if found.boxes is None else found.boxes
        answer = {"given": "\n".join(texts), "rows": by_rows(texts, boxes), "seconds": seconds}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def by_rows(texts: list[str], boxes: Any) -> str:
    """The texts from top to bottom, those at one height from left to right."""
    if not texts:
        return ""
    edges = [(min(x for x, _ in box), min(y for _, y in box), max(y for _, y in box)) for box in boxes]
    usual = median(bottom - top for _, top, bottom in edges)
    rows: list[list[tuple[float, str]]] = []
    last = float("-inf")
    for (left, top, bottom), text in sorted(zip(edges, texts, strict=True), key=lambda item: item[0][1] + item[0][2]):
        middle = (top + bottom) / 2
        if middle - last > SAME_ROW * usual:
            rows.append([])
        rows[-1].append((left, text))
        last = middle
    return "\n".join(" ".join(text for _, text in sorted(row)) for row in rows)


if __name__ == "__main__":
    main()
