"""The KServe predictor: warm Tesseract workers that read one page per job."""
