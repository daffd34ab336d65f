"""Searchable PDFs: time and size beside OCRmyPDF, in one run."""
