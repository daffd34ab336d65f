"""The command ``kserve-ocr``."""
