"""The OpenAPI description of the gateway's routes."""

from __future__ import annotations

from typing import Any, Final

from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.parameters import schemas
from transformer.parameters import DOCUMENT_PARAMETERS
from transformer.pipeline.ocr_request import OUTPUTS

_STRING: Final = {"type": "string"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    **schemas(DOCUMENT_PARAMETERS),
    "outputs": {
        **_STRING,
        "examples": ["text,words"],
        "description": f"Any of {', '.join(OUTPUTS)}, separated by commas.",
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
    """One response per status, with its error codes."""
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

LANGUAGES: Final[dict[str, Any]] = {
    "summary": "Languages that can be read",
    "description": "Installed models with their names and other codes; any of these may be given as `lang`.",
    "tags": ["gateway"],
    "operation_id": "languages",
    "responses": {
        200: {
            "description": "The languages.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["default", "languages"],
                        "properties": {
                            "default": {**_STRING, "description": "Read when a request names none."},
                            "languages": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["model", "name", "native", "tags"],
                                    "properties": {
                                        "model": _STRING,
                                        "name": _STRING,
                                        "native": _STRING,
                                        "tags": {"type": "array", "items": _STRING},
                                    },
                                },
                            },
                        },
                    }
                }
            },
        },
        503: _errors()[503],
    },
}
