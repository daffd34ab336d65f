"""A ZIP archive with one file an output and document."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from kserve import InferResponse

from kserve_ocr.protocol.errors import InvalidParameterError
from transformer.api.negotiation import SUFFIX_OF


def check_outputs(outputs: Sequence[str]) -> None:
    """Raise InvalidParameterError for an output that is no file."""
    for name in outputs:
        if name not in SUFFIX_OF:
            raise InvalidParameterError(f"'{name}' cannot be put in a ZIP archive; choose from {', '.join(SUFFIX_OF)}")


def archive(response: InferResponse, filenames: Sequence[str]) -> bytes:
    """The outputs of all documents as files that are called as the documents, with a suffix for the output."""
    stems = _stems(filenames)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as files:
        for output in response.outputs:
            for stem, value in zip(stems, output.data, strict=True):
                content = value.encode() if isinstance(value, str) else value
                files.writestr(zipfile.ZipInfo(f"{stem}{SUFFIX_OF[output.name]}"), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _stems(filenames: Sequence[str]) -> list[str]:
    """Names without folders and suffix, none twice; ``document-1`` for a document that has none."""
    found: list[str] = []
    for number, name in enumerate(filenames, 1):
        stem = PurePosixPath(name.replace("\\", "/").replace("\0", "")).stem.strip(".") or f"document-{number}"
        while stem in found:
            stem = f"{stem}-{number}"
        found.append(stem)
    return found
