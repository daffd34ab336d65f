#pragma once

// Find Leptonica's functions through the Tesseract at `path`, which must be loaded. False if one is missing.
bool resolve_leptonica_symbols(const char *path);
