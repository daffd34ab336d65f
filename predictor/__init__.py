"""The KServe predictor: Tesseract workers that recognize one page per job."""
