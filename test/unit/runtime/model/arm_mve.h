// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The intrinsics of <arm_mve.h> that the kernels use, as their specification defines them: a model for computers without MVE.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace mve_model {

template <typename T> struct Vector {
  using Element = T;
  static constexpr int lanes = 16 / int(sizeof(T));
  T lane[lanes];
};
template <typename T, int count> struct Vectors {
  Vector<T> val[count];
};

} // namespace mve_model

using int8x16_t = mve_model::Vector<int8_t>;
using uint8x16_t = mve_model::Vector<uint8_t>;
using int16x8_t = mve_model::Vector<int16_t>;
using uint16x8_t = mve_model::Vector<uint16_t>;
using int32x4_t = mve_model::Vector<int32_t>;
using uint32x4_t = mve_model::Vector<uint32_t>;
using float32x4_t = mve_model::Vector<float>;
using int32x4x2_t = mve_model::Vectors<int32_t, 2>;
using int32x4x4_t = mve_model::Vectors<int32_t, 4>;
using mve_pred16_t = uint16_t; // a bit for each byte

namespace mve_model {

template <typename T> bool active(mve_pred16_t p, int lane) { return p >> (lane * int(sizeof(T))) & 1; }

// A vector from what a function says of each lane.
template <typename T, typename F> Vector<T> make(F of) {
  Vector<T> result;
  for (int i = 0; i < Vector<T>::lanes; ++i)
    result.lane[i] = T(of(i));
  return result;
}
template <typename T, typename F> mve_pred16_t test(F of) {
  unsigned p = 0;
  for (int i = 0; i < Vector<T>::lanes; ++i)
    if (of(i))
      p |= ((1u << sizeof(T)) - 1) << (i * int(sizeof(T)));
  return mve_pred16_t(p);
}
template <typename T> Vector<T> all(T value) {
  return make<T>([&](int) { return value; });
}

// Integers wrap around, floats below the normal range are 0.
template <typename T> T flush(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(value) < FLT_MIN ? std::copysign(T(0), value) : value;
  else
    return value;
}
template <typename T> T add(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return flush(flush(a) + flush(b));
  else
    return T(uint32_t(a) + uint32_t(b));
}
template <typename T> T subtract(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return flush(flush(a) - flush(b));
  else
    return T(uint32_t(a) - uint32_t(b));
}
template <typename T> T multiply(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return flush(flush(a) * flush(b));
  else
    return T(uint32_t(a) * uint32_t(b));
}
inline float fused(float sum, float a, float b) { return flush(std::fma(flush(a), flush(b), flush(sum))); }

// Memory elements of type M as lanes of type T; what is not active is 0 and not read.
template <typename T, typename M> Vector<T> load(const M *from, mve_pred16_t p = 0xffff) {
  return make<T>([&](int i) { return active<T>(p, i) ? T(from[i]) : T(0); });
}
template <typename T, typename M> void store(M *to, Vector<T> v, mve_pred16_t p = 0xffff) {
  for (int i = 0; i < Vector<T>::lanes; ++i)
    if (active<T>(p, i))
      to[i] = M(v.lane[i]);
}
// Offsets count bytes, or elements where they are shifted; addresses wrap around at 32 bits on the device, here nothing does.
template <typename T, typename M, typename O> Vector<T> gather(const M *from, Vector<O> at, size_t unit, mve_pred16_t p = 0xffff) {
  return make<T>([&](int i) {
    M element = 0;
    if (active<T>(p, i))
      std::memcpy(&element, reinterpret_cast<const char *>(from) + at.lane[i] * unit, sizeof(M));
    return T(element);
  });
}
template <typename T, typename M> void scatter(M *to, uint32x4_t at, size_t unit, Vector<T> v, mve_pred16_t p = 0xffff) {
  for (int i = 0; i < 4; ++i)
    if (active<T>(p, i)) {
      const M element = M(v.lane[i]);
      std::memcpy(reinterpret_cast<char *>(to) + at.lane[i] * unit, &element, sizeof(M));
    }
}
template <typename To, typename From> Vector<To> reinterpret(Vector<From> v) {
  Vector<To> result;
  std::memcpy(&result, &v, sizeof(result));
  return result;
}
template <typename T> int32_t sumProducts(int32_t sum, Vector<T> a, Vector<T> b) {
  for (int i = 0; i < Vector<T>::lanes; ++i)
    sum = add(sum, int32_t(a.lane[i]) * int32_t(b.lane[i]));
  return sum;
}
template <typename S, typename T> S sumLanes(S sum, Vector<T> v, mve_pred16_t p = 0xffff) {
  for (int i = 0; i < Vector<T>::lanes; ++i)
    if (active<T>(p, i))
      sum = add(sum, S(v.lane[i]));
  return sum;
}
template <typename T, typename F> Vector<T> merge(Vector<T> inactive, mve_pred16_t p, F of) {
  return make<T>([&](int i) { return active<T>(p, i) ? T(of(i)) : inactive.lane[i]; });
}
template <int count> Vectors<int32_t, count> deinterleave(const int32_t *from) {
  Vectors<int32_t, count> result;
  for (int i = 0; i < 4 * count; ++i)
    result.val[i % count].lane[i / count] = from[i];
  return result;
}
template <typename T> mve_pred16_t first(uint32_t count) {
  return test<T>([&](int i) { return uint32_t(i) < count; });
}

} // namespace mve_model

inline mve_pred16_t vctp8q(uint32_t count) { return mve_model::first<int8_t>(count); }
inline mve_pred16_t vctp16q(uint32_t count) { return mve_model::first<int16_t>(count); }
inline mve_pred16_t vctp32q(uint32_t count) { return mve_model::first<int32_t>(count); }

// What exists for several types in the same form: name, letters of the type, type.
#define MVE_FOR_ALL(macro)                                                                                                     \
  macro(s8, int8_t) macro(s16, int16_t) macro(s32, int32_t) macro(u8, uint8_t) macro(u16, uint16_t) macro(u32, uint32_t)           \
      macro(f32, float)
#define MVE_ARITHMETIC(t, T)                                                                                                   \
  inline mve_model::Vector<T> vdupq_n_##t(T value) { return mve_model::all(value); }                                           \
  inline mve_model::Vector<T> vaddq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b) {                                      \
    return mve_model::make<T>([&](int i) { return mve_model::add(a.lane[i], b.lane[i]); });                                    \
  }                                                                                                                            \
  inline mve_model::Vector<T> vaddq_n_##t(mve_model::Vector<T> a, T b) { return vaddq_##t(a, vdupq_n_##t(b)); }                \
  inline mve_model::Vector<T> vaddq_m_##t(mve_model::Vector<T> inactive, mve_model::Vector<T> a, mve_model::Vector<T> b,       \
                                          mve_pred16_t p) {                                                                    \
    return mve_model::merge(inactive, p, [&](int i) { return mve_model::add(a.lane[i], b.lane[i]); });                         \
  }                                                                                                                            \
  inline mve_model::Vector<T> vaddq_m_n_##t(mve_model::Vector<T> inactive, mve_model::Vector<T> a, T b, mve_pred16_t p) {      \
    return vaddq_m_##t(inactive, a, vdupq_n_##t(b), p);                                                                        \
  }                                                                                                                            \
  inline mve_model::Vector<T> vsubq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b) {                                      \
    return mve_model::make<T>([&](int i) { return mve_model::subtract(a.lane[i], b.lane[i]); });                               \
  }                                                                                                                            \
  inline mve_model::Vector<T> vsubq_m_##t(mve_model::Vector<T> inactive, mve_model::Vector<T> a, mve_model::Vector<T> b,       \
                                          mve_pred16_t p) {                                                                    \
    return mve_model::merge(inactive, p, [&](int i) { return mve_model::subtract(a.lane[i], b.lane[i]); });                    \
  }                                                                                                                            \
  inline mve_model::Vector<T> vmulq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b) {                                      \
    return mve_model::make<T>([&](int i) { return mve_model::multiply(a.lane[i], b.lane[i]); });                               \
  }                                                                                                                            \
  inline mve_model::Vector<T> vmulq_n_##t(mve_model::Vector<T> a, T b) { return vmulq_##t(a, vdupq_n_##t(b)); }                \
  inline mve_model::Vector<T> vpselq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b, mve_pred16_t p) {                     \
    return mve_model::merge(b, p, [&](int i) { return a.lane[i]; });                                                           \
  }
#define MVE_ORDER(t, T)                                                                                                        \
  inline mve_model::Vector<T> vmaxq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b) {                                      \
    return mve_model::make<T>([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });                           \
  }                                                                                                                            \
  inline mve_model::Vector<T> vminq_##t(mve_model::Vector<T> a, mve_model::Vector<T> b) {                                      \
    return mve_model::make<T>([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });                           \
  }                                                                                                                            \
  inline mve_model::Vector<T> vmaxq_m_##t(mve_model::Vector<T> inactive, mve_model::Vector<T> a, mve_model::Vector<T> b,       \
                                          mve_pred16_t p) {                                                                    \
    return mve_model::merge(inactive, p, [&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });                \
  }
// Loads and stores: name, type of a lane, type in memory.
#define MVE_MEMORY(name, t, T, M)                                                                                              \
  inline mve_model::Vector<T> vld##name##q_##t(const M *from) { return mve_model::load<T>(from); }                             \
  inline mve_model::Vector<T> vld##name##q_z_##t(const M *from, mve_pred16_t p) { return mve_model::load<T>(from, p); }        \
  inline void vst##name##q_##t(M *to, mve_model::Vector<T> v) { mve_model::store(to, v); }                                     \
  inline void vst##name##q_p_##t(M *to, mve_model::Vector<T> v, mve_pred16_t p) { mve_model::store(to, v, p); }
// Gathering loads: name, type of a lane, type in memory, of offsets, and the unit of these.
#define MVE_GATHER(name, t, T, M, O, unit)                                                                                     \
  inline mve_model::Vector<T> vld##name##_offset_##t(const M *from, mve_model::Vector<O> at) {                                 \
    return mve_model::gather<T>(from, at, unit);                                                                               \
  }                                                                                                                            \
  inline mve_model::Vector<T> vld##name##_offset_z_##t(const M *from, mve_model::Vector<O> at, mve_pred16_t p) {               \
    return mve_model::gather<T>(from, at, unit, p);                                                                            \
  }
#define MVE_REINTERPRET(to, To, from, From)                                                                                    \
  inline mve_model::Vector<To> vreinterpretq_##to##_##from(mve_model::Vector<From> v) { return mve_model::reinterpret<To>(v); }

MVE_FOR_ALL(MVE_ARITHMETIC)
MVE_FOR_ALL(MVE_ORDER)
MVE_MEMORY(rb, s8, int8_t, int8_t)
MVE_MEMORY(rb, u8, uint8_t, uint8_t)
MVE_MEMORY(rb, s16, int16_t, int8_t)
MVE_MEMORY(rb, s32, int32_t, int8_t)
MVE_MEMORY(rh, s16, int16_t, int16_t)
MVE_MEMORY(rh, u16, uint16_t, uint16_t)
MVE_MEMORY(rh, s32, int32_t, int16_t)
MVE_MEMORY(rw, s32, int32_t, int32_t)
MVE_MEMORY(rw, f32, float, float)
MVE_GATHER(rbq_gather, s8, int8_t, int8_t, uint8_t, 1)
MVE_GATHER(rbq_gather, s16, int16_t, int8_t, uint16_t, 1)
MVE_GATHER(rbq_gather, u16, uint16_t, uint8_t, uint16_t, 1)
MVE_GATHER(rbq_gather, s32, int32_t, int8_t, uint32_t, 1)
MVE_GATHER(rwq_gather_shifted, u32, uint32_t, uint32_t, uint32_t, 4)
MVE_GATHER(rwq_gather_shifted, f32, float, float, uint32_t, 4)
MVE_REINTERPRET(s8, int8_t, s32, int32_t)
MVE_REINTERPRET(s8, int8_t, u16, uint16_t)
MVE_REINTERPRET(s16, int16_t, s32, int32_t)
MVE_REINTERPRET(s32, int32_t, s16, int16_t)
MVE_REINTERPRET(s32, int32_t, u32, uint32_t)
MVE_REINTERPRET(s32, int32_t, f32, float)
MVE_REINTERPRET(u32, uint32_t, s32, int32_t)
MVE_REINTERPRET(f32, float, s32, int32_t)

#undef MVE_FOR_ALL
#undef MVE_ARITHMETIC
#undef MVE_ORDER
#undef MVE_MEMORY
#undef MVE_GATHER
#undef MVE_REINTERPRET

inline void vstrbq_scatter_offset_p_s32(int8_t *to, uint32x4_t at, int32x4_t v, mve_pred16_t p) {
  mve_model::scatter(to, at, 1, v, p);
}
inline void vstrhq_scatter_shifted_offset_s32(int16_t *to, uint32x4_t at, int32x4_t v) { mve_model::scatter(to, at, 2, v); }
inline void vstrwq_scatter_shifted_offset_p_f32(float *to, uint32x4_t at, float32x4_t v, mve_pred16_t p) {
  mve_model::scatter(to, at, 4, v, p);
}
inline int32x4x2_t vld2q_s32(const int32_t *from) { return mve_model::deinterleave<2>(from); }

inline uint16x8_t vidupq_n_u16(uint32_t from, int step) {
  return mve_model::make<uint16_t>([&](int i) { return from + uint32_t(i * step); });
}
inline uint32x4_t vidupq_n_u32(uint32_t from, int step) {
  return mve_model::make<uint32_t>([&](int i) { return from + uint32_t(i * step); });
}

inline int32_t vmladavq_s8(int8x16_t a, int8x16_t b) { return mve_model::sumProducts(0, a, b); }
inline int32_t vmladavaq_s8(int32_t sum, int8x16_t a, int8x16_t b) { return mve_model::sumProducts(sum, a, b); }
inline int32_t vmladavaq_s16(int32_t sum, int16x8_t a, int16x8_t b) { return mve_model::sumProducts(sum, a, b); }
inline int32_t vaddvq_s8(int8x16_t v) { return mve_model::sumLanes(int32_t(0), v); }
inline int32_t vaddvaq_s8(int32_t sum, int8x16_t v) { return mve_model::sumLanes(sum, v); }
inline uint32_t vaddvaq_u32(uint32_t sum, uint32x4_t v) { return mve_model::sumLanes(sum, v); }
inline uint32_t vaddvaq_p_u32(uint32_t sum, uint32x4_t v, mve_pred16_t p) { return mve_model::sumLanes(sum, v, p); }
inline int16_t vmaxvq_s16(int16_t most, int16x8_t v) {
  for (int16_t lane : v.lane)
    most = lane > most ? lane : most;
  return most;
}

inline int32x4_t vmlaq_n_s32(int32x4_t sum, int32x4_t a, int32_t b) { return vaddq_s32(sum, vmulq_n_s32(a, b)); }
inline int32x4_t vrmulhq_s32(int32x4_t a, int32x4_t b) {
  return mve_model::make<int32_t>([&](int i) { return (int64_t(a.lane[i]) * b.lane[i] + (int64_t(1) << 31)) >> 32; });
}
inline uint32x4_t vmulhq_u32(uint32x4_t a, uint32x4_t b) {
  return mve_model::make<uint32_t>([&](int i) { return uint64_t(a.lane[i]) * b.lane[i] >> 32; });
}
inline int32x4_t vandq_s32(int32x4_t a, int32x4_t b) {
  return mve_model::make<int32_t>([&](int i) { return a.lane[i] & b.lane[i]; });
}
inline int32x4_t vshlq_n_s32(int32x4_t v, int shift) { return vmulq_n_s32(v, int32_t(1u << shift)); }
inline uint32x4_t vshlq_n_u32(uint32x4_t v, int shift) { return vmulq_n_u32(v, 1u << shift); }
inline uint16x8_t vshlq_n_u16(uint16x8_t v, int shift) { return vmulq_n_u16(v, uint16_t(1u << shift)); }
inline int32x4_t vshlq_r_s32(int32x4_t v, int32_t shift) { // to the left, or to the right if negative
  return mve_model::make<int32_t>([&](int i) {
    const int64_t wide = v.lane[i];
    return shift >= 0 ? int64_t(uint64_t(wide) << shift) : wide >> (shift < -32 ? 32 : -shift);
  });
}
// Lanes 0, 2, 4 ... or 1, 3, 5 ... of a vector, and into it.
inline int32x4_t vmovlbq_s16(int16x8_t v) {
  return mve_model::make<int32_t>([&](int i) { return v.lane[2 * i]; });
}
inline int32x4_t vmovltq_s16(int16x8_t v) {
  return mve_model::make<int32_t>([&](int i) { return v.lane[2 * i + 1]; });
}
inline int16x8_t vmovntq_s32(int16x8_t into, int32x4_t v) {
  return mve_model::make<int16_t>([&](int i) { return i % 2 ? v.lane[i / 2] : int32_t(into.lane[i]); });
}
inline int32x4_t vsetq_lane_s32(int32_t value, int32x4_t v, int lane) { return v.lane[lane] = value, v; }
inline float vgetq_lane_f32(float32x4_t v, int lane) { return v.lane[lane]; }

inline mve_pred16_t vcmpeqq_s32(int32x4_t a, int32x4_t b) {
  return mve_model::test<int32_t>([&](int i) { return a.lane[i] == b.lane[i]; });
}
inline mve_pred16_t vcmpcsq_n_u32(uint32x4_t a, uint32_t b) {
  return mve_model::test<uint32_t>([&](int i) { return a.lane[i] >= b; });
}
inline mve_pred16_t vcmphiq_u16(uint16x8_t a, uint16x8_t b) {
  return mve_model::test<uint16_t>([&](int i) { return a.lane[i] > b.lane[i]; });
}
inline mve_pred16_t vcmpltq_f32(float32x4_t a, float32x4_t b) {
  return mve_model::test<float>([&](int i) { return a.lane[i] < b.lane[i]; });
}
inline mve_pred16_t vcmpgtq_f32(float32x4_t a, float32x4_t b) { return vcmpltq_f32(b, a); }
inline mve_pred16_t vcmpltq_n_f32(float32x4_t a, float b) { return vcmpltq_f32(a, vdupq_n_f32(b)); }

inline float32x4_t vfmaq_f32(float32x4_t sum, float32x4_t a, float32x4_t b) {
  return mve_model::make<float>([&](int i) { return mve_model::fused(sum.lane[i], a.lane[i], b.lane[i]); });
}
inline float32x4_t vfmaq_n_f32(float32x4_t sum, float32x4_t a, float b) { return vfmaq_f32(sum, a, vdupq_n_f32(b)); }
inline float32x4_t vrndnq_f32(float32x4_t v) {
  return mve_model::make<float>([&](int i) { return std::nearbyint(v.lane[i]); });
}
inline int32x4_t vcvtq_s32_f32(float32x4_t v) {
  return mve_model::make<int32_t>([&](int i) {
    const double x = double(v.lane[i]);
    return std::isnan(x) ? 0 : x < -2147483648.0 ? INT32_MIN : x > 2147483647.0 ? INT32_MAX : int32_t(x);
  });
}
inline float32x4_t vmaxnmq_f32(float32x4_t a, float32x4_t b) {
  return mve_model::make<float>([&](int i) { return std::fmax(a.lane[i], b.lane[i]); });
}
inline float32x4_t vmaxnmq_m_f32(float32x4_t inactive, float32x4_t a, float32x4_t b, mve_pred16_t p) {
  return mve_model::merge(inactive, p, [&](int i) { return std::fmax(a.lane[i], b.lane[i]); });
}
inline float vmaxnmvq_f32(float most, float32x4_t v) {
  for (float lane : v.lane)
    most = std::fmax(most, lane);
  return most;
}
