"""Documents to send: the content of a file with its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Source = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the content of a file, or a file opened for reading bytes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document's bytes and the file name that the service is told."""

    name: str
    content: bytes


def upload_of(source: Source, *, name: str | None = None) -> Upload:
    """The document in ``source``; ``name`` replaces its file name. Raises OSError if it cannot be read."""
    if isinstance(source, bytes):
        return Upload(name or "document", source)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return Upload(name or path.name, path.read_bytes())
    found = getattr(source, "name", None)
    return Upload(name or (Path(found).name if isinstance(found, str) else "document"), source.read())
