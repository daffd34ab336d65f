"""Parses requests of any form into documents and options, before anything is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kserve import InferInput, InferRequest
from msgspec import Struct

from kserve_ocr.protocol import names, request_parameters, types, v2_request
from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    MalformedRequestError,
    TooManyBytesError,
)
from kserve_ocr.protocol.parameters import RecognitionOptions, check_known, given, recognition_options
from transformer.decoding.options import EXISTING_CHOICES, Existing
from transformer.formats.plain_text import USUAL, TextForm
from transformer.formats.registry import OUTPUTS as DOCUMENT_OUTPUTS
from transformer.language.scripts import AUTO
from transformer.parameters import (
    CLEAN,
    DESKEW,
    DOCUMENT_PARAMETERS,
    EXISTING,
    FILENAME,
    GRANULARITY,
    HYPHENS,
    KEEP,
    MIN_CONFIDENCE,
    OPTIMIZE,
    ORDER,
    ORIENT,
    PAGES,
    PASSWORD,
    PDFA,
    PREPROCESS,
    REGIONS,
    SIGNED,
    SKIP_STEPS,
    SPACES,
    TAGGED,
)
from transformer.pipeline import pixel_input
from transformer.preprocess.steps import STEPS
from transformer.regions import Region
from transformer.settings import TransformerSettings
from transformer.structure.order.page_order import ORDERS, Order

ENTRY_OUTPUTS: Final = {names.BOXES: "FP32", names.TXTS: "BYTES", names.SCORES: "FP32", names.PAGE_INDEX: "INT32"}
"""Outputs with one value a line or word of all documents, and their datatypes."""
OUTPUTS: Final = {output.name: output.datatype for output in DOCUMENT_OUTPUTS} | ENTRY_OUTPUTS
STRUCTURE_OUTPUTS: Final = frozenset(output.name for output in DOCUMENT_OUTPUTS if output.needs == "structure")
LAYOUT_OUTPUTS: Final = STRUCTURE_OUTPUTS.union(
    ENTRY_OUTPUTS, (output.name for output in DOCUMENT_OUTPUTS if output.needs == "layout")
)
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Document:
    """One document as uploaded, with its options. ``selection`` is the ``pages`` parameter, None for all pages."""

    data: types.Buffer
    reading: RecognitionOptions
    preprocess: bool
    orient: bool
    order: Order
    """``engine`` where the client chose a page segmentation mode and no order."""
    selection: str | None
    by_word: bool = False
    """Whether an entry of ``boxes``, ``txts`` and ``scores`` is a word, not a line."""
    skip_steps: frozenset[str] = frozenset()
    """Names of preprocessing steps to leave out."""
    regions: tuple[Region, ...] = ()
    """Parts of each page that are read instead of it."""
    text_form: TextForm = USUAL
    min_confidence: float = 0.0
    """Words of a lower confidence are left out."""
    filename: str = ""
    """As the client names the document; empty if it does not."""
    keep_pages: bool = False
    """Whether a searchable PDF keeps pages that are not selected."""
    existing: Existing = "skip"
    straight: bool = False
    """Whether skewed scans are shown straight in a searchable PDF."""
    clean: bool = False
    """Whether scans are redrawn in a searchable PDF as they were prepared for recognition."""
    tagged: bool = False
    """Whether the text that a searchable PDF gets is tagged."""
    optimize: int = 0
    """How far a searchable PDF is made smaller, 0 to 3."""
    pdfa: str = ""
    """Part and level of PDF/A, such as ``2b``; empty for none."""
    keep_signatures: bool = True
    """Whether a signed PDF is rejected where it would have to be changed."""
    password: str = field(default="", repr=False)


def _skip_steps(text: str) -> frozenset[str]:
    steps = frozenset(text.replace(",", " ").split())
    if unknown := steps.difference(STEPS):
        raise InvalidParameterError(
            f"there is no preprocessing step '{min(unknown)}' to skip; choose from {', '.join(STEPS)}"
        )
    return steps


def _check_auto(options: RecognitionOptions) -> RecognitionOptions:
    if AUTO in options.languages and options.lang != AUTO:
        raise InvalidParameterError("lang auto finds the language itself; send it alone, or name the languages")
    return options


class OcrRequest(Struct, frozen=True):
    """Documents to recognize and the requested outputs, in order."""

    inference: InferRequest
    documents: tuple[Document, ...]
    outputs: tuple[str, ...]

    @property
    def wants_layout(self) -> bool:
        return not LAYOUT_OUTPUTS.isdisjoint(self.outputs)

    @property
    def wants_text(self) -> bool:
        """Whether any output is more than the document itself with text."""
        return any(output != names.PDF for output in self.outputs)

    @property
    def wants_structure(self) -> bool:
        tagged = names.PDF in self.outputs and any(document.tagged for document in self.documents)
        return tagged or not STRUCTURE_OUTPUTS.isdisjoint(self.outputs)


def parse(inference: InferRequest, settings: TransformerSettings) -> OcrRequest:
    """The documents and outputs of a request, which then has no tensors any more.

    Raises MalformedRequestError, InvalidParameterError, TooManyDocumentsError or TooManyBytesError.
    """
    outputs = v2_request.requested_outputs(inference, OUTPUTS, default=names.TEXT)
    v2_request.check_number_of_inputs(inference)
    documents: list[Document] = []
    lang = pixel_input.language(inference.inputs)
    for tensor in inference.inputs:
        if tensor.name == names.LANG_TYPE:
            continue
        parameters = {**lang, **request_parameters.parameters(inference, tensor)}
        contents = _contents(tensor, limit=settings.max_documents, taken=len(documents))
        documents += [document(data, parameters, settings) for data in contents]
    if not documents:
        raise MalformedRequestError("the request has no documents; send at least one element of BYTES")
    for number, found in enumerate(documents, 1):
        if len(found.data) > settings.max_document_bytes:
            error = TooManyBytesError(
                f"{len(found.data)} bytes are over the limit of {settings.max_document_bytes}; send a smaller file"
            )
            raise error.within(f"document {number}") if len(documents) > 1 else error
    inference.inputs.clear()  # base64 is of no use any more
    return OcrRequest(inference, tuple(documents), outputs)


def _contents(tensor: InferInput, *, limit: int, taken: int) -> Sequence[types.Buffer]:
    """The files that a tensor holds, or makes of its pixels."""
    if tensor.datatype == "UINT8":
        return pixel_input.image_files(tensor, limit=limit - taken)
    if tensor.datatype == "BYTES":
        return v2_request.elements(tensor, limit=limit, taken=taken)
    raise MalformedRequestError(
        f"input '{tensor.name}' is {tensor.datatype}; send documents as BYTES, one element each, "
        "or an image as UINT8 [1, height, width, 3]"
    )


def document(data: types.Buffer, parameters: Mapping[str, Any], settings: TransformerSettings) -> Document:
    """One document with its options. Raises InvalidParameterError."""
    check_known(parameters, DOCUMENT_PARAMETERS)
    defaults = RecognitionOptions(lang=settings.default_lang)
    return Document(
        data=data,
        reading=_check_auto(recognition_options(parameters, defaults=defaults)),
        preprocess=given(parameters, PREPROCESS, settings.preprocess) == "auto",
        orient=given(parameters, ORIENT, settings.orient) != "none",
        skip_steps=_skip_steps(given(parameters, SKIP_STEPS, "")),
        order=_order(parameters, settings),
        selection=given(parameters, PAGES, None),
        by_word=given(parameters, GRANULARITY, "line") == "word",
        regions=given(parameters, REGIONS, ()),
        text_form=TextForm(
            keep_spaces=given(parameters, SPACES, "single") == "keep",
            join_hyphens=given(parameters, HYPHENS, "keep") == "join",
        ),
        min_confidence=given(parameters, MIN_CONFIDENCE, 0.0),
        filename=given(parameters, FILENAME, "")[:_LONGEST_NAME],
        keep_pages=given(parameters, KEEP, "selected") == "all",
        existing=_existing(parameters),
        keep_signatures=given(parameters, SIGNED, "reject") == "reject",
        pdfa=given(parameters, PDFA, ""),
        straight=given(parameters, DESKEW, "none") == "page",
        clean=given(parameters, CLEAN, "none") == "page",
        tagged=given(parameters, TAGGED, False),
        optimize=given(parameters, OPTIMIZE, 0),
        password=given(parameters, PASSWORD, ""),
    )


def _existing(parameters: Mapping[str, Any]) -> Existing:
    value = given(parameters, EXISTING, "skip")
    return next(existing for existing in EXISTING_CHOICES if existing == value)


def _order(parameters: Mapping[str, Any], settings: TransformerSettings) -> Order:
    """The reading order: a mode that the client chose decides about the order too, unless it says otherwise."""
    default = "engine" if names.PSM in parameters else settings.order
    value = given(parameters, ORDER, default)
    return next(order for order in ORDERS if order == value)
