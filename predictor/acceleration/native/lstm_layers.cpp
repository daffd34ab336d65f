#include "lstm_layers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "simd_math.h"

#pragma GCC target("avx2")

Original original;
Table tanh_table, logistic_table;

void prepare_layers() {
  tanh_table.fill([](double x) { return std::tanh(x); });
  logistic_table.fill([](double x) { return 1 / (1 + std::exp(-x)); });
}

// Products are written, and vectors read, a register at a time.
static std::vector<float> product_buffer(int size) { return std::vector<float>(size + 16); }
static std::vector<int8_t> vector_buffer(int size) { return std::vector<int8_t>(size + 64); }

// Multiply by Tesseract's own code for this processor. Reads up to 32 bytes past the end of `vector`, and writes up to
// the next multiple of 8.
static void matrix_dot_vector(const WeightMatrix &matrix, const int8_t *vector, float *product) {
  (*original.multiplier)
      ->multiply(matrix.integers.rows, matrix.integers.columns, matrix.shaped.data(), matrix.scales.data(), vector,
                 product);
}

// End the process unless every position of the image has its row of features: Tesseract's arrays do not grow with an
// image beyond about 100 MB, and writing past their end is worse than the loss of a worker.
static void check_size(const NetworkIO &io, int features) {
  const int64_t last_row = io.map.position(io.map.height() - 1, io.map.width() - 1);
  if (last_row < 0 || last_row >= io.bytes.rows || io.bytes.columns < features ||
      static_cast<int64_t>(io.bytes.rows) * io.bytes.columns > io.bytes.allocated) {
    std::fputs("the line of text is too long for Tesseract's arrays\n", stderr);
    std::abort();
  }
}

// ---- Convolve: the features of each position and of its neighbors

// The neighbors of one position; random outside of the line, in Tesseract's order, since each draw advances the
// generator.
static void convolve_at(const Convolve &self, const NetworkIO &input, int y, int x, NetworkIO *output) {
  const int height = input.map.height(), width = input.map.width();
  const int t = input.map.position(y, x), features = self.inputs;
  int offset = 0;
  for (int from_x = x - self.half_x; from_x <= x + self.half_x; ++from_x) {
    if (from_x < 0 || from_x >= width) {
      const int column = (2 * self.half_y + 1) * features;
      original.randomize(output, t, offset, column, self.random);
      offset += column;
      continue;
    }
    for (int from_y = y - self.half_y; from_y <= y + self.half_y; ++from_y, offset += features) {
      if (from_y < 0 || from_y >= height) {
        original.randomize(output, t, offset, features, self.random);
      } else {
        std::memcpy(output->features(t) + offset, input.features(input.map.position(from_y, from_x)), features);
      }
    }
  }
}

// Columns of neighbors side by side, so that those of a position are contiguous.
static void fill_columns(const Convolve &self, const NetworkIO &input, int y, int8_t *columns) {
  const int features = self.inputs;
  for (int x = 0; x < input.map.width(); ++x) {
    for (int from_y = y - self.half_y; from_y <= y + self.half_y; ++from_y, columns += features) {
      const int8_t *from = input.features(input.map.position(from_y, x));
      if (features == 1) {
        *columns = *from;
      } else {
        std::memcpy(columns, from, features);
      }
    }
  }
}

void forward_convolve(Layer *layer, bool debug, const NetworkIO &input, const void *transposed, void *scratch,
                      NetworkIO *output) {
  if (debug || !input.is_one_image_of_bytes()) {
    return original.convolve(layer, debug, input, transposed, scratch, output);
  }
  const auto &self = *static_cast<Convolve *>(layer);
  check_size(input, self.inputs);
  original.resize_to_map(output, true, input.map, self.outputs);
  check_size(*output, self.outputs);
  const int height = input.map.height(), width = input.map.width();
  const int column = (2 * self.half_y + 1) * self.inputs;
  std::vector<int8_t> columns(static_cast<size_t>(width) * column);
  for (int y = 0; y < height; ++y) {
    const bool inside = y >= self.half_y && y < height - self.half_y;
    if (inside) {
      fill_columns(self, input, y, columns.data());
    }
    for (int x = 0; x < width; ++x) {
      if (inside && x >= self.half_x && x < width - self.half_x) {
        std::memcpy(output->features(input.map.position(y, x)), &columns[(x - self.half_x) * column], self.outputs);
      } else {
        convolve_at(self, input, y, x, output);
      }
    }
  }
}

// ---- Maxpool: the maximum of each rectangle

static void max_in_place(int8_t *maximum, const int8_t *features, int count) {
  constexpr int kBytes = sizeof(__m128i);
  int i = 0;
  for (; i + kBytes <= count; i += kBytes) {
    auto *at = reinterpret_cast<__m128i *>(maximum + i);
    const __m128i other = _mm_loadu_si128(reinterpret_cast<const __m128i *>(features + i));
    _mm_storeu_si128(at, _mm_max_epi8(_mm_loadu_si128(at), other));
  }
  for (; i < count; ++i) {
    maximum[i] = std::max(maximum[i], features[i]);
  }
}

void forward_maxpool(Layer *layer, bool debug, const NetworkIO &input, const void *transposed, void *scratch,
                     NetworkIO *output) {
  if (layer->training == TRAINING || !input.is_one_image_of_bytes()) {
    return original.maxpool(layer, debug, input, transposed, scratch, output);
  }
  const auto &self = *static_cast<Maxpool *>(layer);
  check_size(input, self.inputs);
  original.resize_scaled(output, input, self.x_scale, self.y_scale, self.outputs);
  check_size(*output, self.outputs);
  const StrideMap &from = input.map, &to = output->map;
  for (int y = 0; y < to.height(); ++y) {
    const int last_y = std::min((y + 1) * self.y_scale, from.height());
    for (int x = 0; x < to.width(); ++x) {
      const int last_x = std::min((x + 1) * self.x_scale, from.width());
      int8_t *maximum = output->features(to.position(y, x));
      std::memset(maximum, INT8_MIN, self.inputs);
      for (int from_y = y * self.y_scale; from_y < last_y; ++from_y) {
        for (int from_x = x * self.x_scale; from_x < last_x; ++from_x) {
          max_in_place(maximum, input.features(from.position(from_y, from_x)), self.inputs);
        }
      }
    }
  }
}

// ---- Fully connected

void forward_connected(Layer *layer, bool debug, const NetworkIO &input, const void *transposed, void *scratch,
                       NetworkIO *output) {
  const auto &self = *static_cast<FullyConnected *>(layer);
  if (debug || self.type != TANH || self.training == TRAINING || !input.is_one_image_of_bytes() ||
      !*original.multiplier || !self.matrix.int_mode) {
    return original.connected(layer, debug, input, transposed, scratch, output);
  }
  check_size(input, self.inputs);
  original.resize_to_map(output, true, input.map, self.outputs);
  check_size(*output, self.outputs);
  auto product = product_buffer(self.outputs);
  for (int t = 0; t < input.bytes.rows; ++t) {
    matrix_dot_vector(self.matrix, input.features(t), product.data());
    int8_t *result = output->features(t);
    for (int i = 0; i < self.outputs; i += kLanes) {
      store(result + i, to_bytes(hyperbolic_tangent(load(&product[i]))), self.outputs - i);
    }
  }
  original.zero_invalid(output);
}

// ---- Long short-term memory

void forward_lstm(Layer *layer, bool debug, const NetworkIO &input, const void *transposed, void *scratch,
                  NetworkIO *output) {
  const auto &self = *static_cast<Lstm *>(layer);
  const bool summary = self.type == LSTM_SUMMARY;
  if (debug || !(summary || self.type == LSTM) || self.training == TRAINING || self.softmax || self.feedback ||
      self.two_dimensional || !input.is_one_image_of_bytes() || !*original.multiplier || !self.gates[CELL].int_mode) {
    return original.lstm(layer, debug, input, transposed, scratch, output);
  }
  if (summary) {
    original.resize_to_column(output, input, self.outputs);
  } else {
    original.resize_to_map(output, true, input.map, self.outputs);
  }
  check_size(input, self.inputs);
  check_size(*output, self.outputs);
  auto cell = product_buffer(self.states), in = cell, forget = cell, out = cell, state = cell;
  // The input of a time step, followed by the output of the previous one.
  auto vector = vector_buffer(self.all_inputs);
  int8_t *recurrent = vector.data() + self.inputs;
  const StrideMap &from = input.map, &to = output->map;
  for (int y = 0; y < from.height(); ++y) {
    std::fill(state.begin(), state.end(), 0.0F);
    std::memset(recurrent, 0, self.states);
    for (int x = 0; x < from.width(); ++x) {
      std::memcpy(vector.data(), input.features(from.position(y, x)), self.inputs);
      matrix_dot_vector(self.gates[CELL], vector.data(), cell.data());
      matrix_dot_vector(self.gates[IN], vector.data(), in.data());
      matrix_dot_vector(self.gates[FORGET], vector.data(), forget.data());
      matrix_dot_vector(self.gates[OUT], vector.data(), out.data());
      // A summary has one column, which keeps the output of the last time step.
      int8_t *result = output->features(to.position(y, summary ? 0 : x));
      for (int i = 0; i < self.states; i += kLanes) {
        const __m128i bytes = lstm_step(&cell[i], &in[i], &forget[i], &out[i], &state[i]);
        store(recurrent + i, bytes, kLanes);
        store(result + i, bytes, self.states - i);
      }
    }
  }
}
