"""Reads only the regions of a page that a client names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout, confident_part, mean_confidence
from kserve_ocr.protocol.types import Page
from kserve_ocr.tasks import gather_or_cancel
from transformer import metrics
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages.page_recognizer import PageOptions, RecognizedPage
from transformer.pipeline.predictor_client import PredictorClient
from transformer.regions import Region, shifted
from transformer.structure.content.page_structure import analyze
from transformer.structure.noise import without_noise
from transformer.structure.text import page_text

_MARGIN: Final = 12
"""Pixels of paper around a region: letters at the edge of an image are read badly."""


async def read_regions(
    predictor: PredictorClient, page: DocumentPage, regions: Sequence[Region], options: PageOptions, *, deadline: float
) -> RecognizedPage:
    """The regions' text and layout in their order; ``deadline`` is in the loop's time.

    Raises InvalidParameterError for a region off the page, and what :meth:`PredictorClient.read` raises.
    """
    boxes = [region.on_page(page.geometry) for region in regions]

    async def read(region: Region, box: tuple[int, int, int, int]) -> PageLayout:
        left, top, right, bottom = box
        part = _with_margin(page.pixels[top:bottom, left:right])
        engine = replace(region.engine_options(options.engine), dpi=page.dpi)
        with metrics.stage("network"):
            reading = await predictor.read(part, engine, wants_layout=True, deadline=deadline)
        assert reading.layout is not None, "a layout was asked for"
        height, width = page.pixels.shape
        found = confident_part(without_noise(reading.layout), options.min_confidence)
        return shifted(found, left=left - _MARGIN, top=top - _MARGIN, width=width, height=height)

    parts = await gather_or_cancel([read(region, box) for region, box in zip(regions, boxes, strict=True)])
    blocks = tuple(block for part in parts for block in part.blocks)
    layout = replace(parts[0], blocks=blocks)
    structure = analyze(layout, page.separators) if options.wants_structure else None
    return RecognizedPage(page_text(layout), mean_confidence(layout.iter_words()), layout, structure)


def _with_margin(pixels: Page) -> Page:
    return np.pad(pixels, _MARGIN, constant_values=int(np.median(pixels)))
