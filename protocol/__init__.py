"""The wire contract that transformer and predictor share. Knows neither images nor Tesseract."""
