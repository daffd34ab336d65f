"""What the transformer's workers are started with; importing this imports no decoder."""

from __future__ import annotations

from typing import Final

from kserve_ocr.workers.forking.launch import WorkerProgram

DECODER: Final = WorkerProgram(
    ("transformer.pipeline.decode_worker",),
    {
        # One page is one job on one CPU; every thread and arena takes address space, which is limited.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    },
    rare_modules=(
        "pi_heif",
        "transformer.pipeline.rendering.pdf_worker",
        "transformer.formats.pdf.images.poster",
    ),
)
