// Installs the forward passes of lstm_layers.cpp in the loaded Tesseract by writing them into the vtables of its layers.
// check() verifies release, CPU, symbols and the structures of tesseract_abi.h, by making layers of known sizes and
// looking where their constructors put these; patch_vtables() changes all vtables or none.

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

bool resolve_symbols(const Library &library, Original *found) {
  void *writes_floats;
  return library.find("_ZN9tesseract13IntSimdMatrix13intSimdMatrixE", &found->multiplier) &&
         library.find("_ZN9tesseract9NetworkIO11ResizeToMapEbRKNS_9StrideMapEi", &found->resize_to_map) &&
         library.find("_ZN9tesseract9NetworkIO12ResizeScaledERKS0_iii", &found->resize_scaled) &&
         library.find("_ZN9tesseract9NetworkIO10ResizeXTo1ERKS0_i", &found->resize_to_column) &&
         library.find("_ZN9tesseract9NetworkIO19ZeroInvalidElementsEv", &found->zero_invalid) &&
         library.find("_ZN9tesseract9NetworkIO9RandomizeEiiiPNS_5TRandE", &found->randomize) &&
         // `PKf` in the mangled name: this build uses `float`.
         library.find("_ZN9tesseract9NetworkIO17WriteTimeStepPartEiiiPKf", &writes_floats);
}

// Index of Forward() in the vtable: the slot after the last exported function; it and the next one are pure virtual in
// the base class. 0 if the vtable is laid out differently.
int forward_vtable_index(const Library &library) {
  void **vtable, *previous, *pure_virtual;
  if (!library.find("_ZTVN9tesseract7NetworkE", &vtable) || !library.find("__cxa_pure_virtual", &pure_virtual) ||
      !library.find("_ZNK9tesseract7Network16CountAlternatorsERKS0_PfS3_", &previous)) {
    return 0;
  }
  vtable += 2;  // the offset to the top of the object, and its type
  constexpr int kMaxFunctions = 64;
  for (int index = 1; index < kMaxFunctions; ++index) {
    if (vtable[index - 1] == previous) {
      return vtable[index] == pure_virtual && vtable[index + 1] == pure_virtual ? index : 0;
    }
  }
  return 0;
}

// One layer of each type. Never destroyed: no destructor is known here.
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
  constexpr int kBytes = 8192;  // more than any layer takes
  const auto memory = [] { return std::memset(::operator new(kBytes), 0, kBytes); };
  make_convolve(made->convolve = static_cast<Convolve *>(memory()), "convolve", 11, 12, 13);
  make_maxpool(made->maxpool = static_cast<Maxpool *>(memory()), "maxpool", 21, 22, 23);
  make_connected(made->connected = static_cast<FullyConnected *>(memory()), "connected", 31, 32, TANH);
  make_lstm(made->lstm = static_cast<Lstm *>(memory()), "lstm", 41, 42, 42, false, LSTM);
  return true;
}

bool is(const Layer &layer, const char *name, int inputs, int outputs) {
  return layer.name == name && layer.inputs == inputs && layer.outputs == outputs && layer.training == TRAINING;
}

// Whether layers, and what is passed between them, are laid out as in tesseract_abi.h.
bool abi_matches(const Library &library, const Layers &made) {
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
         is(connected, "connected", 31, 32) && connected.type == TANH && !connected.matrix.int_mode &&
         is(lstm, "lstm", 41, 42) && lstm.type == LSTM && lstm.all_inputs == 41 + 42 && lstm.states == 42 &&
         lstm.feedback == 0 && !lstm.two_dimensional && lstm.softmax == nullptr && passed->is_bytes &&
         passed->bytes.values != nullptr && passed->bytes.rows == 51 && passed->bytes.columns == 52 &&
         passed->bytes.allocated >= 51 * 52;
}

// What check() found, for patch_vtables().
Layers checked;
int forward_index = 0;
bool patched = false;

// A vtable is read-only, since the dynamic linker had to relocate it.
bool write_entry(void **entry, void *value) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  void *start = reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(entry) / page * page);
  if (mprotect(start, page, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  *entry = value;
  mprotect(start, page, PROT_READ);
  return true;
}

struct Patch {
  Layer *layer;
  Forward forward;
  Forward *former;

  void **entry() const { return layer->vtable + forward_index; }
};

}  // namespace

// Check the Tesseract at `path`, which must be loaded. Changes nothing. Returns "" if patch_vtables() may follow, else
// a reason: "cpu", "release" or "abi", as a static string.
EXPORTED const char *check(const char *path, const char *release) {
  if (patched) {
    return "";
  }
  const Library library(path);
  const char *(*version)();
  if (!__builtin_cpu_supports("avx2")) {
    return "cpu";
  }
  if (!library.find("TessVersion", &version) || std::strcmp(version(), release) != 0) {
    return "release";
  }
  if (!resolve_symbols(library, &original) || !make_layers(library, &checked) || !abi_matches(library, checked)) {
    return "abi";
  }
  forward_index = forward_vtable_index(library);
  return forward_index ? "" : "abi";
}

// Put the forward passes into the vtables; false, and no change, if a vtable cannot be written. check() must have
// returned "". Calling it again changes nothing.
EXPORTED bool patch_vtables() {
  if (patched) {
    return true;
  }
  if (forward_index == 0) {
    return false;
  }
  prepare_layers();
  const Patch patches[] = {{checked.convolve, forward_convolve, &original.convolve},
                           {checked.maxpool, forward_maxpool, &original.maxpool},
                           {checked.connected, forward_connected, &original.connected},
                           {checked.lstm, forward_lstm, &original.lstm}};
  for (const Patch &patch : patches) {
    *patch.former = reinterpret_cast<Forward>(*patch.entry());
  }
  for (const Patch &patch : patches) {
    if (!write_entry(patch.entry(), reinterpret_cast<void *>(patch.forward))) {
      for (const Patch *done = patches; done != &patch; ++done) {
        write_entry(done->entry(), reinterpret_cast<void *>(*done->former));
      }
      return false;
    }
  }
  return patched = true;
}
