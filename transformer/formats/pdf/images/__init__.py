"""Images as a PDF holds them, and the pages that show them."""
