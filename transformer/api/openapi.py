"""OpenAPI 3.1 operations of the gateway's routes."""

from __future__ import annotations

from typing import Any, Final

from kserve_ocr.protocol.parameters import schemas
from kserve_ocr.serving.openapi.operations import V2_RESPONSE, error_responses
from transformer.api.negotiation import NDJSON, OUTPUT_OF, ZIP
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
GATEWAY: Final[dict[str, Any]] = {
    "summary": "Read documents",
    "description": (
        "Takes images (PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, AVIF, HEIC) and PDFs as multipart files, base64 "
        "in JSON or a raw body, and answers with the V2 inference body, plain text, hOCR or a searchable PDF."
    ),
    "tags": ["gateway"],
    "operationId": "ocr",
    "responses": {
        "200": {
            "description": "What was read.",
            "content": {
                "application/json": {"schema": V2_RESPONSE},
                **{kind: {"schema": _BINARY if kind.endswith("pdf") else _STRING} for kind in OUTPUT_OF},
                NDJSON: {"schema": _STRING},
                ZIP: {"schema": _BINARY},
            },
        },
        **error_responses(without=(404, 405)),
    },
    "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in _OPTIONS.items()],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "title": "OcrForm",
                    "type": "object",
                    "required": ["image_file"],
                    "properties": {"image_file": {"type": "array", "items": _BINARY}, **_OPTIONS},
                }
            },
            "application/json": {
                "schema": {
                    "title": "OcrJson",
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
}
GATEWAY_PUT: Final = {**GATEWAY, "operationId": "ocr_put"}

LANGUAGES: Final[dict[str, Any]] = {
    "summary": "Languages that can be read",
    "description": "Installed models with their names and other codes; any of these may be given as `lang`.",
    "tags": ["gateway"],
    "operationId": "languages",
    "responses": {
        "200": {
            "description": "The languages.",
            "content": {
                "application/json": {
                    "schema": {
                        "title": "Languages",
                        "type": "object",
                        "required": ["default", "languages"],
                        "properties": {
                            "default": {**_STRING, "description": "Read when a request names none."},
                            "languages": {
                                "type": "array",
                                "items": {
                                    "title": "Language",
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
        "503": error_responses()["503"],
    },
}
