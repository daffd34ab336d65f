"""The transformer's settings, with every limit on client input."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kserve_ocr.settings import Settings, renamed


class TransformerSettings(Settings):
    """Read from ``OCR_*`` variables; see :func:`kserve_ocr.settings.load`."""

    max_document_bytes: int = Field(
        52_428_800, ge=1024, le=4_294_967_296, description="Maximum size in bytes of one document; above it 413."
    )
    max_documents: int = Field(
        32, ge=1, le=1000, description="Maximum number of documents in one request; above it 413."
    )
    max_pages: int = Field(500, ge=1, le=10_000, description="Maximum number of pages in one request; above it 413.")
    max_page_pixels: int = Field(
        100_000_000, ge=10_000, le=1_000_000_000, description="Maximum number of pixels of one page; above it 413."
    )
    max_request_pixels: int = Field(
        5_000_000_000, ge=10_000, description="Maximum number of pixels of all pages in one request; above it 413."
    )
    decode_seconds: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Time limit in seconds for decoding and preprocessing one page; "
        "a searchable PDF has it for each page.",
    )
    decode_workers: int = Field(
        0,
        validation_alias=renamed("decode_workers", old="decoders"),
        ge=0,
        le=64,
        description="Number of decode workers; 0: one per available CPU. One more serves clients that do "
        "not keep as many busy.",
    )
    decode_worker_memory_mib: int = Field(
        1536,
        validation_alias=renamed("decode_worker_memory_mib", old="decoder_megabytes"),
        ge=0,
        description="Address-space limit per decode worker in MiB (0: unlimited).",
    )
    max_requests: int = Field(
        128, ge=1, le=10_000, description="Maximum number of concurrent requests; further ones get 503."
    )
    pages_in_flight: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Pages decoded and not yet answered, over all requests, small ones counted by their pixels; twice "
        "the predictor's workers keep them busy. 0 for two per CPU that the cgroup grants, four at least.",
    )
    pixels_in_flight: int = Field(
        150_000_000,
        ge=1_000_000,
        description="Maximum number of pixels of decoded pages waiting for a result, across all requests.",
    )
    request_pages_in_flight: int = Field(
        8, ge=1, le=1000, description="Maximum number of decoded pages of one request waiting for a result."
    )
    request_seconds: float = Field(
        300.0,
        gt=0,
        le=3600,
        description="Time limit in seconds for one request, including a cold start of the predictor.",
    )
    preprocess: Literal["auto", "none"] = Field("auto", description="Default of the parameter `preprocess`.")
    orient: Literal["auto", "none"] = Field(
        "auto", description="Default of the parameter `orient`: correction of pages rotated by 90°, 180° or 270°."
    )
    order: Literal["auto", "rows", "columns", "engine"] = Field(
        "auto", description="Reading order when a request gives neither `order` nor `psm`."
    )
    second_look: Literal["auto", "none"] = Field(
        "auto",
        description="Recognize a page again where rows of a table were split or text was left out, "
        "or where German is printed in blackletter, "
        "if a request gives neither `order=engine` nor `psm`.",
    )
    api_keys_file: str = Field(
        "",
        max_length=4096,
        description="File of API keys, one line each: `ID SHA256 [requests=N] [pages=N]`, requests a minute and pages "
        "an hour. Empty: anyone may call.",
    )
    web: bool = Field(True, description="Serve the web page at `/gateway/`.")
    wake_predictor: bool = Field(
        True, description="Send the predictor one request at start-up, so that both start from zero in parallel."
    )
