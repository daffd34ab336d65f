// Tesseract's functions of single-precision numbers (src/lstm/functions.h in its sources), eight at a time: the same
// tables, the same operations in the same order, so the same bits. Needs AVX2, and no fused multiply-add.

#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#pragma GCC push_options
#pragma GCC target("avx2")

constexpr int kLanes = 8;
constexpr float kStateLimit = 100;

using Floats = __m256;

inline Floats all(float x) { return _mm256_set1_ps(x); }
inline Floats load(const float *from) { return _mm256_loadu_ps(from); }
inline Floats sign_of(Floats x) { return _mm256_and_ps(x, all(-0.0F)); }
inline Floats size_of(Floats x) { return _mm256_andnot_ps(all(-0.0F), x); }

// A function's values from 0 on, 256 to one; 1 from the last on.
class Table {
 public:
  template <typename Function>
  void fill(Function function) {
    for (int i = 0; i < kSize; ++i) {
      values_[i] = static_cast<float>(function(i / static_cast<double>(kScale)));
    }
  }

  // The values at sizes of 0 and more, interpolated. Pairs are loaded one by one: gathering them takes longer, and much
  // longer on processors that are protected against Downfall (CVE-2022-40982).
  Floats at(Floats size) const {
    const Floats place = _mm256_mul_ps(size, all(kScale));
    const __m256i index = _mm256_cvttps_epi32(_mm256_min_ps(place, all(kSize - 2)));
    alignas(32) int32_t i[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i *>(i), index);
    const Floats a = _mm256_set_m128(pairs(i[4], i[5]), pairs(i[0], i[1]));
    const Floats b = _mm256_set_m128(pairs(i[6], i[7]), pairs(i[2], i[3]));
    const Floats low = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0));
    const Floats high = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1));
    const Floats part = _mm256_sub_ps(place, _mm256_cvtepi32_ps(index));
    const Floats between = _mm256_add_ps(low, _mm256_mul_ps(_mm256_sub_ps(high, low), part));
    return _mm256_blendv_ps(between, all(1), _mm256_cmp_ps(place, all(kSize - 1), _CMP_GE_OQ));
  }

 private:
  static constexpr int kSize = 4096;
  static constexpr float kScale = 256;

  __m128 pairs(int i, int j) const {
    const __m128d first = _mm_load_sd(reinterpret_cast<const double *>(values_ + i));
    return _mm_castpd_ps(_mm_loadh_pd(first, reinterpret_cast<const double *>(values_ + j)));
  }

  float values_[kSize];
};

extern Table tanh_table, logistic_table;

inline Floats hyperbolic_tangent(Floats x) { return _mm256_or_ps(tanh_table.at(size_of(x)), sign_of(x)); }

inline Floats logistic(Floats x) {
  const Floats size = logistic_table.at(size_of(x));
  return _mm256_blendv_ps(size, _mm256_sub_ps(all(1), size), x);
}

// Numbers from -1 to 1 as bytes from -127 to 127, rounded half away from zero, in the lower half.
inline __m128i bytes_of(Floats x) {
  const Floats size = _mm256_add_ps(size_of(_mm256_mul_ps(x, all(INT8_MAX))), all(0.5F));
  const __m256i whole = _mm256_cvttps_epi32(_mm256_min_ps(size, all(INT8_MAX)));
  const __m256i wide = _mm256_sign_epi32(whole, _mm256_castps_si256(x));
  const __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  return _mm_packs_epi16(half, half);
}

// Store up to eight bytes. More must not be written where rows follow each other.
inline void store(int8_t *to, __m128i bytes, int count) {
  if (count >= kLanes) {
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), bytes);
    return;
  }
  const int64_t word = _mm_cvtsi128_si64(bytes);
  std::memcpy(to, &word, count);
}

// A time step of eight cells from the products of their gates: their new state, and their output as it is fed back.
inline __m128i step(const float *cell, const float *in, const float *forget, const float *out, float *state) {
  const Floats kept = _mm256_mul_ps(load(state), logistic(load(forget)));
  const Floats added = _mm256_mul_ps(hyperbolic_tangent(load(cell)), logistic(load(in)));
  const Floats sum = _mm256_add_ps(kept, added);
  const Floats next = _mm256_max_ps(all(-kStateLimit), _mm256_min_ps(sum, all(kStateLimit)));
  _mm256_storeu_ps(state, next);
  return bytes_of(_mm256_mul_ps(hyperbolic_tangent(next), logistic(load(out))));
}

#pragma GCC pop_options
