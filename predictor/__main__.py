"""``python -m predictor``: serve the predictor."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from kserve_ocr.extras import exit_without
from kserve_ocr.import_stubs import import_kserve
from kserve_ocr.settings import load_or_exit
from kserve_ocr.workers.forking.launch import launch_early
from predictor.engines.program import worker_program
from predictor.model_mounts import ModelMountError, model_directory
from predictor.settings import PredictorSettings
from predictor.tessdata import ModelDirectoryError


def main() -> None:
    """Check the settings before anything heavy is imported, then serve until SIGTERM."""
    gc.disable()  # a tenth of the time of all imports; the server enables it when it is ready
    settings = load_or_exit(PredictorSettings)
    exit_without("predictor", "PIL", "pytesseract", "tesserocr")
    if settings.otlp_endpoint:
        exit_without("tracing", "opentelemetry")
    launch_early(worker_program(settings.engine))
    import_kserve(sys.argv[1:])
    from kserve.model_server import args  # noqa: PLC0415

    from kserve_ocr.serving.server import OcrServer, reject_multiple_server_workers, request_body_limiter  # noqa: PLC0415
    from predictor import metrics  # noqa: PLC0415
    from predictor.model import PredictorModel  # noqa: PLC0415

    reject_multiple_server_workers()
    metrics.announce(engine=settings.engine)
    models = model_directory(settings.tessdata, Path(settings.models_path), seconds=settings.models_timeout_seconds)
    with exit_on_model_errors(), models as tessdata:
        model = PredictorModel(args.model_name, replace(settings, tessdata=tessdata))
        # The transformer is on the same network; that of the first release says it accepts compression, and does not.
        OcrServer(settings, request_body_limiter(settings), compress=False).start([model])


@contextlib.contextmanager
def exit_on_model_errors() -> Iterator[None]:
    """Exit with status 2 and one sentence, which KServe and Knative show in the conditions of a failed revision."""
    try:
        yield
    except (ModelDirectoryError, ModelMountError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
