"""OpenAPI 3.1 operations of the gateway's routes."""

from __future__ import annotations

from typing import Any, Final

from kserve_ocr.protocol.parameters import schemas
from kserve_ocr.serving.openapi import examples
from kserve_ocr.serving.openapi.operations import error_responses
from kserve_ocr.serving.openapi.schemas import BINARY, STRING, V2_RESPONSE, array, titled
from transformer.api.negotiation import NDJSON, OUTPUT_OF, ZIP
from transformer.parameters import DOCUMENT_PARAMETERS
from transformer.pipeline.ocr_request import OUTPUTS

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    **schemas(DOCUMENT_PARAMETERS),
    "outputs": {
        **STRING,
        "examples": ["text,words"],
        "description": f"Any of {', '.join(OUTPUTS)}, separated by commas.",
    },
}
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
                **{kind: {"schema": BINARY if kind.endswith("pdf") else STRING} for kind in OUTPUT_OF},
                NDJSON: {"schema": STRING},
                ZIP: {"schema": BINARY},
            },
            "headers": {
                "X-Ocr-Warnings": {
                    "schema": STRING,
                    "description": "What is to be known about a document that was read.",
                }
            },
        },
        **error_responses(without=(404, 405)),
    },
    "parameters": [
        # A browser sends a field that was left blank; it counts as not given.
        {"name": name, "in": "query", "allowEmptyValue": True, "schema": schema}
        for name, schema in _OPTIONS.items()
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": titled("OcrForm", {"image_file": array(BINARY), **_OPTIONS}, required=("image_file",))
            },
            "application/json": {
                "schema": titled(
                    "OcrJson", {"image": {"oneOf": [STRING, array(STRING)]}, **_OPTIONS}, required=("image",)
                ),
                "examples": examples.example({"image": examples.IMAGE, "lang": "eng", "outputs": "text,confidence"}),
            },
            **{kind: {"schema": BINARY} for kind in ("image/*", "application/pdf", "application/octet-stream")},
        },
    },
}
GATEWAY_PUT: Final = {**GATEWAY, "operationId": "ocr_put"}

_LANGUAGE: Final = titled("Language", {"model": STRING, "name": STRING, "native": STRING, "tags": array(STRING)})
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
                    "schema": titled(
                        "Languages",
                        {
                            "default": {**STRING, "description": "Read when a request names none."},
                            "languages": array(_LANGUAGE),
                        },
                    )
                }
            },
            "links": {
                name: {"operationId": name, "parameters": {"query.lang": "$response.body#/languages/0/model"}}
                for name in ("ocr", "ocr_put")
            },
        },
        "503": error_responses()["503"],
    },
}
