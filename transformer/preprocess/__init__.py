"""Preprocessing of decoded pages: measure a page, correct what hinders recognition, record the geometry."""
