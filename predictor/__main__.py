"""``python -m predictor``: serve the predictor."""

from __future__ import annotations

import sys

from kserve_ocr.extras import exit_without
from kserve_ocr.import_stubs import stub_unused_imports
from kserve_ocr.settings import load_or_exit
from predictor.settings import PredictorSettings


def main() -> None:
    """Check the settings before anything heavy is imported, then serve until SIGTERM."""
    settings = load_or_exit(PredictorSettings)
    exit_without("predictor", "PIL", "pytesseract", "tesserocr")
    if settings.otlp_endpoint:
        exit_without("tracing", "opentelemetry")
    stub_unused_imports()
    from kserve.model_server import args  # noqa: PLC0415

    from kserve_ocr.serving.server import OcrServer, reject_multiple_server_workers, request_body_limiter  # noqa: PLC0415
    from predictor import metrics  # noqa: PLC0415
    from predictor.model import PredictorModel  # noqa: PLC0415
    from predictor.tessdata import ModelDirectoryError  # noqa: PLC0415

    reject_multiple_server_workers()
    metrics.announce(engine=settings.engine)
    try:
        model = PredictorModel(args.model_name, settings)
    except ModelDirectoryError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    OcrServer(settings, request_body_limiter(settings)).start([model])


if __name__ == "__main__":
    main()
