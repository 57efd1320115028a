#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Sixteen pairs of bfloat16 numbers, and sixteen such numbers: the upper halves of float32. */
typedef uint32_t pairs __attribute__((vector_size(64), aligned(2)));
typedef uint16_t halves __attribute__((vector_size(32), aligned(2)));

/* Output blocks whose weights lie side by side. */
enum { GROUP = 4 };

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(f) JOIN(f, SUFFIX)

#define SUFFIX _plain
#include "bfloat.inc"
#undef SUFFIX

#if defined(__x86_64__)
#define SUFFIX _avx512
#define HAS_BFLOAT
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))),                  \
    apply_to = function)
#include "bfloat.inc"
#pragma clang attribute pop
#undef SUFFIX
#define VARIANTS(f) {JOIN(f, _plain), JOIN(f, _avx512)}
#else
#define VARIANTS(f) {JOIN(f, _plain), JOIN(f, _plain)}
#endif

typedef void (*round_kernel)(const float *, int32_t, int32_t, uint16_t *, ptrdiff_t, int32_t);
typedef void (*dense_kernel)(const atelier_bfloat_convolution *, int32_t);
typedef void (*thin_kernel)(const atelier_bfloat_convolution *);

static const round_kernel rounding[ATELIER_BFLOAT_COUNT] = VARIANTS(round);
static const dense_kernel dense[ATELIER_BFLOAT_COUNT] = VARIANTS(convolve);
static const thin_kernel thin[ATELIER_BFLOAT_COUNT] = VARIANTS(convolve_thin);

atelier_bfloat atelier_best_bfloat(void) {
#if defined(__x86_64__)
    if (atelier_best_isa() == ATELIER_ISA_AVX512 && __builtin_cpu_supports("avx512bf16"))
        return ATELIER_BFLOAT_AVX512;
#endif
    return ATELIER_BFLOAT_PLAIN;
}

void atelier_bfloat_round(atelier_bfloat variant, const float *x, int32_t lanes, int32_t used,
                          uint16_t *y, ptrdiff_t step, int32_t count) {
    rounding[variant](x, lanes, used, y, step, count);
}

void atelier_bfloat_convolve(atelier_bfloat variant, const atelier_bfloat_convolution *c,
                             int32_t group) {
    dense[variant](c, group);
}

void atelier_bfloat_convolve_thin(atelier_bfloat variant, const atelier_bfloat_convolution *c) {
    thin[variant](c);
}

/* ---- Packing ---- */

int32_t atelier_bfloat_group(void) {
    return GROUP;
}

static uint16_t rounded_weight(const float *weights, int32_t input_channels, int32_t kernel_taps,
                               int32_t output, int32_t input, int32_t tap) {
    float value = weights[((size_t)output * input_channels + input) * kernel_taps + tap];
    uint16_t result;
    round_plain(&value, 1, 1, &result, 1, 1);
    return result;
}

void atelier_bfloat_pack(const float *weights, int32_t input_channels, int32_t kernel_taps,
                         int32_t output_channels, const int32_t *inputs, int32_t input_blocks,
                         int32_t lanes, int32_t group, uint16_t *packed) {
    const int32_t output_blocks = (output_channels + 15) / 16, first = group * GROUP;
    const int32_t blocks = output_blocks - first < GROUP ? output_blocks - first : GROUP;
    const int32_t depth = input_blocks * lanes, row = blocks * 16;
    packed += (size_t)first * 16 * depth * kernel_taps;
    for (int32_t t = 0; t < kernel_taps; t++)
        for (int32_t i = 0; i < depth; i++)
            for (int32_t o = 0; o < row; o++) {
                uint16_t *to = packed + (((size_t)t * depth + i) / 2 * row + o) * 2 + i % 2;
                const int32_t output = first * 16 + o;
                *to =
                    output < output_channels && inputs[i] >= 0
                        ? rounded_weight(weights, input_channels, kernel_taps, output, inputs[i], t)
                        : 0;
            }
}

void atelier_bfloat_pack_thin(const float *weights, int32_t input_channels, int32_t kernel_taps,
                              int32_t output_channels, const int32_t *inputs, int32_t input_blocks,
                              uint16_t *packed) {
    for (int32_t t = 0; t < kernel_taps; t++)
        for (int32_t i = 0; i < input_blocks; i++)
            for (int32_t o = 0; o < 4; o++)
                for (int32_t l = 0; l < 32; l++) {
                    const int32_t input = inputs[i * 32 + l];
                    *packed++ =
                        o < output_channels && input >= 0
                            ? rounded_weight(weights, input_channels, kernel_taps, o, input, t)
                            : 0;
                }
}
