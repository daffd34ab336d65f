"""``python -m transformer``: serve the transformer."""

from __future__ import annotations

import gc
import os
import sys

from transformer.wake_up import wake_predictor


def main() -> None:
    """Wake the predictor before anything heavy is imported, check the settings, then serve until SIGTERM."""
    gc.disable()  # a tenth of the time of all imports; the server enables it when it is ready
    wake_predictor(sys.argv[1:], os.environ)
    from kserve_ocr.extras import exit_without  # noqa: PLC0415
    from kserve_ocr.import_stubs import import_kserve  # noqa: PLC0415
    from kserve_ocr.settings import load_or_exit  # noqa: PLC0415
    from kserve_ocr.workers.forking.launch import launch_early  # noqa: PLC0415
    from transformer.decoder_program import DECODER  # noqa: PLC0415
    from transformer.settings import TransformerSettings  # noqa: PLC0415

    settings = load_or_exit(TransformerSettings)
    exit_without("transformer", "PIL", "aiohttp", "cv2", "pypdfium2", "python_multipart")
    if settings.otlp_endpoint:
        exit_without("tracing", "opentelemetry")
    launch_early(DECODER)
    import_kserve(sys.argv[1:])
    from kserve.model_server import args  # noqa: PLC0415

    from kserve_ocr.serving.server import (  # noqa: PLC0415
        OcrServer,
        access_control,
        reject_multiple_server_workers,
        request_body_limiter,
    )
    from transformer import metrics  # noqa: PLC0415
    from transformer.api.gateway import Gateway  # noqa: PLC0415
    from transformer.api.web_page import routes as web_routes  # noqa: PLC0415
    from transformer.model import TransformerModel  # noqa: PLC0415

    reject_multiple_server_workers()
    if not args.predictor_host:
        sys.stderr.write("--predictor_host=HOST[:PORT] is needed: where the predictor listens\n")
        raise SystemExit(2)
    metrics.announce()
    scheme = "https" if args.predictor_use_ssl else "http"
    model = TransformerModel(args.model_name, settings, predictor_url=f"{scheme}://{args.predictor_host}")
    bodies = request_body_limiter(settings)
    routes = [*Gateway(model, bodies).routes(), *(web_routes(args.model_name) if settings.web else ())]
    OcrServer(settings, bodies, routes=routes, access=access_control(settings.api_keys_file)).start([model])


if __name__ == "__main__":
    main()
