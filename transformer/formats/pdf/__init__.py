"""Searchable PDFs: page images or original pages with an invisible text layer over them."""
