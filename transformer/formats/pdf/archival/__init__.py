"""PDF/A (ISO 19005): what a document needs for it, what may not be in it, and the color profile that it names."""
