"""``python -m benchmarks.shares``: the CPU time of an image by process, against that of the engine in process.

CPU time says something even on a machine that does other things. Variables: ``KIND`` (``line``, ``paragraph``,
``page``), ``IMAGES`` (400 lines, fewer of the others), ``CLIENTS`` (4).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import psutil

from benchmarks import images, load, readers, servers
from benchmarks.usage import cpu_seconds, tree

_IMAGES: Final = {"line": 400, "paragraph": 48, "page": 8}


def split(server: int) -> dict[str, float]:
    """CPU seconds so far of a server, and of everything below it: its workers, those replaced as well."""
    below = [child.pid for child in psutil.Process(server).children()]
    return {"server": cpu_seconds([server]), "workers": cpu_seconds(tree(below))}


def snapshot(roots: tuple[int, ...]) -> dict[str, float]:
    """CPU seconds so far by process; the roots are the transformer's and the predictor's."""
    return {
        f"{name} {part}": seconds
        for name, root in zip(("transformer", "predictor"), roots, strict=True)
        for part, seconds in split(root).items()
    }


def main() -> None:
    """Print CPU milliseconds an image."""
    name = os.environ.get("KIND") or "line"
    kind = next((kind for kind in images.drawn_kinds() if kind.name == name), None)
    if kind is None:
        sys.exit(f"KIND={name}: use one of {', '.join(_IMAGES)}")
    count, clients = int(os.environ.get("IMAGES") or _IMAGES[name]), int(os.environ.get("CLIENTS") or 4)
    files = [sample.file for sample in kind.samples]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as logs,
        readers.Readers(readers.engine, processes=2) as warm,
        servers.service(logs=Path(logs)) as service,
    ):
        warm.texts(kind.samples)
        for query in ("preprocess=none", "preprocess=auto"):
            url = f"{service.url}?{query}"
            load.run(url, files, clients=clients, requests=2 * len(files))
            # The engine in process reads two halves, before and after.
            engine = -cpu_seconds(warm.pids)
            warm.read(count // 2, at_once=2)
            before = snapshot(service.pids)
            load.run(url, files, clients=clients, requests=count)
            after = snapshot(service.pids)
            warm.read(count // 2, at_once=2)
            engine += cpu_seconds(warm.pids)
            parts = {part: (after[part] - before[part]) / count * 1000 for part in after}
            whole, least = sum(parts.values()), engine / (count // 2 * 2) * 1000
            print(
                f"{kind.title}, {query}, {clients} clients: {whole:.2f} ms CPU, engine {least:.2f}: {least / whole:.3f}"
            )
            print("   " + ", ".join(f"{part} {milliseconds:.2f}" for part, milliseconds in parts.items()), flush=True)


if __name__ == "__main__":
    main()
