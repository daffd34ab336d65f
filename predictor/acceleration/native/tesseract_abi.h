// The first fields of Tesseract's data structures as release 5.5.4 lays them out, and the functions of it that the
// layers here call. patch_vtables.cpp resolves the functions and checks the structures before anything uses them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

template <typename T>
struct Array2D {
  void *vtable;
  T *values;
  T empty;
  int rows, columns, allocated;
};

enum Dimension { BATCH, HEIGHT, WIDTH, DIMENSIONS };

// Where the features of a position in the image are; of one image, or of several (BATCH).
struct StrideMap {
  int shape[DIMENSIONS];
  int steps[DIMENSIONS];
  std::vector<int> heights, widths;

  int height() const { return heights.empty() ? shape[HEIGHT] : std::min(heights[0], shape[HEIGHT]); }
  int width() const { return widths.empty() ? shape[WIDTH] : std::min(widths[0], shape[WIDTH]); }
  int position(int y, int x) const { return y * steps[HEIGHT] + x * steps[WIDTH]; }
};

// A layer's input or output: a row of features for each position.
struct NetworkIO {
  Array2D<float> floats;
  Array2D<int8_t> bytes;
  bool is_bytes;
  StrideMap map;

  int8_t *features(int t) { return bytes.values + static_cast<int64_t>(t) * bytes.columns; }
  const int8_t *features(int t) const { return bytes.values + static_cast<int64_t>(t) * bytes.columns; }
  bool is_one_image_of_bytes() const { return is_bytes && map.shape[BATCH] == 1; }
};

// Weights from -127 to 127, a row for each output with its bias last; a product times `scales` is a real number again.
// `shaped` holds them in the order that the multiplier reads.
struct WeightMatrix {
  Array2D<float> weights;
  Array2D<int8_t> integers;
  Array2D<float> transposed;
  bool int_mode, adam;
  std::vector<float> scales;
  Array2D<float> unused[3];
  std::vector<int8_t> shaped;
};

enum LayerType { LSTM = 14, LSTM_SUMMARY = 15, TANH = 19 };
enum Training { TRAINING = 1 };

struct Layer {
  void **vtable;
  int type, training;
  bool backward;
  int flags, inputs, outputs, weights;
  std::string name;
  void *windows[2];
  void *random;
};

struct Convolve : Layer {
  int half_x, half_y;
};

struct Maxpool : Layer {
  StrideMap unused;
  int x_scale, y_scale;
};

struct FullyConnected : Layer {
  WeightMatrix matrix;
};

enum Gate { CELL, IN, FORGET, OUT, GATES };

struct Lstm : Layer {
  int all_inputs, states, feedback;
  bool two_dimensional;
  WeightMatrix gates[GATES + 1];
  void *softmax;
  NetworkIO source;
};

static_assert(sizeof(StrideMap) == 72 && sizeof(NetworkIO) == 144 && sizeof(WeightMatrix) == 248, "64-bit layout");
static_assert(sizeof(Layer) == 96 && sizeof(Lstm) == 1504, "64-bit layout");

// How Tesseract multiplies integer weights by a vector on this processor. The vector is read a register at a time.
struct Multiplier {
  void (*multiply)(int rows, int columns, const int8_t *shaped, const float *scales, const int8_t *vector,
                   float *product);
};

using Forward = void (*)(Layer *, bool debug, const NetworkIO &, const void *transposed, void *scratch, NetworkIO *);

// Tesseract's own functions.
struct Original {
  Forward convolve, maxpool, connected, lstm;
  const Multiplier *const *multiplier;
  void (*resize_to_map)(NetworkIO *, bool bytes, const StrideMap &, int features);
  void (*resize_scaled)(NetworkIO *, const NetworkIO &, int x_scale, int y_scale, int features);
  void (*resize_to_column)(NetworkIO *, const NetworkIO &, int features);
  void (*zero_invalid)(NetworkIO *);
  void (*randomize)(NetworkIO *, int t, int offset, int features, void *random);
};

extern Original original;
