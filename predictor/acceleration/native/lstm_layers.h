// The forward passes of Tesseract's layers, as its own do them (src/lstm in its sources) to the last bit, for the one
// case that recognition is made of: whole-number weights and one image at a time. All else goes to the original.

#pragma once

#include "tesseract_abi.h"

// Fill the tables. With `dot_products`, multiply by the processor's instructions for them (AVX-512 VNNI).
void prepare_layers(bool dot_products);

void forward_convolve(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_maxpool(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_connected(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
void forward_lstm(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);
