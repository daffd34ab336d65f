"""The language of a page: scripts with their models, and identification by text."""
