"""A folder of pages with their transcription beside them and a ``manifest.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Document:
    """One file with one page of text."""

    name: str
    path: Path
    lang: str
    truth: str

    @property
    def set_name(self) -> str:
        """The kind that the page stands for: what its name says before the first hyphen."""
        return self.name.split("-")[0]


def load(folder: Path) -> list[Document]:
    """The manifest's documents, in its order. Raises ValueError where there is no such folder or nothing in it."""
    try:
        entries = json.loads((folder / "manifest.json").read_text())
    except OSError as error:
        raise ValueError(f"{folder} must hold a manifest.json: {error.strerror}") from None
    if not entries:
        raise ValueError(f"{folder}/manifest.json names no documents")
    return [
        Document(
            name=entry["name"],
            path=folder / entry["file"],
            lang=entry["lang"],
            truth=(folder / f"{entry['name']}.txt").read_text(),
        )
        for entry in entries
    ]
