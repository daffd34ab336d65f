"""``python -m kserve_ocr_client``: the command ``kserve-ocr``."""

from __future__ import annotations

from kserve_ocr_client.commands.app import main

main()
