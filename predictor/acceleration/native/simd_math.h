// Tesseract's single-precision activation functions (src/lstm/functions.h in its sources), eight values at a time: the
// same tables, the same operations in the same order, so the same bits. Needs AVX2, and no fused multiply-add.

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

inline Floats broadcast(float x) { return _mm256_set1_ps(x); }
inline Floats load(const float *from) { return _mm256_loadu_ps(from); }
inline Floats sign_bit(Floats x) { return _mm256_and_ps(x, broadcast(-0.0F)); }
inline Floats abs(Floats x) { return _mm256_andnot_ps(broadcast(-0.0F), x); }

// A function's values for x >= 0, 256 per unit; 1 from the last one on.
class Table {
 public:
  template <typename Function>
  void fill(Function function) {
    for (int i = 0; i < kSize; ++i) {
      values_[i] = static_cast<float>(function(i / static_cast<double>(kScale)));
    }
  }

  // Interpolated values at x >= 0. Pairs are loaded one by one: a gather takes longer, and much longer on processors
  // with the mitigation of Downfall (CVE-2022-40982).
  Floats at(Floats x) const {
    const Floats position = _mm256_mul_ps(x, broadcast(kScale));
    const __m256i index = _mm256_cvttps_epi32(_mm256_min_ps(position, broadcast(kSize - 2)));
    alignas(32) int32_t i[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i *>(i), index);
    const Floats a = _mm256_set_m128(pairs(i[4], i[5]), pairs(i[0], i[1]));
    const Floats b = _mm256_set_m128(pairs(i[6], i[7]), pairs(i[2], i[3]));
    const Floats low = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0));
    const Floats high = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1));
    const Floats fraction = _mm256_sub_ps(position, _mm256_cvtepi32_ps(index));
    const Floats value = _mm256_add_ps(low, _mm256_mul_ps(_mm256_sub_ps(high, low), fraction));
    return _mm256_blendv_ps(value, broadcast(1), _mm256_cmp_ps(position, broadcast(kSize - 1), _CMP_GE_OQ));
  }

 private:
  static constexpr int kSize = 4096;
  static constexpr float kScale = 256;

  // Two neighbors in the table at `i`, two at `j`; 0 <= i, j <= kSize - 2.
  __m128 pairs(int i, int j) const {
    double first, second;  // as bits: one load each, at addresses that are aligned for a float only
    std::memcpy(&first, values_ + i, sizeof first);
    std::memcpy(&second, values_ + j, sizeof second);
    return _mm_castpd_ps(_mm_set_pd(second, first));
  }

  float values_[kSize];
};

extern Table tanh_table, logistic_table;

inline Floats hyperbolic_tangent(Floats x) { return _mm256_or_ps(tanh_table.at(abs(x)), sign_bit(x)); }

inline Floats logistic(Floats x) {
  const Floats value = logistic_table.at(abs(x));
  return _mm256_blendv_ps(value, _mm256_sub_ps(broadcast(1), value), x);
}

// Values from -1 to 1 as bytes from -127 to 127, rounded half away from zero, in the lower half.
inline __m128i to_bytes(Floats x) {
  const Floats scaled = _mm256_add_ps(abs(_mm256_mul_ps(x, broadcast(INT8_MAX))), broadcast(0.5F));
  const __m256i truncated = _mm256_cvttps_epi32(_mm256_min_ps(scaled, broadcast(INT8_MAX)));
  const __m256i integers = _mm256_sign_epi32(truncated, _mm256_castps_si256(x));
  const __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
  return _mm_packs_epi16(half, half);
}

// Store up to eight bytes, and not one more: rows follow each other.
inline void store(int8_t *to, __m128i bytes, int count) {
  if (count >= kLanes) {
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), bytes);
    return;
  }
  const int64_t word = _mm_cvtsi128_si64(bytes);
  std::memcpy(to, &word, count);
}

// A time step of eight LSTM cells from the products of their gates: updates the state, returns the output as bytes.
inline __m128i lstm_step(const float *cell, const float *in, const float *forget, const float *out, float *state) {
  const Floats kept = _mm256_mul_ps(load(state), logistic(load(forget)));
  const Floats added = _mm256_mul_ps(hyperbolic_tangent(load(cell)), logistic(load(in)));
  const Floats sum = _mm256_add_ps(kept, added);
  const Floats next = _mm256_max_ps(broadcast(-kStateLimit), _mm256_min_ps(sum, broadcast(kStateLimit)));
  _mm256_storeu_ps(state, next);
  return to_bytes(_mm256_mul_ps(hyperbolic_tangent(next), logistic(load(out))));
}

#pragma GCC pop_options
