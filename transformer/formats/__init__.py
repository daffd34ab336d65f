"""Output formats: pure functions from mapped page layouts (boxes in pixels of the original page) to bytes.

``words``, ``tsv``, ``hocr`` and ``alto`` take all pages of one document; ``pdf`` takes the original document too.
"""
