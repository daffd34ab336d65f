"""What a measurement was made on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from kserve_ocr.workers.cpus import granted_cpus


def describe() -> str:
    """CPUs, their model, and the versions of Tesseract in the system and in the wheel."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cpus = f"{granted_cpus()} CPUs ({model[1].strip() if model else os.uname().machine})"
    return f"{cpus}, Tesseract {_tesseract()} on the command line and {_library()} in the wheel"


def _tesseract() -> str:
    done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).split()[1]


def _library() -> str:
    import tesserocr  # noqa: PLC0415 - with a note on stderr when no model is found

    return str(tesserocr.tesseract_version()).split()[1]
