"""What OpenAPI says about the gateway's route."""

from __future__ import annotations

from typing import Any, Final

from kserve_ocr.protocol.errors import OcrError

_STRING: Final = {"type": "string"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "lang": {**_STRING, "example": "eng+deu", "description": "Installed Tesseract models joined by `+`."},
    "psm": {"type": "integer", "minimum": 0, "maximum": 13, "description": "Page segmentation mode."},
    "oem": {"type": "integer", "minimum": 0, "maximum": 3, "description": "Engine mode that the models allow."},
    "dpi": {"type": "integer", "minimum": 70, "maximum": 2400, "description": "Resolution hint, pixels per inch."},
    "preprocess": {**_STRING, "enum": ["auto", "none"], "description": "Preparation of pages before reading."},
    "orient": {**_STRING, "enum": ["auto", "none"], "description": "Correction of pages turned by quarter_turns."},
    "order": {
        **_STRING,
        "enum": ["auto", "rows", "columns", "engine"],
        "description": "Reading order: what fits the page, rows across, columns down, or as the engine found it.",
    },
    "pages": {**_STRING, "example": "1-3,7", "description": "Pages to read; all if not given."},
    "outputs": {
        **_STRING,
        "example": "text,words",
        "description": "Any of text, output-0, confidence, pages, words, tsv, hocr, alto, pdf, separated by commas.",
    },
}
_BINARY: Final = {"type": "string", "format": "binary"}
_ERROR_SCHEMA: Final = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": _STRING, "code": _STRING},
}
_ANSWER_SCHEMA: Final = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": _STRING,
        "model_version": {"type": ["string", "null"]},
        "id": {"type": ["string", "null"]},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": _STRING,
                    "shape": {"type": "array", "items": {"type": "integer"}},
                    "datatype": {**_STRING, "enum": ["BYTES", "FP32", "INT32"]},
                    "data": {"type": "array", "items": {}, "description": "One value a document."},
                },
            },
        },
    },
}


def _errors() -> dict[int | str, dict[str, Any]]:
    """One response a status, with the slugs that come with it."""
    codes: dict[int, list[str]] = {}
    for kind in OcrError.__subclasses__():
        if kind.status != 499:
            codes.setdefault(kind.status, []).append(kind.code)
    return {
        status: {
            "description": f"Refused with code {' or '.join(slugs)}.",
            "content": {"application/json": {"schema": _ERROR_SCHEMA}},
        }
        for status, slugs in sorted(codes.items())
        if status not in {404, 405}
    }


GATEWAY: Final[dict[str, Any]] = {
    "summary": "Read documents",
    "description": (
        "Takes images (PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, AVIF) and PDFs as multipart files, base64 in JSON "
        "or a raw body, and answers with the V2 inference body, plain text, hOCR or a searchable PDF."
    ),
    "tags": ["gateway"],
    "operation_id": "ocr",
    "responses": {
        200: {
            "description": "What was read.",
            "content": {
                "application/json": {"schema": _ANSWER_SCHEMA},
                "text/plain": {"schema": _STRING},
                "text/html": {"schema": _STRING},
                "application/pdf": {"schema": _BINARY},
            },
        },
        **_errors(),
    },
    "openapi_extra": {
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in _OPTIONS.items()],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["image_file"],
                        "properties": {"image_file": {"type": "array", "items": _BINARY}, **_OPTIONS},
                    }
                },
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["image"],
                        "properties": {
                            "image": {"oneOf": [_STRING, {"type": "array", "items": _STRING}]},
                            **_OPTIONS,
                        },
                    }
                },
                **{kind: {"schema": _BINARY} for kind in ("image/*", "application/pdf", "application/octet-stream")},
            },
        },
    },
}
