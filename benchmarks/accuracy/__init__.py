"""Accuracy of reading: plain Tesseract, and this service with its preparation of pages, step by step."""
