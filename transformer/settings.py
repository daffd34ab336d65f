"""The transformer's settings, with every limit on client input."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from kserve_ocr.setting_fields import OLD
from kserve_ocr.settings import Settings


class TransformerSettings(Settings, frozen=True, kw_only=True):
    """Read from ``OCR_*`` variables; see :func:`kserve_ocr.settings.load`."""

    max_document_bytes: Annotated[
        int, Meta(ge=1024, le=4_294_967_296, description="Maximum size in bytes of one document; above it 413.")
    ] = 52_428_800
    max_documents: Annotated[
        int, Meta(ge=1, le=1000, description="Maximum number of documents in one request; above it 413.")
    ] = 32
    max_pages: Annotated[
        int, Meta(ge=1, le=10_000, description="Maximum number of pages in one request; above it 413.")
    ] = 500
    max_page_pixels: Annotated[
        int, Meta(ge=10_000, le=1_000_000_000, description="Maximum number of pixels of one page; above it 413.")
    ] = 100_000_000
    max_request_pixels: Annotated[
        int, Meta(ge=10_000, description="Maximum number of pixels of all pages in one request; above it 413.")
    ] = 5_000_000_000
    decode_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Time limit in seconds for decoding and preprocessing one page; "
            "a searchable PDF has it for each page.",
        ),
    ] = 30.0
    decode_workers: Annotated[
        int,
        Meta(
            extra={OLD: "decoders"},
            ge=0,
            le=64,
            description="Number of decode workers; 0: one per available CPU. One more serves clients that do "
            "not keep as many busy.",
        ),
    ] = 0
    decode_worker_memory_mib: Annotated[
        int,
        Meta(
            extra={OLD: "decoder_megabytes"},
            ge=0,
            description="Address-space limit per decode worker in MiB (0: unlimited).",
        ),
    ] = 1536
    max_requests: Annotated[
        int, Meta(ge=1, le=10_000, description="Maximum number of concurrent requests; further ones get 503.")
    ] = 128
    pages_in_flight: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="Pages decoded and not yet answered, over all requests, small ones counted by their pixels; "
            "twice the predictor's workers keep them busy. 0 for two per CPU that the cgroup grants, four at least.",
        ),
    ] = 0
    pixels_in_flight: Annotated[
        int,
        Meta(
            ge=1_000_000,
            description="Maximum number of pixels of decoded pages waiting for a result, across all requests.",
        ),
    ] = 150_000_000
    request_pages_in_flight: Annotated[
        int, Meta(ge=1, le=1000, description="Maximum number of decoded pages of one request waiting for a result.")
    ] = 8
    request_seconds: Annotated[
        float,
        Meta(
            gt=0, le=3600, description="Time limit in seconds for one request, including a cold start of the predictor."
        ),
    ] = 300.0
    preprocess: Annotated[Literal["auto", "none"], Meta(description="Default of the parameter `preprocess`.")] = "auto"
    orient: Annotated[
        Literal["auto", "none"],
        Meta(description="Default of the parameter `orient`: correction of pages rotated by 90°, 180° or 270°."),
    ] = "auto"
    order: Annotated[
        Literal["auto", "rows", "columns", "engine"],
        Meta(description="Reading order when a request gives neither `order` nor `psm`."),
    ] = "auto"
    second_look: Annotated[
        Literal["auto", "none"],
        Meta(
            description="Recognize a page again where rows of a table were split or text was left out, "
            "or where German is printed in blackletter, "
            "if a request gives neither `order=engine` nor `psm`."
        ),
    ] = "auto"
    api_keys_file: Annotated[
        str,
        Meta(
            max_length=4096,
            description="File of API keys, one line each: `ID SHA256 [requests=N] [pages=N]`, requests a minute and "
            "pages an hour. Empty: anyone may call.",
        ),
    ] = ""
    web: Annotated[bool, Meta(description="Serve the web page at `/gateway/`.")] = True
    wake_predictor: Annotated[
        bool, Meta(description="Send the predictor one request at start-up, so that both start from zero in parallel.")
    ] = True
