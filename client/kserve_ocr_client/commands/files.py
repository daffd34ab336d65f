"""Which files to read and where their results go."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_IMAGE_SUFFIXES = ".avif .bmp .gif .heic .heif .j2k .jp2 .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp"
DOCUMENT_SUFFIXES: Final = frozenset({".pdf", *_IMAGE_SUFFIXES.split()})
"""Suffixes of the files that are read in a folder; a file that is named is read whatever its suffix."""


class FilesError(Exception):
    """The files to read, or the place for results, cannot be worked out; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read; ``relative`` is its path below the folder that was named, or its bare name."""

    path: Path
    relative: Path


def find_inputs(arguments: Iterable[str], *, recursive: bool = True) -> list[Input]:
    """Files, folders and globs as inputs, each file once, in the order of the arguments and sorted within.

    Raises FilesError for an argument that names nothing.
    """
    found: dict[Path, Input] = {}
    for argument in arguments:
        some = False
        for one in _expand(argument, recursive=recursive):
            some = True
            found.setdefault(one.path.resolve(), one)
        if not some:
            raise FilesError(f"{argument}: no such file, or a folder without images and PDFs")
    return list(found.values())


def _expand(argument: str, *, recursive: bool) -> Iterator[Input]:
    path = Path(argument)
    if path.is_dir():
        for file in sorted(path.rglob("*") if recursive else path.iterdir()):
            if file.is_file() and file.suffix.lower() in DOCUMENT_SUFFIXES:
                yield Input(file, file.relative_to(path))
    elif path.exists():
        yield Input(path, Path(path.name))
    else:
        for name in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207  # patterns may be absolute
            yield from _expand(name, recursive=recursive)


def target_of(one: Input, output: Path, *, suffix: str, single: bool) -> Path:
    """Where the result of ``one`` goes: ``output`` itself, or a file of the same relative path below that folder.

    It is a folder if it exists as one or if there are several inputs (``single`` is false).
    """
    if single and not output.is_dir():
        return output
    return output / one.relative.with_name(one.relative.name + suffix)


def check_targets(targets: Iterable[Path]) -> None:
    """Raise FilesError if two results would go to the same file."""
    seen: set[Path] = set()
    for target in targets:
        if target in seen:
            raise FilesError(f"two inputs would be written to {target}; read their folders one by one")
        seen.add(target)


def write_atomically(target: Path, content: bytes) -> None:
    """Write a file that is either whole or not there; makes its folder. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
