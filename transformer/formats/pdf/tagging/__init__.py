"""Tags: the logical structure of a searchable PDF, headings, paragraphs, lists and tables."""
