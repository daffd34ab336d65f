"""The part of the project that is compiled: what stands in pyproject.toml needs no more than that."""

from __future__ import annotations

import platform
from pathlib import Path

from setuptools import Extension, setup

_SOURCES = Path("predictor/acceleration")

# Not a Python module but a library that predictor/engines/acceleration.py loads, so it needs no Python to run. Where it
# cannot be built, Tesseract's own code does the same. No -ffast-math, no fused multiply-add: results would differ.
_ACCELERATION = Extension(
    "predictor._acceleration",
    sources=[str(_SOURCES / name) for name in ("bits.cpp", "install.cpp", "layers.cpp")],
    depends=[str(path) for path in sorted(_SOURCES.glob("*.h"))],
    language="c++",
    extra_compile_args=["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-g0", "-Wall", "-Wextra"],
    optional=True,
)

setup(ext_modules=[_ACCELERATION] if platform.machine() == "x86_64" and _SOURCES.is_dir() else [])
