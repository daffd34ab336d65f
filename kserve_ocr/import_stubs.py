"""Leaves out what other packages do at import and the servers never use, to start faster (``make bench-start``).

``import kserve`` brings pandas, for clients that pass data frames, the Kubernetes client and a class per resource, for
programs that create InferenceServices, and clients of other model servers. ``import aiohttp`` loads the certificates of
all authorities. None has a switch, so placeholders stand in for the modules, and certificates are loaded when a client
connects by TLS. Both must be done before those packages are imported, and only in a server.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

UNUSED: Final = (
    "httpx",
    "kserve.api",
    "kserve.inference_client",
    "kserve.models",
    "kserve.protocol.rest.timeseries",
    "kubernetes",
    "pandas",
)


class _Placeholder(ModuleType):
    """Any name imported from it is an empty exception: enough for annotations, ``isinstance`` and ``except``."""

    __path__: list[str] = []  # noqa: RUF012  # a package, to the import system

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        placeholder = type(name, (Exception,), {"__module__": self.__name__})
        setattr(self, name, placeholder)
        return placeholder


class _LeftOut(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        unused = any(fullname == name or fullname.startswith(f"{name}.") for name in UNUSED)
        return ModuleSpec(fullname, self, is_package=True) if unused else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A placeholder has nothing to run."""


def stub_unused_imports() -> None:
    """Install the placeholders for this process. Raises RuntimeError if KServe is already imported."""
    if "kserve" in sys.modules:
        raise RuntimeError("KServe is imported already; stub_unused_imports comes first")
    sys.meta_path.insert(0, _LeftOut())


@contextmanager
def without_certificates() -> Iterator[None]:
    """Contexts for TLS that are created in the block trust no authority: every connection made with them fails."""
    load = ssl.SSLContext.load_default_certs
    ssl.SSLContext.load_default_certs = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = load  # type: ignore[method-assign]
