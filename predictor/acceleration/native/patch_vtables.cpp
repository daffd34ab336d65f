// Puts the forward passes of layers.cpp into the Tesseract that this process has loaded: into the virtual tables of its
// layers. Nothing is changed in a library whose structures are not those of tesseract.h, as far as that can be told:
// its release, its functions' names, and where its constructors put telling numbers.

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "exported.h"
#include "lstm_layers.h"

namespace {

class Library {
 public:
  explicit Library(const char *path) : handle_(dlopen(path, RTLD_NOW | RTLD_NOLOAD)) {}

  // Set `function` to the one of that name; false if there is none.
  template <typename Function>
  bool find(const char *name, Function *function) const {
    *function = handle_ ? reinterpret_cast<Function>(dlsym(handle_, name)) : nullptr;
    return *function != nullptr;
  }

 private:
  void *handle_;
};

using Name = const std::string &;

#define STRING "RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

bool find_functions(const Library &library, Original *found) {
  void *writes_floats;
  return library.find("_ZN9tesseract13IntSimdMatrix13intSimdMatrixE", &found->multiplier) &&
         library.find("_ZN9tesseract9NetworkIO11ResizeToMapEbRKNS_9StrideMapEi", &found->resize_to_map) &&
         library.find("_ZN9tesseract9NetworkIO12ResizeScaledERKS0_iii", &found->resize_scaled) &&
         library.find("_ZN9tesseract9NetworkIO10ResizeXTo1ERKS0_i", &found->resize_to_column) &&
         library.find("_ZN9tesseract9NetworkIO19ZeroInvalidElementsEv", &found->zero_invalid) &&
         library.find("_ZN9tesseract9NetworkIO9RandomizeEiiiPNS_5TRandE", &found->randomize) &&
         // The last letters say that it reckons in single precision.
         library.find("_ZN9tesseract9NetworkIO17WriteTimeStepPartEiiiPKf", &writes_floats);
}

// The place of the forward pass in every layer's virtual table: behind the last of its functions that has a name here,
// and one of two that the base leaves open. 0 if it is not so.
int place_of_forward(const Library &library) {
  void **table, *before, *open;
  if (!library.find("_ZTVN9tesseract7NetworkE", &table) || !library.find("__cxa_pure_virtual", &open) ||
      !library.find("_ZNK9tesseract7Network16CountAlternatorsERKS0_PfS3_", &before)) {
    return 0;
  }
  table += 2;  // the offset to the top of the object, and its type
  constexpr int kLongest = 64;
  for (int place = 1; place < kLongest; ++place) {
    if (table[place - 1] == before) {
      return table[place] == open && table[place + 1] == open ? place : 0;
    }
  }
  return 0;
}

// One of each layer. They stay, as nothing here knows how they are taken down.
struct Layers {
  Convolve *convolve;
  Maxpool *maxpool;
  FullyConnected *connected;
  Lstm *lstm;
};

bool make_layers(const Library &library, Layers *made) {
  void (*make_convolve)(void *, Name, int inputs, int half_x, int half_y);
  void (*make_maxpool)(void *, Name, int inputs, int x_scale, int y_scale);
  void (*make_connected)(void *, Name, int inputs, int outputs, int type);
  void (*make_lstm)(void *, Name, int inputs, int states, int outputs, bool two_dimensional, int type);
  if (!library.find("_ZN9tesseract8ConvolveC1E" STRING "iii", &make_convolve) ||
      !library.find("_ZN9tesseract7MaxpoolC1E" STRING "iii", &make_maxpool) ||
      !library.find("_ZN9tesseract14FullyConnectedC1E" STRING "iiNS_11NetworkTypeE", &make_connected) ||
      !library.find("_ZN9tesseract4LSTMC1E" STRING "iiibNS_11NetworkTypeE", &make_lstm)) {
    return false;
  }
  constexpr int kRoom = 8192;  // for any layer
  const auto room = [] { return std::memset(::operator new(kRoom), 0, kRoom); };
  make_convolve(made->convolve = static_cast<Convolve *>(room()), "convolve", 11, 12, 13);
  make_maxpool(made->maxpool = static_cast<Maxpool *>(room()), "maxpool", 21, 22, 23);
  make_connected(made->connected = static_cast<FullyConnected *>(room()), "connected", 31, 32, TANH);
  make_lstm(made->lstm = static_cast<Lstm *>(room()), "lstm", 41, 42, 42, false, LSTM);
  return true;
}

bool is(const Layer &layer, const char *name, int inputs, int outputs) {
  return layer.name == name && layer.inputs == inputs && layer.outputs == outputs && layer.training == TRAINING;
}

// Whether the layers, and what goes from one to the next, are laid out as tesseract.h says.
bool are_known(const Library &library, const Layers &made) {
  void (*resize)(NetworkIO *, bool bytes, int width, int features);
  if (!library.find("_ZN9tesseract9NetworkIO8Resize2dEbii", &resize)) {
    return false;
  }
  NetworkIO *passed = &made.lstm->source;
  resize(passed, true, 51, 52);
  const Convolve &convolve = *made.convolve;
  const Maxpool &maxpool = *made.maxpool;
  const FullyConnected &connected = *made.connected;
  const Lstm &lstm = *made.lstm;
  return is(convolve, "convolve", 11, 11 * 25 * 27) && convolve.half_x == 12 && convolve.half_y == 13 &&
         is(maxpool, "maxpool", 21, 21) && maxpool.x_scale == 22 && maxpool.y_scale == 23 &&
         is(connected, "connected", 31, 32) && connected.type == TANH && !connected.matrix.is_whole &&
         is(lstm, "lstm", 41, 42) && lstm.type == LSTM && lstm.all_inputs == 41 + 42 && lstm.states == 42 &&
         lstm.feedback == 0 && !lstm.two_dimensional && lstm.softmax == nullptr && passed->is_bytes &&
         passed->bytes.values != nullptr && passed->bytes.rows == 51 && passed->bytes.columns == 52;
}

// Put a forward pass into a virtual table, which the linker has made read-only.
bool replace(Layer *layer, int place, Forward forward, Forward *former) {
  void **entry = layer->virtual_table + place;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  void *start = reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(entry) / page * page);
  if (mprotect(start, page, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  *former = reinterpret_cast<Forward>(*entry);
  *entry = reinterpret_cast<void *>(forward);
  mprotect(start, page, PROT_READ);
  return true;
}

}  // namespace

// Replace the forward passes in the Tesseract at `path`, which must be loaded and of that release. To be called once.
// Returns what they are reckoned with, as a text that stays: `avx2`, `avx512vnni`; null, and no change, where they
// cannot be. With `plain`, the best instructions are not used.
EXPORTED const char *install(const char *path, const char *release, bool plain) {
  const Library library(path);
  const char *(*version)();
  Layers layers;
  if (!__builtin_cpu_supports("avx2") || !library.find("TessVersion", &version) ||
      std::strcmp(version(), release) != 0 || !find_functions(library, &original) || !make_layers(library, &layers) ||
      !are_known(library, layers)) {
    return nullptr;
  }
  const int place = place_of_forward(library);
  const bool dot_products = !plain && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  prepare_layers(dot_products);
  if (place == 0 || !replace(layers.convolve, place, forward_convolve, &original.convolve) ||
      !replace(layers.maxpool, place, forward_maxpool, &original.maxpool) ||
      !replace(layers.connected, place, forward_connected, &original.connected) ||
      !replace(layers.lstm, place, forward_lstm, &original.lstm)) {
    return nullptr;
  }
  return dot_products ? "avx512vnni" : "avx2";
}
