"""``python -m benchmarks.sharing [FOLDER]``: pages read by several workers together, against by one.

For drawn A4 pages, and for the pages in a folder laid out for ``make accuracy``, as they are sent and as they are
prepared: whether text, confidences and boxes are the same, and the CPU time of the longest share against that of
reading alone. Shares are read one after the other here, so that nothing else disturbs their times. ``SHARES`` (2).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import images
from benchmarks.accuracy import documents
from benchmarks.accuracy.measuring import PIXELS, decode
from predictor.engines import EngineSettings, Page, Share, warm
from predictor.languages import ModelDirectory
from predictor.shares import join, share_count
from protocol.parameters import ReadingOptions
from transformer.preprocess import prepare


def pages(folder: Path | None) -> Iterator[tuple[str, Page, ReadingOptions]]:
    """Each page with its name and how to read it."""
    for sample in images.drawn_kinds()[-1].samples:
        yield f"drawn {sample.name}", sample.pixels, ReadingOptions(dpi=sample.dpi)
    for document in documents.load(folder) if folder else []:
        sent = decode(document.path)
        for auto in (False, True):
            ready = prepare(sent.pixels, dpi=sent.dpi, auto=auto)
            name = f"{document.path.stem}, preprocess={'auto' if auto else 'none'}"
            yield name, ready.pixels, ReadingOptions(dpi=ready.dpi)


def main() -> int:
    """The exit status: 0 if every page is the same."""
    count = int(os.environ.get("SHARES") or 2)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None
    engine = warm.create(EngineSettings("tesserocr", str(ModelDirectory.find("").path), 1, PIXELS))
    same, divided, ratios = 0, 0, []
    for name, page, options in pages(folder):
        if share_count(page, options, idle=count, queued=0) == 1:
            print(f"{name}: too small to be shared")
            continue
        began = time.process_time()
        alone = engine.read(page, options, layout=True)
        whole = time.process_time() - began
        shares: list[Share | None] = []
        longest = 0.0
        for index in range(count):
            began = time.process_time()
            shares.append(engine.read_share(page, options, index=index, count=count, layout=True))
            longest = max(longest, time.process_time() - began)
        equal = join(shares, page, layout=True) == alone
        parts = [part for share in shares if share for part in share.parts]
        same += equal
        divided += any(part.continues for part in parts)
        ratios.append(longest / whole)
        print(f"{name}: {ratios[-1]:.2f} of {whole:.2f} s, {'the same' if equal else 'NOT THE SAME'}", flush=True)
    print(
        f"{len(ratios)} readings in {count} shares: {same} the same as by one worker, {divided} with a block divided; "
        f"longest share {statistics.median(ratios):.2f} of the time alone "
        f"(median, from {min(ratios):.2f} to {max(ratios):.2f})"
    )
    return 0 if same == len(ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
