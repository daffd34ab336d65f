"""The predictor's settings."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from kserve_ocr.setting_fields import OLD
from kserve_ocr.settings import Settings


class PredictorSettings(Settings, frozen=True, kw_only=True):
    """Read from ``OCR_*`` variables; see :func:`kserve_ocr.settings.load`."""

    engine: Annotated[
        Literal["tesserocr", "pytesseract"],
        Meta(description="`tesserocr` keeps models loaded; `pytesseract` starts a process for each page."),
    ] = "tesserocr"
    accelerate: Annotated[
        bool,
        Meta(
            description="Replace Tesseract's slowest functions with SIMD code: over twice as fast with AVX2, identical "
            "results. `false`: unmodified Tesseract."
        ),
    ] = True
    workers: Annotated[int, Meta(ge=0, le=256, description="Number of worker processes; 0: one per available CPU.")] = 0
    max_queue: Annotated[
        int,
        Meta(
            extra={OLD: "queue"},
            ge=0,
            le=10_000,
            description="Maximum number of pages that wait for a worker; further ones get 503.",
        ),
    ] = 64
    page_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Time limit in seconds for recognizing one page.")
    ] = 60.0
    tessdata: Annotated[str, Meta(description="Directory of `*.traineddata` models; empty for the system's.")] = ""
    models_path: Annotated[
        str, Meta(description="Directory of models that KServe mounts; used in addition to those in `tessdata`.")
    ] = "/mnt/models"
    models_timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds that a start waits for models that KServe says may be mounted late."),
    ] = 45.0
    language_cache_size: Annotated[
        int, Meta(extra={OLD: "languages"}, ge=1, le=64, description="Language combinations each worker keeps loaded.")
    ] = 4
    max_bytes: Annotated[
        int, Meta(ge=1024, le=2_147_483_647, description="Maximum size in bytes of one request body; above it 413.")
    ] = 134_217_728
    max_pages: Annotated[int, Meta(ge=1, le=10_000, description="Pages in one request; more are answered 413.")] = 256
    max_pixels: Annotated[
        int, Meta(ge=10_000, le=1_000_000_000, description="Maximum number of pixels of one page; above it 413.")
    ] = 100_000_000
    worker_max_jobs: Annotated[
        int,
        Meta(extra={OLD: "recycle_pages"}, ge=0, description="Pages after which a worker is replaced; 0 for never."),
    ] = 2000
    worker_max_growth_mib: Annotated[
        int,
        Meta(
            extra={OLD: "recycle_megabytes"},
            ge=0,
            description="Growth of a worker's resident memory, in MiB, after which it is replaced; 0 for never.",
        ),
    ] = 256
    worker_memory_mib: Annotated[
        int,
        Meta(
            extra={OLD: "worker_megabytes"},
            ge=0,
            description="Address-space limit per worker in MiB (0: unlimited). Only the page that exceeds it fails.",
        ),
    ] = 1024
