// The functions of a C program, with words that begin with $ in place of number types and of functions by rounding
// (C99Writer::function).
#pragma once

namespace ingot::compress::c99 {

// x >> shift rounds down in hardware, but C leaves that of negative numbers to the compiler.
inline constexpr const char* kShiftDown = R"(
/* The largest integer that is at most x / 2^shift, 0 <= shift <= 63. */
static int64_t shift_down(int64_t x, int32_t shift) {
  return x >= 0 ? x >> shift : ~(~x >> shift);
}
)";

inline constexpr const char* kSaturate = R"(
static int32_t saturate(int64_t x, int32_t lowest, int32_t highest) {
  return x < lowest ? lowest : x > highest ? highest : (int32_t)x;
}
)";

// A left shift by more than 62 bits gives no code that 62 do not give.
inline constexpr const char* kRoundShift = R"(
/* R(x / 2^shift), $ROUNDING; x has at most 62 bits. A negative shift saturates to 64. */
static int64_t $NAME(int64_t x, int32_t shift) {
  int64_t below;
  if (shift <= 0) {
    const int32_t left = shift < -62 ? 62 : -shift;
    if (x > INT64_MAX >> left) return INT64_MAX;
    if (x < -(INT64_MAX >> left)) return -INT64_MAX;
    return x * ((int64_t)1 << left);
  }
  if (shift > 63) return $TINY;
  below = shift_down(x, shift);
$UP  return below;
}
)";
inline constexpr const char* kShiftUp = R"(  {
    const uint64_t half = (uint64_t)1 << (shift - 1);
    const uint64_t rest = (uint64_t)x & (2 * half - 1);
    if (rest > half || (rest == half && $TIE)) ++below;
  }
)";

inline constexpr const char* kRequantize = R"(
/* R(x / 2^shift) among the codes, $ROUNDING. */
static int32_t $NAME(int64_t x, int32_t shift, int32_t lowest, int32_t highest) {
  return saturate($SHIFT(x, shift), lowest, highest);
}
)";

// Many processors shift 32 bits much faster than 64.
inline constexpr const char* kRequantizeShort = R"(
/* R(x / 2^shift) among the codes, $ROUNDING; 1 <= shift <= 31. */
static int32_t $NAME(int32_t x, int32_t shift, int32_t lowest, int32_t highest) {
  int32_t below = x >= 0 ? x >> shift : ~(~x >> shift);
$UP  return below < lowest ? lowest : below > highest ? highest : below;
}
)";
inline constexpr const char* kShortUp = R"(  {
    const uint32_t half = (uint32_t)1 << (shift - 1);
    const uint32_t rest = (uint32_t)x & (2 * half - 1);
    if (rest > half || (rest == half && $TIE)) ++below;
  }
)";

inline constexpr const char* kDivide = R"(
/* R(x / divisor) among the codes, $ROUNDING; divisor >= 1. */
static int32_t $NAME(int64_t x, int64_t divisor, int32_t lowest, int32_t highest) {
  int64_t below = x / divisor, rest = x % divisor;
  if (rest < 0) {
    --below;
    rest += divisor;
  }
$UP  return saturate(below, lowest, highest);
}
)";
inline constexpr const char* kDivideUp = "  if (rest > divisor - rest || (rest == divisor - rest && $TIE)) ++below;\n";

inline constexpr const char* kCodes1 = R"(
/* Code i of eight in a byte, -1 or 1. */
static inline int32_t $NAME(const uint8_t* codes, size_t i) {
  return 2 * ((codes[i / 8] >> (i % 8)) & 1) - 1;
}
)";
inline constexpr const char* kCodes2 = R"(
/* Code i of four in a byte, -2 to 1. */
static inline int32_t $NAME(const uint8_t* codes, size_t i) {
  return (((codes[i / 4] >> (2 * (i % 4))) & 3) ^ 2) - 2;
}
)";
inline constexpr const char* kCodes4 = R"(
/* Code i of two in a byte, -8 to 7. */
static inline int32_t $NAME(const uint8_t* codes, size_t i) {
  return (((codes[i / 2] >> (4 * (i % 2))) & 15) ^ 8) - 8;
}
)";
inline constexpr const char* kCodes = R"(
static inline int32_t $NAME(const $W* codes, size_t i) {
  return codes[i];
}
)";

inline constexpr const char* kLinear = R"(
/* y[j] = R((bias[j] + sum of x[p] w[j, p]) / 2^shifts[j]). A row of w has `stride` elements. */
static void $NAME(const $X* x, size_t n_in, $Y* y, size_t n_out,
                  const $W* w, size_t stride, const $B* bias,
                  const $H* shifts, int32_t lowest, int32_t highest) {
  size_t j, p;
  for (j = 0; j < n_out; ++j) {
    const $W* row = w + j * stride;
    $S sum = bias[j];
    for (p = 0; p < n_in; ++p) sum += ($S)x[p] * $READ(row, p);
    y[j] = ($Y)$REQUANTIZE(sum, shifts[j], lowest, highest);
  }
}
)";

inline constexpr const char* kEmbedding = R"(
/* y = a 2^a_shift + b 2^b_shift + c 2^c_shift: the rows of a token's id, place and type. */
static void $NAME($Y* y, size_t n, const $A* a, int32_t a_shift,
                  const $B* b, int32_t b_shift, const $C* c, int32_t c_shift) {
  const int32_t a_unit = (int32_t)1 << a_shift, b_unit = (int32_t)1 << b_shift, c_unit = (int32_t)1 << c_shift;
  size_t i;
  for (i = 0; i < n; ++i)
    y[i] = ($Y)($READ_A(a, i) * a_unit + $READ_B(b, i) * b_unit + $READ_C(c, i) * c_unit);
}
)";

inline constexpr const char* kAdd = R"(
/* z = x x_unit + y y_unit */
static void $NAME(const $X* x, int32_t x_unit, const $Y* y, int32_t y_unit, $Z* z, size_t n) {
  size_t i;
  for (i = 0; i < n; ++i) z[i] = ($Z)(x[i] * x_unit + y[i] * y_unit);
}
)";

// 2^32 / root by 32 bits: (2^32 - 1) / root is the same or one below, and its rest one more.
inline constexpr const char* kInverseRoot = R"(
/* c = R(2^32 / floor(sqrt(m))), m the leading bits of v > 0: c / 2^(16 + *right) is 1 / sqrt(v). */
static int64_t inverse_root(uint64_t v, int32_t* right) {
  uint32_t rest, root = 0, bit = (uint32_t)1 << 30, c;
  *right = 16;
  for (; v >> 32 != 0; v >>= 2) ++*right;
  for (; v >> 30 == 0; v <<= 2) --*right;
  for (rest = (uint32_t)v; bit != 0; bit >>= 2) {
    const uint32_t next = root + bit;
    root >>= 1;
    if (rest < next) continue;
    rest -= next;
    root += bit;
  }
  c = UINT32_MAX / root;
  rest = UINT32_MAX % root + 1;
  if (rest == root) return (int64_t)c + 1;
  return (int64_t)c + (rest > root - rest || (rest == root - rest && (c & 1) != 0));
}
)";

inline constexpr const char* kTabledRoot = R"(
/* c = roots[leading bits of v > 0]: c / 2^(16 + *right) is about 1 / sqrt(v). */
static int64_t $NAME(uint64_t v, int32_t* right, const $T* roots) {
  *right = 16;
  for (; v >> 32 != 0; v >>= 2) ++*right;
  for (; v >> 30 == 0; v <<= 2) --*right;
  return roots[(v >> 24) - 64];
}
)";

inline constexpr const char* kLayerNorm = R"(
/* y[i] = R((d[i] / sqrt(V) gamma[i] + beta[i]) / 2^shift), d = n x - sum of x,
   V = n (sum of x^2) - (sum of x)^2 + epsilon */
static void $NAME(const $X* x, $Y* y, size_t n,
                  const $G* gamma, const $B* beta, int64_t beta_unit, int64_t epsilon,
                  $ROOTSint32_t shift, int32_t lowest, int32_t highest) {
  const int64_t count = (int64_t)n;
  int64_t sum = 0, squares = 0, variance, c = 0;
  int32_t right = 16;
  size_t i;
  for (i = 0; i < n; ++i) {
    sum += x[i];
    squares += (int64_t)x[i] * x[i];
  }
  variance = count * squares - sum * sum + epsilon;
  if (variance > 0) c = $ROOT;
  for (i = 0; i < n; ++i) {
    const int64_t z = round_shift_even((count * x[i] - sum) * c, right);
    y[i] = ($Y)$REQUANTIZE(z * gamma[i] + beta[i] * beta_unit, shift, lowest, highest);
  }
}
)";

inline constexpr const char* kAttention = R"(
/* What the token with the query q sees of a text of n: y = R(sum of e[j] v[j] up / (sum of e[j] down)), where e[j] is
   the exponential of its score q . k[j] below the largest. A row has `size` numbers, `part` of them for each head. */
static void $NAME(const $Q* q, const $K* keys, const $V* values, size_t n,
                  $Y* y, size_t size, size_t part, int32_t multiplier, int32_t shift,
                  int32_t lowest_score, int32_t highest_score, const $E* exponentials,
                  int64_t up, int64_t down, int32_t lowest, int32_t highest, int32_t* scores) {
  size_t h, j, p;
  for (h = 0; h < size; h += part) {
    int32_t most = lowest_score;
    int64_t total = 0;
    for (j = 0; j < n; ++j) {
      const $K* k = keys + j * size + h;
      $D dot = 0;
      for (p = 0; p < part; ++p) dot += ($D)q[h + p] * k[p];
      scores[j] = $SCORE(dot * ($M)multiplier, shift, lowest_score, highest_score);
      if (scores[j] > most) most = scores[j];
    }
    for (j = 0; j < n; ++j) {
      const int32_t below = most - scores[j];
      scores[j] = exponentials[below < 255 ? below : 255];
      total += scores[j];
    }
    for (p = h; p < h + part; ++p) {
      int64_t sum = 0;
      for (j = 0; j < n; ++j) sum += (int64_t)scores[j] * values[j * size + p];
      y[p] = ($Y)$DIVIDE(sum * up, total * down, lowest, highest);
    }
  }
}
)";

inline constexpr const char* kTable = R"(
/* y[i] = table[the bits of x[i]] */
static void $NAME(const $X* x, $Y* y, size_t n, const $T* table, uint32_t mask) {
  size_t i;
  for (i = 0; i < n; ++i) y[i] = ($Y)table[(uint32_t)x[i] & mask];
}
)";

inline constexpr const char* kRelu = R"(
static void $NAME(const $X* x, $Y* y, size_t n) {
  size_t i;
  for (i = 0; i < n; ++i) y[i] = ($Y)(x[i] > 0 ? x[i] : 0);
}
)";

inline constexpr const char* kSlope = R"(
/* y = x where x >= 0, else R(slope x / 2^shift) */
static void $NAME(const $X* x, $Y* y, size_t n, int64_t slope, int32_t shift, int32_t lowest, int32_t highest) {
  size_t i;
  for (i = 0; i < n; ++i) y[i] = ($Y)(x[i] >= 0 ? x[i] : $REQUANTIZE(slope * x[i], shift, lowest, highest));
}
)";

inline constexpr const char* kMean = R"(
/* y = R(sum of the rows of x up / (rows down)) */
static void $NAME(const $X* x, size_t rows, $Y* y, size_t size, int64_t up, int64_t down,
                  int32_t lowest, int32_t highest) {
  size_t i, row;
  for (i = 0; i < size; ++i) {
    int64_t sum = 0;
    for (row = 0; row < rows; ++row) sum += x[row * size + i];
    y[i] = ($Y)$DIVIDE(sum * up, (int64_t)rows * down, lowest, highest);
  }
}
)";

}  // namespace ingot::compress::c99
