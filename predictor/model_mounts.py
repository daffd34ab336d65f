"""Models that KServe mounts in addition to the image's: found, checked, joined in one directory for Tesseract.

KServe mounts the files of a ``storageUri`` on ``/mnt/models``. Tesseract loads models from one directory only, so that
``eng+deu`` works only if both are in it: a directory of links to the models of the image and to the mounted ones.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from predictor.tessdata import SUFFIX, ModelDirectory

_INIT_MODE = "MODEL_INIT_MODE"
"""Set by KServe to ``async`` where a sidecar container (a modelcar) provides the models: they may appear late."""
_STEM = re.compile(r"[A-Za-z0-9_]{1,64}\Z")
"""Names of models that the parameter ``lang`` can have."""
_MAX_ENTRIES = 64
_LEGACY, _LSTM = 3, 17
"""Entries of a model file that hold the classifier of the legacy engine and the network of the LSTM engine."""
_ABSENT = -1
_POLL_SECONDS = 0.05


class ModelMountError(ValueError):
    """Mounted models that cannot be used; the message names the file and the reason."""


def check_model_file(path: Path) -> None:
    """Raise ModelMountError unless ``path`` is laid out as a Tesseract model.

    A model (Tesseract's ``tessdatamanager``) starts with the number of its entries, a 32-bit integer, and the offset of
    each of them, 64-bit integers in ascending order, -1 for an absent one; all in little-endian order.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
        count = struct.unpack("<i", start)[0] if len(start) == 4 else 0
        if not 0 < count <= _MAX_ENTRIES:
            raise ModelMountError(
                f"{path} is not a Tesseract model ({_description(start, size)}); mount a *{SUFFIX} file"
            )
        table = file.read(8 * count)
    offsets = struct.unpack(f"<{len(table) // 8}q", table[: len(table) // 8 * 8])
    present = [offset for offset in offsets if offset != _ABSENT]
    if len(offsets) < count or not present or present[0] < 4 + 8 * count or present != sorted(present):
        raise ModelMountError(
            f"{path} is damaged: its table of contents is not one of a Tesseract model; download it again"
        )
    if present[-1] >= size:
        raise ModelMountError(
            f"{path} is incomplete: it has {size} bytes and refers to byte {present[-1]}; download it again"
        )
    if all(count <= entry or offsets[entry] == _ABSENT for entry in (_LEGACY, _LSTM)):
        raise ModelMountError(f"{path} holds no recognizer, neither an LSTM nor a legacy one; mount a complete model")


def _description(start: bytes, size: int) -> str:
    if start.startswith(b"vers"):
        return f"a Git LFS pointer of {size} bytes in place of the file"
    if start.startswith((b"PK", b"\x1f\x8b")):
        return f"an archive of {size} bytes; unpack it first"
    return f"{size} bytes that start with {start!r}"


def mounted_models(folder: Path) -> dict[str, Path]:
    """The models anywhere under ``folder`` by name: the file's own, or ``script/NAME`` in a folder called ``script``.

    Raises ModelMountError for a file that is no model, a name that clients could not ask for, or a name that occurs
    twice.
    """
    models: dict[str, Path] = {}
    for root, _, files in os.walk(folder, followlinks=True):
        for file in sorted(file for file in files if file.endswith(SUFFIX)):
            path = Path(root, file)
            stem = file.removesuffix(SUFFIX)
            name = f"script/{stem}" if path.parent.name == "script" else stem
            if not _STEM.match(stem):
                raise ModelMountError(
                    f"{path}: clients cannot ask for lang={stem}; use letters, digits and _ in its name"
                )
            if name in models:
                raise ModelMountError(f"{path} and {models[name]} are two models for {name}; mount one of them")
            check_model_file(path)
            models[name] = path
    return models


def wait_for_models(folder: Path, *, seconds: float, environment: Mapping[str, str] = os.environ) -> None:
    """Wait until ``folder`` exists if KServe says that it may appear late.

    A modelcar makes it by linking to its own file system, so that it is complete at once. Raises ModelMountError after
    ``seconds``.
    """
    if environment.get(_INIT_MODE) != "async":
        return
    end = time.monotonic() + seconds
    while not folder.is_dir():
        if time.monotonic() > end:
            raise ModelMountError(
                f"no models appeared in {folder} within {seconds:g} s; look at the pod's modelcar container"
            )
        time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def joined_models(installed: ModelDirectory, mounted: Mapping[str, Path]) -> Iterator[Path]:
    """A directory for the block with ``installed``'s files and the mounted models, which take precedence."""
    with tempfile.TemporaryDirectory(prefix="tessdata-") as temporary:
        joined = Path(temporary)
        for entry in installed.path.iterdir():
            if entry.name != "script":
                (joined / entry.name).symlink_to(entry)
        for model in installed.path.glob(f"script/*{SUFFIX}"):
            _link(joined / "script" / model.name, model)
        for name, path in mounted.items():
            _link(joined / f"{name}{SUFFIX}", path)
        yield joined


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


@contextlib.contextmanager
def model_directory(tessdata: str, folder: Path, *, seconds: float) -> Iterator[str]:
    """The directory of models to use for the block: ``tessdata`` as set, or one joined with the models in ``folder``.

    Raises ModelMountError if mounted models cannot be used, ModelDirectoryError if there are none at all.
    """
    wait_for_models(folder, seconds=seconds)
    mounted = mounted_models(folder)
    if not mounted:
        yield tessdata
        return
    with joined_models(ModelDirectory.find(tessdata), mounted) as joined:
        yield str(joined)


def main() -> None:
    """Check the models in a folder: ``python -m predictor.model_mounts FOLDER``."""
    try:
        models = mounted_models(Path(sys.argv[1]))
    except ModelMountError as error:
        raise SystemExit(str(error)) from None
    for name, path in models.items():
        sys.stdout.write(f"{name}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
