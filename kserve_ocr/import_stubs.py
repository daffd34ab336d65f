"""Leaves out what KServe, its Prometheus client and uvicorn import and these servers never use, to start faster.

``import kserve`` brings FastAPI and a second server, pandas, the Kubernetes client and a class per resource, and
clients of other model servers; the Prometheus client brings servers of its own, uvicorn its command line. None has a
switch, so placeholders stand in for these modules while KServe is imported (``make bench-start``).
``import aiohttp`` loads the certificates of all authorities, which a client needs only when it connects by TLS.
"""

from __future__ import annotations

import importlib
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from kserve_ocr.arguments import argument

_UNUSED: Final = (
    "cloudevents",
    "fastapi",
    "http.server",
    "httpx",
    "kserve.api",
    "kserve.api_client",
    "kserve.configuration",
    "kserve.exceptions",
    "kserve.inference_client",
    "kserve.models",
    "kserve.protocol.grpc.server",
    "kserve.protocol.rest",
    "kubernetes",
    "pandas",
    "psutil",
    "pydantic",
    "urllib.request",
    "uvicorn.main",
    "wsgiref",
    "yaml",
)
_GRPC: Final = ("google", "grpc", "kserve.protocol.grpc")
_IMPORTED: Final = ("kserve.protocol.dataplane", "kserve.protocol.model_repository_extension", "uvicorn.server")
_FALSE: Final = ("n", "no", "f", "false", "off", "0")
_LOADERS: Final = ("load_default_certs", "set_default_verify_paths")


class _Placeholder(ModuleType):
    """Any name imported from it is an empty exception: enough for annotations, ``isinstance`` and ``except``."""

    __path__: list[str] = []  # noqa: RUF012  # a package, to the import system

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        placeholder = type(name, (_Unused,), {"__module__": self.__name__})
        setattr(self, name, placeholder)
        return placeholder


class _Unused(Exception):  # noqa: N818  # the base of what stands for classes and functions alike
    """Takes any arguments, as KServe creates an application of FastAPI when it is imported."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __class_getitem__(cls, _: Any) -> type[_Unused]:
        return cls


class _Finder:
    """A finder and loader of modules. Its abstract base classes would bring ``importlib.resources``: 5 ms."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        unused = any(fullname == name or fullname.startswith(f"{name}.") for name in self._names)
        return ModuleSpec(fullname, self, is_package=True) if unused else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A placeholder has nothing to run."""


def import_kserve(arguments: Sequence[str]) -> None:
    """Import KServe without what is unused; gRPC is if the process's ``arguments`` turn it off.

    An import of one of these modules afterwards gives the module itself. Does nothing if KServe is imported already.
    """
    without_grpc = argument(arguments, "--enable_grpc").lower() in _FALSE
    finder = _Finder((*_UNUSED, *_GRPC) if without_grpc else _UNUSED)
    sys.meta_path.insert(0, finder)
    try:
        for name in _IMPORTED:
            importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Placeholder)]:
            del sys.modules[name]


@contextmanager
def without_certificates() -> Iterator[None]:
    """Contexts for TLS that this thread creates in the block trust no authority: every connection with them fails."""
    own = {name: vars(ssl.SSLContext).get(name) for name in _LOADERS}
    for name in _LOADERS:
        setattr(ssl.SSLContext, name, _outside_of_thread(getattr(ssl.SSLContext, name), threading.get_ident()))
    try:
        yield
    finally:
        for name, method in own.items():
            if method is None:  # inherited
                delattr(ssl.SSLContext, name)
            else:
                setattr(ssl.SSLContext, name, method)


def _outside_of_thread(method: Callable[..., None], thread: int) -> Callable[..., None]:
    """A method that does nothing in one thread."""

    def call(*arguments: Any, **options: Any) -> None:
        if threading.get_ident() != thread:
            method(*arguments, **options)

    return call
