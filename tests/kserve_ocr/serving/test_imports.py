"""What a server imports before it is ready: nothing that it does not use."""

from __future__ import annotations

import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kserve_ocr.import_stubs import without_certificates
from tests.support.http_calls import metric, until
from tools.local_stack import Service

ROOT = Path(__file__).resolve().parents[3]
UNUSED = ("cloudevents", "fastapi", "httpx", "kubernetes", "pandas", "psutil", "urllib3", "watchfiles", "yaml")
LATER = ("aiohttp", "cv2", "tesserocr")
ANNOUNCED = {"predictor": "engine='tesserocr'", "transformer": ""}
SERVERS = {"predictor": "predictor.model", "transformer": "transformer.api.gateway"}
WITH_PASSWORDS = {
    "predictor": set(),
    "transformer": {
        "transformer.decoding.options.DecodeOptions",
        "transformer.pipeline.decode_job.PdfOptions",
        "transformer.pipeline.ocr_request.Document",
    },
}
"""Dataclasses: only they keep a field out of what is logged of an instance."""


def imported(program: str) -> list[str]:
    """The modules that ``program`` printed."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def program_of(server: str, *arguments: str) -> str:
    """A program that imports what a server of that package does with these arguments, and prints what it has then."""
    return (
        f"import sys; from kserve_ocr.import_stubs import import_kserve; import_kserve({list(arguments)!r}); "
        f"import kserve.model_server, kserve_ocr.serving.server, {server}.metrics, {SERVERS[server]}; "
        f"{server}.metrics.announce({ANNOUNCED[server]}); "
        "print(*sys.modules)"
    )


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_imports_nothing_that_it_does_not_use(server: str) -> None:
    found = imported(program_of(server, "--enable_grpc=false"))

    assert "kserve.model" in found
    assert not {*UNUSED, *LATER, "google", "grpc"} & set(found)


@pytest.mark.parametrize("server", SERVERS)
def test_types_are_structs_which_are_defined_without_compiling_code(server: str) -> None:
    """Each dataclass costs 0.6 ms of a start, a struct 0.02."""
    classes = (
        "; own = [c for name, module in list(sys.modules.items()) for c in vars(module).values() "
        f"if name.startswith(('kserve_ocr.', '{server}.')) "
        "and isinstance(c, type) and '__dataclass_fields__' in vars(c)]"
        "; print(); print('classes', *(f'{c.__module__}.{c.__qualname__}' for c in own))"
    )
    found = imported(program_of(server, "--enable_grpc=false") + classes)

    assert set(found[found.index("classes") + 1 :]) == WITH_PASSWORDS[server]


def test_grpc_is_imported_unless_it_is_off() -> None:
    assert "grpc" in imported(program_of("predictor"))
    assert "grpc" in imported(program_of("predictor", "--enable_grpc", "true"))
    assert "grpc" not in imported(program_of("predictor", "--enable_grpc", "No"))


def test_what_was_left_out_can_be_imported_afterwards() -> None:
    program = (
        "from kserve_ocr.import_stubs import import_kserve; import_kserve([]); "
        "import http.server, psutil, urllib.request, yaml; "
        "print(yaml.safe_load('3'), psutil.Process().pid > 0, http.server.HTTPServer.__name__, urllib.request.__name__)"
    )

    assert imported(program) == ["3", "True", "HTTPServer", "urllib.request"]


def test_certificates_are_not_loaded_in_the_block_and_are_outside_of_it() -> None:
    load = ssl.SSLContext.load_default_certs
    loaded: list[object] = []
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as other:
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda context, _: loaded.append(context))
        with without_certificates():
            context = ssl.create_default_context()
            context.set_default_verify_paths()
            elsewhere = other.submit(ssl.create_default_context).result()
    assert loaded == [elsewhere], "only this thread's contexts are without"

    assert context.cert_store_stats()["x509"] == 0
    assert ssl.SSLContext.load_default_certs is load
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)


@pytest.mark.parametrize("name", SERVERS)
def test_garbage_is_collected_once_a_server_is_ready(service: Service, name: str) -> None:
    server = getattr(service, name)
    until(lambda: metric(server, "python_gc_collections_total", generation="0") > 0, "a collection")
