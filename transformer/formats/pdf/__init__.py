"""Searchable PDFs: the original document, or its images as pages, with an invisible text layer."""
