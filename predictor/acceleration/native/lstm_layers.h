// Forward passes of Tesseract's layers, bit-identical to its own (src/lstm in its sources), for the one case that
// recognition consists of: integer weights and one image at a time. Everything else goes to the original.

#pragma once

#include "tesseract_abi.h"

// Fill the tables of the activation functions.
void prepare_layers();

void forward_convolve(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_maxpool(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_connected(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_lstm(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
