"""Documents → pages: pure functions on bytes and pixels. Nothing here knows HTTP, KServe or worker processes."""
