// Leptonica's slowest functions on binary images in Tesseract's layout analysis, 32 pixels at a time: the opening by a
// brick, for which Leptonica shifts the image once for each pixel of the brick's sides, and the bounding box of the
// black pixels, which it finds pixel by pixel.

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "binary_morphology.h"

#include "exported.h"

namespace {

using Pix = void;
using Box = void;

// Leptonica's own functions, and its accessors of images and boxes.
struct {
  Pix *(*open_brick)(Pix *to, Pix *from, int width, int height);
  int (*clip_box)(Pix *, Box *, Pix **clipped, Box **found);
  Pix *(*copy)(Pix *to, Pix *from);
  int (*dimensions)(const Pix *, int *width, int *height, int *depth);
  int (*words_per_line)(const Pix *);
  uint32_t *(*data)(Pix *);
  int (*geometry)(const Box *, int *x, int *y, int *width, int *height);
  Box *(*make_box)(int x, int y, int width, int height);
} leptonica;

constexpr int kBits = 32;
constexpr uint32_t kBlack = ~uint32_t{0};

// A binary image: rows of words, the leftmost pixel in a word's highest bit. 1 is black.
struct Bits {
  int width, height, words;
  uint32_t *data;

  uint32_t *row(int y) const { return data + static_cast<int64_t>(y) * words; }
};

// Describe an image; false if it is not binary.
bool describe(Pix *pix, Bits *bits) {
  int depth;
  if (!pix || leptonica.dimensions(pix, &bits->width, &bits->height, &depth) != 0 || depth != 1) {
    return false;
  }
  bits->words = leptonica.words_per_line(pix);
  bits->data = leptonica.data(pix);
  return true;
}

// Whiten the unused bits of the last word of each row; Leptonica leaves anything there.
void whiten_padding(const Bits &bits) {
  if (const int used = bits.width % kBits) {
    for (int y = 0; y < bits.height; ++y) {
      bits.row(y)[bits.words - 1] &= kBlack << (kBits - used);
    }
  }
}

// ---- Erosion and dilation by a line, in place
//
// Doubling: combining the image with itself shifted by the length covered so far doubles that length, so that n pixels
// take about log2(n) shifts. For n = 6: shift by 1 (covers 2), by 2 (covers 4), by 2 (covers 6). Pixels outside of the
// image are white.

template <typename Step>
void for_each_doubling_shift(int size, Step step) {
  for (int covered = 1; covered < size;) {
    const int shift = std::min(covered, size - covered);
    step(shift);
    covered += shift;
  }
}

// The word that begins `shift` pixels to the right of word `i`, and the one to the left of it.
uint32_t from_the_right(const uint32_t *row, int words, int i, int shift) {
  const int word = i + shift / kBits, bit = shift % kBits;
  const uint32_t high = word < words ? row[word] : 0;
  const uint32_t low = bit && word + 1 < words ? row[word + 1] : 0;
  return bit ? high << bit | low >> (kBits - bit) : high;
}

uint32_t from_the_left(const uint32_t *row, int i, int shift) {
  const int word = i - shift / kBits, bit = shift % kBits;
  const uint32_t low = word >= 0 ? row[word] : 0;
  const uint32_t high = bit && word >= 1 ? row[word - 1] : 0;
  return bit ? low >> bit | high << (kBits - bit) : low;
}

// Keep the pixels at which a black line begins that goes to the right, and down.
void erode(const Bits &bits, int width, int height) {
  for (int y = 0; y < bits.height; ++y) {
    uint32_t *row = bits.row(y);
    for_each_doubling_shift(width, [&](int shift) {
      for (int i = 0; i < bits.words; ++i) {
        row[i] &= from_the_right(row, bits.words, i, shift);
      }
    });
  }
  for_each_doubling_shift(height, [&](int shift) {
    for (int y = 0; y < bits.height; ++y) {
      uint32_t *row = bits.row(y);
      if (y + shift >= bits.height) {
        std::fill_n(row, bits.words, 0);
        continue;
      }
      const uint32_t *below = bits.row(y + shift);
      for (int i = 0; i < bits.words; ++i) {
        row[i] &= below[i];
      }
    }
  });
}

// Draw a line from every pixel to the right, and down.
void dilate(const Bits &bits, int width, int height) {
  for (int y = 0; y < bits.height; ++y) {
    uint32_t *row = bits.row(y);
    for_each_doubling_shift(width, [&](int shift) {
      for (int i = bits.words - 1; i >= 0; --i) {
        row[i] |= from_the_left(row, i, shift);
      }
    });
  }
  for_each_doubling_shift(height, [&](int shift) {
    for (int y = bits.height - 1; y >= shift; --y) {
      uint32_t *row = bits.row(y);
      const uint32_t *above = bits.row(y - shift);
      for (int i = 0; i < bits.words; ++i) {
        row[i] |= above[i];
      }
    }
  });
}

// ---- Bounding box

struct Bounds {
  int left, top, right, bottom;  // inclusive
};

// The bounds of the black pixels within `within`, which must be inside of the image; false if there are none.
bool bounds_of_black(const Bits &bits, const Bounds &within, Bounds *found) {
  const int first = within.left / kBits, last = within.right / kBits;
  const uint32_t left_part = kBlack >> within.left % kBits;
  const uint32_t right_part = kBlack << (kBits - 1 - within.right % kBits);
  *found = {within.right + 1, -1, -1, -1};
  for (int y = within.top; y <= within.bottom; ++y) {
    const uint32_t *row = bits.row(y);
    for (int i = first; i <= last; ++i) {
      const uint32_t word = row[i] & (i == first ? left_part : kBlack) & (i == last ? right_part : kBlack);
      if (word == 0) {
        continue;
      }
      found->left = std::min(found->left, i * kBits + __builtin_clz(word));
      found->right = std::max(found->right, (i + 1) * kBits - 1 - __builtin_ctz(word));
      found->top = found->top < 0 ? y : found->top;
      found->bottom = y;
    }
  }
  return found->bottom >= 0;
}

}  // namespace

bool resolve_leptonica_symbols(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  const auto find = [library](const char *name, auto *function) {
    *function = library ? reinterpret_cast<std::remove_pointer_t<decltype(function)>>(dlsym(library, name)) : nullptr;
    return *function != nullptr;
  };
  return find("pixOpenBrick", &leptonica.open_brick) && find("pixClipBoxToForeground", &leptonica.clip_box) &&
         find("pixCopy", &leptonica.copy) && find("pixGetDimensions", &leptonica.dimensions) &&
         find("pixGetWpl", &leptonica.words_per_line) && find("pixGetData", &leptonica.data) &&
         find("boxGetGeometry", &leptonica.geometry) && find("boxCreate", &leptonica.make_box);
}

// pixOpenBrick of a binary image into a new one. Everything else goes to the original.
EXPORTED Pix *open_brick(Pix *to, Pix *from, int width, int height) {
  Bits bits;
  if (to || width < 1 || height < 1 || !describe(from, &bits)) {
    return leptonica.open_brick(to, from, width, height);
  }
  Pix *opened = leptonica.copy(nullptr, from);
  if (opened && describe(opened, &bits)) {
    whiten_padding(bits);
    erode(bits, width, height);
    dilate(bits, width, height);
    whiten_padding(bits);
  }
  return opened;
}

// pixClipBoxToForeground, for the bounding box of the black pixels in a box. Everything else goes to the original.
EXPORTED int clip_box_to_foreground(Pix *pix, Box *box, Pix **clipped, Box **found) {
  Bits bits;
  int x, y, width, height;
  if (clipped || !found || !box || !describe(pix, &bits) ||
      leptonica.geometry(box, &x, &y, &width, &height) != 0 || x < 0 || y < 0 || width < 1 || height < 1 ||
      x >= bits.width || y >= bits.height) {
    return leptonica.clip_box(pix, box, clipped, found);
  }
  Bounds black;
  *found = nullptr;
  if (!bounds_of_black(bits, {x, y, x + std::min(width, bits.width - x) - 1, y + std::min(height, bits.height - y) - 1},
                       &black)) {
    return 1;
  }
  *found = leptonica.make_box(black.left, black.top, black.right - black.left + 1, black.bottom - black.top + 1);
  return 0;
}
