"""Builds the C++ library; everything else is in pyproject.toml."""

from __future__ import annotations

import platform
from pathlib import Path

from setuptools import Extension, setup

_SOURCES = Path("predictor/acceleration/native")

# Not a Python module but a library that predictor/acceleration/install.py loads, so it needs no Python to run. Where it
# cannot be built, Tesseract's own code does the same. No -ffast-math, no fused multiply-add: results would differ.
_ACCELERATION = Extension(
    "predictor.acceleration._native",
    sources=[str(_SOURCES / name) for name in ("lstm_layers.cpp", "patch_vtables.cpp")],
    depends=[str(path) for path in sorted(_SOURCES.glob("*.h"))],
    language="c++",
    extra_compile_args=["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-g0", "-Wall", "-Wextra"],
    optional=True,
)

setup(ext_modules=[_ACCELERATION] if platform.machine() == "x86_64" and _SOURCES.is_dir() else [])
