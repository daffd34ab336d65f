"""Replaces modules that KServe imports and the servers never use by empty stubs, to start faster.

``import kserve`` brings pandas, for clients that pass data frames, and the Kubernetes client, for programs that create
InferenceServices: together a third of a server's start (``make bench-start``) and 60 MB of its memory. Neither has a
switch, so placeholders stand in for them. They must be installed before KServe is imported, and only in a server.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

UNUSED: Final = frozenset({"pandas", "kubernetes"})


class _Placeholder(ModuleType):
    """Any name imported from it is an empty class, which is enough for annotations and ``isinstance``."""

    __path__: list[str] = []  # noqa: RUF012  # a package, to the import system

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        placeholder = type(name, (), {"__module__": self.__name__})
        setattr(self, name, placeholder)
        return placeholder


class _LeftOut(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in UNUSED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A placeholder has nothing to run."""


def stub_unused_imports() -> None:
    """Install the placeholders for this process. Raises RuntimeError if KServe is already imported."""
    if "kserve" in sys.modules:
        raise RuntimeError("KServe is imported already; stub_unused_imports comes first")
    sys.meta_path.insert(0, _LeftOut())
