// Products of whole-number weights and vectors, of several matrices with one vector at a time.

#pragma once

#include <immintrin.h>

#include <cstring>
#include <vector>

#include "tesseract_abi.h"

// Whether the processor has dot products (AVX-512 VNNI). Without them, Tesseract's own multiplication is used.
extern bool use_dot_products;

#define DOT_PRODUCTS __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

// Room for a product, and for a vector, which are written and read a register at a time.
inline std::vector<float> product_of(int size) { return std::vector<float>(size + 16); }
inline std::vector<int8_t> vector_of(int size) { return std::vector<int8_t>(size + 64); }

// Dot products in registers of 16 lanes, and of 8. No masks: what is stored with one cannot be loaded again at once.
template <int Lanes>
struct OfLanes;

template <>
struct OfLanes<16> {
  using Whole = __m512i;

  DOT_PRODUCTS static Whole load(const void *from) { return _mm512_loadu_si512(from); }

  // Four bytes with 128 added to each, in every lane.
  DOT_PRODUCTS static Whole without_signs(const int8_t *four) {
    int32_t word;
    std::memcpy(&word, four, sizeof word);
    return _mm512_xor_si512(_mm512_set1_epi32(word), _mm512_set1_epi8(-128));
  }

  DOT_PRODUCTS static Whole add(Whole sum, Whole inputs, Whole weights) {
    return _mm512_dpbusd_epi32(sum, inputs, weights);
  }

  DOT_PRODUCTS static void store(float *product, Whole sum, const float *scales) {
    // With a mask that leaves nothing out, as GCC 12 takes the intrinsic without one for use of an uninitialized value.
    const __m512 floats = _mm512_maskz_cvtepi32_ps(0xFFFF, sum);
    _mm512_storeu_ps(product, _mm512_mul_ps(floats, _mm512_loadu_ps(scales)));
  }
};

template <>
struct OfLanes<8> {
  using Whole = __m256i;

  DOT_PRODUCTS static Whole load(const void *from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }

  DOT_PRODUCTS static Whole without_signs(const int8_t *four) {
    int32_t word;
    std::memcpy(&word, four, sizeof word);
    return _mm256_xor_si256(_mm256_set1_epi32(word), _mm256_set1_epi8(-128));
  }

  DOT_PRODUCTS static Whole add(Whole sum, Whole inputs, Whole weights) {
    return _mm256_dpbusd_epi32(sum, inputs, weights);
  }

  DOT_PRODUCTS static void store(float *product, Whole sum, const float *scales) {
    _mm256_storeu_ps(product, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scales)));
  }
};

// Multiplies vectors by N matrices of one shape.
//
// The processor's dot products take one factor without a sign. So 128 is added to the vector, and 128 times the sum of
// an output's weights is taken off beforehand, where its bias is added too: whole numbers do not care in which order.
template <int N>
class Products {
 public:
  // Tesseract's multiplier must be there. It is another than AVX2's where the variable DOTPRODUCT asks for that.
  explicit Products(const WeightMatrix *matrices)
      : matrices_(matrices),
        groups_((matrices->inputs() + 3) / 4),
        dot_products_(use_dot_products && (*original.multiplier)->is_of_avx2()) {
    if (dot_products_) {
      for (int n = 0; n < N; ++n) {
        find_beginnings(matrices[n], &beginnings_[n]);
      }
    }
  }

  // `vector` is read up to 32 bytes past its end; `products` is written up to the next multiple of 8.
  void multiply(const int8_t *vector, float *const (&products)[N]) const {
    if (dot_products_) {
      return multiply_by_dot_products(vector, products);
    }
    for (int n = 0; n < N; ++n) {
      const auto &matrix = matrices_[n];
      (*original.multiplier)
          ->multiply(matrix.whole.rows, matrix.whole.columns, matrix.shaped.data(), matrix.scales.data(), vector,
                     products[n]);
    }
  }

 private:
  static void find_beginnings(const WeightMatrix &matrix, std::vector<int32_t> *beginnings) {
    beginnings->resize(matrix.outputs() + 64);
    for (int output = 0; output < matrix.outputs(); ++output) {
      const int8_t *row = matrix.whole.values + static_cast<int64_t>(output) * matrix.whole.columns;
      int32_t sum = 0;
      for (int i = 0; i < matrix.inputs(); ++i) {
        sum += row[i];
      }
      (*beginnings)[output] = row[matrix.inputs()] * INT8_MAX - sum * 128;
    }
  }

  DOT_PRODUCTS void multiply_by_dot_products(const int8_t *vector, float *const (&products)[N]) const {
    const int outputs = (matrices_->outputs() + 7) / 8 * 8;
    int output = 0;
    for (; outputs - output >= 64; output += 64) {
      multiply_block<4, 16>(output, vector, products);
    }
    if (outputs - output >= 32) {
      multiply_block<2, 16>(output, vector, products);
      output += 32;
    }
    if (outputs - output >= 16) {
      multiply_block<1, 16>(output, vector, products);
      output += 16;
    }
    if (outputs - output >= 8) {
      multiply_block<1, 8>(output, vector, products);
    }
  }

  // One block of outputs, in registers of so many lanes.
  template <int Registers, int Lanes>
  DOT_PRODUCTS void multiply_block(int output, const int8_t *vector, float *const (&products)[N]) const {
    using Lane = OfLanes<Lanes>;
    const int8_t *weights[N];
    typename Lane::Whole sums[N][Registers];
    for (int n = 0; n < N; ++n) {
      weights[n] = matrices_[n].shaped.data() + output * (groups_ * 4 + 1);
      for (int r = 0; r < Registers; ++r) {
        sums[n][r] = Lane::load(&beginnings_[n][output + r * Lanes]);
      }
    }
    for (int group = 0; group < groups_; ++group) {
      const auto inputs = Lane::without_signs(vector + group * 4);
      for (int n = 0; n < N; ++n) {
        for (int r = 0; r < Registers; ++r) {
          sums[n][r] = Lane::add(sums[n][r], inputs, Lane::load(weights[n] + (group * Registers + r) * Lanes * 4));
        }
      }
    }
    for (int n = 0; n < N; ++n) {
      for (int r = 0; r < Registers; ++r) {
        const int place = output + r * Lanes;
        Lane::store(products[n] + place, sums[n][r], &matrices_[n].scales[place]);
      }
    }
  }

  const WeightMatrix *matrices_;
  const int groups_;
  const bool dot_products_;
  std::vector<int32_t> beginnings_[N];
};
