#include "lstm_layers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "simd_math.h"
#include "matrix_dot_vector.h"

#pragma GCC target("avx2")

Original original;
bool use_dot_products;
Table tanh_table, logistic_table;

void prepare_layers(bool dot_products) {
  use_dot_products = dot_products;
  tanh_table.fill([](double x) { return std::tanh(x); });
  logistic_table.fill([](double x) { return 1 / (1 + std::exp(-x)); });
}

// ---- Each position with its neighbours

// The neighbours of one position, random where it has none: in Tesseract's order, as each draw counts.
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

// Columns of neighbours side by side, so that a position's are one piece.
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
  original.resize_to_map(output, true, input.map, self.outputs);
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

// ---- The most of each rectangle

static void keep_most(int8_t *most, const int8_t *features, int count) {
  constexpr int kBytes = sizeof(__m128i);
  int i = 0;
  for (; i + kBytes <= count; i += kBytes) {
    auto *place = reinterpret_cast<__m128i *>(most + i);
    const __m128i other = _mm_loadu_si128(reinterpret_cast<const __m128i *>(features + i));
    _mm_storeu_si128(place, _mm_max_epi8(_mm_loadu_si128(place), other));
  }
  for (; i < count; ++i) {
    most[i] = std::max(most[i], features[i]);
  }
}

void forward_maxpool(Layer *layer, bool debug, const NetworkIO &input, const void *transposed, void *scratch,
                     NetworkIO *output) {
  if (layer->training == TRAINING || !input.is_one_image_of_bytes()) {
    return original.maxpool(layer, debug, input, transposed, scratch, output);
  }
  const auto &self = *static_cast<Maxpool *>(layer);
  original.resize_scaled(output, input, self.x_scale, self.y_scale, self.outputs);
  const StrideMap &from = input.map, &to = output->map;
  for (int y = 0; y < to.height(); ++y) {
    const int last_y = std::min((y + 1) * self.y_scale, from.height());
    for (int x = 0; x < to.width(); ++x) {
      const int last_x = std::min((x + 1) * self.x_scale, from.width());
      int8_t *most = output->features(to.position(y, x));
      std::memset(most, INT8_MIN, self.inputs);
      for (int from_y = y * self.y_scale; from_y < last_y; ++from_y) {
        for (int from_x = x * self.x_scale; from_x < last_x; ++from_x) {
          keep_most(most, input.features(from.position(from_y, from_x)), self.inputs);
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
      !*original.multiplier || !self.matrix.is_whole) {
    return original.connected(layer, debug, input, transposed, scratch, output);
  }
  original.resize_to_map(output, true, input.map, self.outputs);
  const Products<1> weights(&self.matrix);
  auto product = product_of(self.outputs);
  for (int t = 0; t < input.bytes.rows; ++t) {
    weights.multiply(input.features(t), {product.data()});
    int8_t *result = output->features(t);
    for (int i = 0; i < self.outputs; i += kLanes) {
      store(result + i, bytes_of(hyperbolic_tangent(load(&product[i]))), self.outputs - i);
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
      self.two_dimensional || !input.is_one_image_of_bytes() || !*original.multiplier || !self.gates[CELL].is_whole) {
    return original.lstm(layer, debug, input, transposed, scratch, output);
  }
  if (summary) {
    original.resize_to_column(output, input, self.outputs);
  } else {
    original.resize_to_map(output, true, input.map, self.outputs);
  }
  const Products<GATES> weights(self.gates);
  auto cell = product_of(self.states), in = cell, forget = cell, out = cell, state = cell;
  // The input of a time step, and behind it the output of the one before.
  auto vector = vector_of(self.all_inputs);
  int8_t *fed_back = vector.data() + self.inputs;
  const StrideMap &from = input.map, &to = output->map;
  for (int y = 0; y < from.height(); ++y) {
    std::fill(state.begin(), state.end(), 0.0F);
    std::memset(fed_back, 0, self.states);
    for (int x = 0; x < from.width(); ++x) {
      std::memcpy(vector.data(), input.features(from.position(y, x)), self.inputs);
      weights.multiply(vector.data(), {cell.data(), in.data(), forget.data(), out.data()});
      // A summary's only column is written again and again: its last time step is what stays.
      int8_t *result = output->features(to.position(y, summary ? 0 : x));
      for (int i = 0; i < self.states; i += kLanes) {
        const __m128i bytes = step(&cell[i], &in[i], &forget[i], &out[i], &state[i]);
        store(fed_back + i, bytes, kLanes);
        store(result + i, bytes, self.states - i);
      }
    }
  }
}
