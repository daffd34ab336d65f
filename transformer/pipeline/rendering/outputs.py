"""Renders the requested outputs from the results of each document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kserve_ocr.protocol import names
from kserve_ocr.protocol.v2_response import Tensor
from transformer.formats.registry import BY_NAME
from transformer.pipeline.ocr_request import ENTRY_OUTPUTS, OUTPUTS
from transformer.pipeline.rendering.entries import Entry, entries_of
from transformer.pipeline.results import DocumentResult


def _boxes(entries: Sequence[Entry]) -> Tensor:
    """Corners clockwise from the top left, in pixels of the page."""
    corners: list[Any] = []
    for entry in entries:
        x0, y0, x1, y1 = entry.bbox
        corners += (x0, y0, x1, y0, x1, y1, x0, y1)
    return Tensor("FP32", [float(value) for value in corners], (len(entries), 4, 2))


_ENTRY_MAKERS: Final[dict[str, Callable[[Sequence[Entry]], Tensor]]] = {
    names.BOXES: _boxes,
    names.TXTS: lambda entries: Tensor("BYTES", [entry.text for entry in entries]),
    names.SCORES: lambda entries: Tensor("FP32", [round(entry.confidence, 4) for entry in entries]),
    names.PAGE_INDEX: lambda entries: Tensor("INT32", [entry.page for entry in entries]),
}


def make(
    outputs: Sequence[str], documents: Sequence[DocumentResult], *, dropped: Callable[[], bool] = lambda: False
) -> dict[str, Tensor]:
    """The outputs by name in their order: one value a document, or one a line or word of all of them.

    ``dropped`` is asked before each value; once it is true, the rest is left out.
    """
    entries = entries_of(documents) if not ENTRY_OUTPUTS.keys().isdisjoint(outputs) else []
    return {
        name: _ENTRY_MAKERS[name](entries)
        if name in _ENTRY_MAKERS
        else Tensor(OUTPUTS[name], [BY_NAME[name].make(read) for read in documents if not dropped()])
        for name in outputs
    }


def parameters(documents: Sequence[DocumentResult]) -> dict[str, str]:
    """Parameters of the response: languages found, with their confidence, document by document, and warnings."""
    values = {}
    if any(page.language for document in documents for page in document.pages):
        values["lang"] = ",".join(document.lang for document in documents)
        values["lang_confidence"] = ",".join(f"{_language_confidence(document):.3f}" for document in documents)
    warnings = dict.fromkeys(warning for document in documents for warning in document.all_warnings)
    return values | ({names.WARNINGS: "; ".join(warnings)} if warnings else {})


def _language_confidence(document: DocumentResult) -> float:
    """That of the page whose language is least certain; 0 without pages."""
    return min((page.language.confidence for page in document.pages if page.language), default=0.0)
