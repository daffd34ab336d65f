"""Names on the wire: models, tensors, parameters and headers."""

from __future__ import annotations

from typing import Final

MODEL_NAME: Final = "ocr-model"
MODEL_VERSION: Final = "1"
"""The one version of the model that is served."""

# Tensors
INPUT: Final = "input-0"
TEXT: Final = "output-0"
TEXT_ALIAS: Final = "text"
CONFIDENCE: Final = "confidence"
PAGES: Final = "pages"
WORDS: Final = "words"
TSV: Final = "tsv"
HOCR: Final = "hocr"
ALTO: Final = "alto"
PAGE_XML: Final = "pagexml"
PDF: Final = "pdf"
TABLES: Final = "tables"
FIELDS: Final = "fields"
MARKDOWN: Final = "markdown"
CSV: Final = "csv"

# Tensors of Docling's engine kserve_v2_ocr
IMAGE: Final = "image"
LANG_TYPE: Final = "lang_type"
BOXES: Final = "boxes"
TXTS: Final = "txts"
SCORES: Final = "scores"
PAGE_INDEX: Final = "page_index"

# Request and page parameters
LANG: Final = "lang"
PSM: Final = "psm"
OEM: Final = "oem"
DPI: Final = "dpi"
PREPROCESS: Final = "preprocess"
ORIENT: Final = "orient"
SKIP_STEPS: Final = "skip_steps"
ORDER: Final = "order"
PAGE_SELECTION: Final = "pages"
FILENAME: Final = "filename"
GRANULARITY: Final = "granularity"
KEEP: Final = "keep"
EXISTING: Final = "existing"
SIGNED: Final = "signed"
DESKEW: Final = "deskew"
CLEAN: Final = "clean"
TAGGED: Final = "tagged"
OPTIMIZE: Final = "optimize"
PDFA: Final = "pdfa"
PASSWORD: Final = "password"  # noqa: S105 - the name of a parameter
WHITELIST: Final = "whitelist"
BLACKLIST: Final = "blacklist"
USER_WORDS: Final = "words"
PATTERNS: Final = "patterns"
ALTERNATIVES: Final = "alternatives"
REGIONS: Final = "regions"
SPACES: Final = "spaces"
HYPHENS: Final = "hyphens"
MIN_CONFIDENCE: Final = "min_confidence"
BUDGET_MS: Final = "budget_ms"
INK: Final = "ink"

ALIASES: Final = {"language": LANG}
"""Other names under which a parameter may be sent."""

# Ignored: legacy clients send content_type, Triton's clients scheduling hints; the others belong to the binary tensor
# extension.
PASSED_PARAMETERS: Final = frozenset(
    {"content_type", "binary_data", "binary_data_size", "binary_data_output"}
    | {"priority", "timeout", "sequence_id", "sequence_start", "sequence_end", "triton_enable_empty_final_response"}
)
SHARED_MEMORY: Final = "shared_memory_region"
"""Parameter of a tensor that lies in the memory of Triton's machine."""

# Response parameters
WARNINGS: Final = "warnings"
"""What is to be known about documents that were answered nevertheless."""

# Headers
WARNINGS_HEADER: Final = "x-ocr-warnings"
JSON_LENGTH: Final = "inference-header-content-length"
REQUEST_ID: Final = "x-request-id"
SERVER_TIMING: Final = "server-timing"
TRACEPARENT: Final = "traceparent"
