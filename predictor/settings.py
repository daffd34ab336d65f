"""The predictor's settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kserve_ocr.settings import Settings, renamed


class PredictorSettings(Settings):
    """Read from ``OCR_*`` variables; see :func:`kserve_ocr.settings.load`."""

    engine: Literal["tesserocr", "pytesseract"] = Field(
        "tesserocr",
        description="`tesserocr` keeps models loaded; `pytesseract` starts a process for each page.",
    )
    accelerate: bool = Field(
        True,
        description="Replace Tesseract's slowest functions with SIMD code: over twice as fast with AVX2, identical "
        "results. `false`: unmodified Tesseract.",
    )
    workers: int = Field(0, ge=0, le=256, description="Number of worker processes; 0: one per available CPU.")
    max_queue: int = Field(
        64,
        validation_alias=renamed("max_queue", old="queue"),
        ge=0,
        le=10_000,
        description="Maximum number of pages that wait for a worker; further ones get 503.",
    )
    page_seconds: float = Field(60.0, gt=0, le=3600, description="Time limit in seconds for recognizing one page.")
    tessdata: str = Field("", description="Directory of `*.traineddata` models; empty for the system's.")
    models_path: str = Field(
        "/mnt/models",
        description="Directory of models that KServe mounts; used in addition to those in `tessdata`.",
    )
    models_timeout_seconds: float = Field(
        45.0, gt=0, le=600, description="Seconds that a start waits for models that KServe says may be mounted late."
    )
    language_cache_size: int = Field(
        4,
        validation_alias=renamed("language_cache_size", old="languages"),
        ge=1,
        le=64,
        description="Language combinations each worker keeps loaded.",
    )
    max_bytes: int = Field(
        134_217_728, ge=1024, le=2_147_483_647, description="Maximum size in bytes of one request body; above it 413."
    )
    max_pages: int = Field(256, ge=1, le=10_000, description="Pages in one request; more are answered 413.")
    max_pixels: int = Field(
        100_000_000, ge=10_000, le=1_000_000_000, description="Maximum number of pixels of one page; above it 413."
    )
    worker_max_jobs: int = Field(
        2000,
        validation_alias=renamed("worker_max_jobs", old="recycle_pages"),
        ge=0,
        description="Pages after which a worker is replaced; 0 for never.",
    )
    worker_max_growth_mib: int = Field(
        256,
        validation_alias=renamed("worker_max_growth_mib", old="recycle_megabytes"),
        ge=0,
        description="Growth of a worker's resident memory, in MiB, after which it is replaced; 0 for never.",
    )
    worker_memory_mib: int = Field(
        1024,
        validation_alias=renamed("worker_memory_mib", old="worker_megabytes"),
        ge=0,
        description="Address-space limit per worker in MiB (0: unlimited). Only the page that exceeds it fails.",
    )
