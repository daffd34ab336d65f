// What Tesseract keeps where: the beginnings of its structures, as release 5.5 lays them out, and those functions of it
// that the layers here call. install.cpp finds the functions and checks the structures before anything uses them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

template <typename T>
struct Array2D {
  void *virtual_table;
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

// Weights from -127 to 127, a row for each output, its bias last; `scales` turns products back into numbers.
//
// `shaped` is what is multiplied by, in the order that the multiplier wants. For that of AVX2, outputs come in blocks of
// 64, then of 32, 16 and 8, as many as are left, the last filled with zeros. A block is, for every four inputs, the four
// weights of each of its outputs; then its biases.
struct WeightMatrix {
  Array2D<float> weights;
  Array2D<int8_t> whole;
  Array2D<float> transposed;
  bool is_whole, adam;
  std::vector<float> scales;
  Array2D<float> unused[3];
  std::vector<int8_t> shaped;

  int outputs() const { return whole.rows; }
  int inputs() const { return whole.columns - 1; }
};

enum LayerType { LSTM = 14, LSTM_SUMMARY = 15, TANH = 19 };
enum Training { TRAINING = 1 };

struct Layer {
  void **virtual_table;
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

// How Tesseract multiplies whole-number weights by a vector on this processor. The vector is read a register at a time.
struct Multiplier {
  void (*multiply)(int rows, int columns, const int8_t *shaped, const float *scales, const int8_t *vector,
                   float *product);
  int outputs_per_register, max_registers, inputs_per_register, inputs_per_group;

  bool is_of_avx2() const { return outputs_per_register == 8 && max_registers == 8 && inputs_per_group == 4; }
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
