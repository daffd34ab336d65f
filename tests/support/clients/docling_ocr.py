"""Docling's own engine ``kserve_v2_ocr`` on one image: prints the text cells that Docling makes of the responses."""

from __future__ import annotations

import json
import sys
from typing import Any

from docling.datamodel.accelerator_options import AcceleratorOptions
from docling.datamodel.base_models import Page
from docling.datamodel.document import ConversionResult
from docling.datamodel.pipeline_options import KserveV2OcrOptions, OcrMode
from docling.models.stages.ocr.kserve_v2_ocr_model import KserveV2OcrModel
from docling_core.types.doc import BoundingBox, Size
from PIL import Image

SCALE = 2


class ImagePage:
    """What the engine needs of a page: its image, and that it holds no text of its own."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    def is_valid(self) -> bool:
        return True

    def get_page_image(self, *, scale: float, cropbox: BoundingBox) -> Image.Image:
        left, top, right, bottom = (round(value * scale) for value in cropbox.as_tuple())
        return self._image.crop((left, top, right, bottom))

    def get_text_cells(self) -> list[Any]:
        return []

    def get_visible_text_cells(self) -> list[Any]:
        return []


def read(*, file: str, **options: Any) -> dict[str, Any]:
    """The cells of the image at ``file`` in points of the page, and the errors that Docling noted."""
    image = Image.open(file)
    engine = KserveV2OcrModel(
        enabled=True,
        artifacts_path=None,
        options=KserveV2OcrOptions(**{"lang": [], "mode": OcrMode.FULL_PAGE, "scale": SCALE, **options}),
        accelerator_options=AcceleratorOptions(),
        enable_remote_services=True,
    )
    page = Page(page_no=1, size=Size(width=image.width / SCALE, height=image.height / SCALE))
    page._backend = ImagePage(image)
    result = ConversionResult.model_construct(input=None, errors=[], timings={}, pages=[page])
    (read_page,) = engine(result, [page])
    cells = read_page.cells
    return {
        "texts": [cell.text for cell in cells],
        "boxes": [cell.rect.to_bounding_box().as_tuple() for cell in cells],
        "scores": [cell.confidence for cell in cells],
        "errors": [error.error_message for error in result.errors],
    }


print(json.dumps([read(**call) for call in json.load(sys.stdin)]))
