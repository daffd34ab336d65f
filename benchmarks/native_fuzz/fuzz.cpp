// Runs the accelerated functions on random shapes and contents, built with AddressSanitizer and
// UndefinedBehaviorSanitizer. Tesseract is replaced by stand-ins whose arrays have exactly the size that is documented,
// so that every access beyond them is found.
//
// Usage: fuzz SECONDS SEED. Exits with 1 on a wrong result; a sanitizer ends the process with its report.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "../../predictor/acceleration/native/lstm_layers.cpp"

namespace {

std::mt19937 generator;

int random_int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }

void fail(const char *what) {
  std::fprintf(stderr, "wrong result of %s\n", what);
  std::exit(1);
}

// ---- Tesseract's stand-in

struct FakeIO : NetworkIO {
  std::vector<int8_t> memory;

  void resize(int height, int width, int features) {
    map.shape[BATCH] = 1, map.shape[HEIGHT] = height, map.shape[WIDTH] = width;
    map.steps[BATCH] = height * width, map.steps[HEIGHT] = width, map.steps[WIDTH] = 1;
    is_bytes = true;
    memory.assign(static_cast<size_t>(height) * width * features, 0);
    bytes.values = memory.data(), bytes.rows = height * width, bytes.columns = features;
    bytes.allocated = height * width * features;
  }
};

void multiply(int rows, int columns, const int8_t *shaped, const float *scales, const int8_t *vector, float *product) {
  for (int row = 0; row < (rows + 7) / 8 * 8; ++row) {
    int sum = 0;
    for (int i = 0; row < rows && i < columns - 1; ++i) {
      sum += shaped[static_cast<size_t>(row) * columns + i] * vector[i];
    }
    product[row] = row < rows ? static_cast<float>(sum) * scales[row] : 0;
  }
}

const Multiplier kMultiplier{multiply};
const Multiplier *const kMultiplierPointer = &kMultiplier;

void set_up_tesseract() {
  prepare_layers();
  original.multiplier = &kMultiplierPointer;
  original.resize_to_map = [](NetworkIO *io, bool, const StrideMap &map, int features) {
    static_cast<FakeIO *>(io)->resize(map.height(), map.width(), features);
  };
  original.resize_scaled = [](NetworkIO *io, const NetworkIO &from, int x_scale, int y_scale, int features) {
    static_cast<FakeIO *>(io)->resize(from.map.height() / y_scale, from.map.width() / x_scale, features);
  };
  original.resize_to_column = [](NetworkIO *io, const NetworkIO &from, int features) {
    static_cast<FakeIO *>(io)->resize(from.map.height(), 1, features);
  };
  original.zero_invalid = [](NetworkIO *) {};
  original.randomize = [](NetworkIO *io, int t, int offset, int features, void *) {
    for (int i = 0; i < features; ++i) {
      io->features(t)[offset + i] = static_cast<int8_t>(random_int(-127, 127));
    }
  };
}

void fill(FakeIO *io, int height, int width, int features) {
  io->resize(height, width, features);
  for (int8_t &value : io->memory) {
    value = static_cast<int8_t>(random_int(-127, 127));
  }
}

void fill(WeightMatrix *matrix, int outputs, int inputs) {
  matrix->int_mode = true;
  matrix->integers.rows = outputs, matrix->integers.columns = inputs + 1;
  matrix->scales.assign(outputs, 0.001F);
  matrix->shaped.resize(static_cast<size_t>(outputs) * (inputs + 1));
  for (int8_t &weight : matrix->shaped) {
    weight = static_cast<int8_t>(random_int(-127, 127));
  }
}

void fuzz_layers() {
  FakeIO input{}, output{};
  const int height = random_int(1, 40), width = random_int(1, 30), features = random_int(1, 20);
  fill(&input, height, width, features);

  Convolve convolve{};
  convolve.inputs = features, convolve.half_x = random_int(0, 3), convolve.half_y = random_int(0, 3);
  convolve.outputs = features * (2 * convolve.half_x + 1) * (2 * convolve.half_y + 1);
  forward_convolve(&convolve, false, input, nullptr, nullptr, &output);
  const int middle = features * ((2 * convolve.half_y + 1) * convolve.half_x + convolve.half_y);
  for (int t = 0; t < height * width; ++t) {
    if (std::memcmp(output.features(t) + middle, input.features(t), features) != 0) {
      fail("forward_convolve");
    }
  }

  Maxpool maxpool{};
  maxpool.inputs = maxpool.outputs = features;
  maxpool.x_scale = random_int(1, width), maxpool.y_scale = random_int(1, height);
  forward_maxpool(&maxpool, false, input, nullptr, nullptr, &output);
  const int x = random_int(0, output.map.width() - 1), y = random_int(0, output.map.height() - 1);
  int8_t maximum = INT8_MIN;
  for (int i = 0; i < maxpool.x_scale * maxpool.y_scale; ++i) {
    const int position = input.map.position(y * maxpool.y_scale + i / maxpool.x_scale, x * maxpool.x_scale + i % maxpool.x_scale);
    maximum = std::max(maximum, input.features(position)[features - 1]);
  }
  if (output.features(output.map.position(y, x))[features - 1] != maximum) {
    fail("forward_maxpool");
  }

  FullyConnected connected{};
  connected.type = TANH, connected.inputs = features, connected.outputs = random_int(1, 40);
  fill(&connected.matrix, connected.outputs, features);
  forward_connected(&connected, false, input, nullptr, nullptr, &output);

  Lstm lstm{};
  lstm.type = random_int(0, 1) ? LSTM : LSTM_SUMMARY;
  lstm.inputs = features, lstm.states = lstm.outputs = random_int(1, 40), lstm.all_inputs = features + lstm.states;
  for (WeightMatrix &gate : lstm.gates) {
    fill(&gate, lstm.states, lstm.all_inputs);
  }
  forward_lstm(&lstm, false, input, nullptr, nullptr, &output);
}

}  // namespace

int main(int count, char **arguments) {
  const int seconds = count > 1 ? std::atoi(arguments[1]) : 60;
  generator.seed(count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 0);
  set_up_tesseract();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  long rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    fuzz_layers();
  }
  std::printf("%ld rounds without a finding\n", rounds);
  return rounds == 0;
}
