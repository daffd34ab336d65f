"""Folders of pages with their transcriptions and a ``manifest.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Document:
    """One file with one page of text."""

    name: str
    path: Path
    lang: str
    truth: str
    set_name: str
    """The kind that the page stands for."""


def load(folder: Path) -> list[Document]:
    """The documents of the folder and of every folder in it that has a manifest, in the manifests' order.

    Raises ValueError where there is no manifest, or nothing in it.
    """
    manifests = sorted(folder.rglob(MANIFEST))
    if not manifests:
        raise ValueError(f"{folder} must hold a {MANIFEST}, or folders that do")
    documents = [document for manifest in manifests for document in _documents(manifest, folder)]
    if not documents:
        raise ValueError(f"{folder}/{MANIFEST} names no documents")
    return documents


def _documents(manifest: Path, root: Path) -> list[Document]:
    """The documents of one folder: one set, or several if their names begin with different kinds and a hyphen."""
    folder = manifest.parent
    entries = json.loads(manifest.read_text())
    kinds = {entry["name"].partition("-")[0] for entry in entries if "-" in entry["name"]}
    several = len(kinds) > 1 and all("-" in entry["name"] for entry in entries)
    place = "" if folder == root else f"{folder.name}/"
    return [
        Document(
            name=entry["name"],
            path=folder / entry["file"],
            lang=entry["lang"],
            truth=(folder / f"{entry['name']}.txt").read_text(),
            set_name=place + entry["name"].partition("-")[0] if several else folder.name,
        )
        for entry in entries
    ]
