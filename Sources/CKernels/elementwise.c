#include "variants.h"
#include <string.h>

#define ATELIER_BODY "elementwise.inc"
#include "variants.inc"

/* The tables are named for what they hold: a table entry is a variant of one kernel. */
TABLE(unary);
TABLE(slope);
TABLE(binary);
TABLE(accumulate);
TABLE(affine);
TABLE(moments);
TABLE(pool_max);
TABLE(pool_sum);
TABLE(gather);
TABLE(resample);

void atelier_unary(atelier_isa isa, atelier_unary_function function, float a, float b,
                   const float *x, float *y, size_t count) {
    unary_table[isa](function, a, b, x, y, count);
}

void atelier_unary_slope(atelier_isa isa, atelier_unary_function function, float a, float b,
                         const float *value, const float *gradient, float *dx, size_t count) {
    slope_table[isa](function, a, b, value, gradient, dx, count);
}

void atelier_binary(atelier_isa isa, atelier_binary_function function, const float *a,
                    const float *b, atelier_operand operand, ptrdiff_t step, int32_t lanes,
                    float *y, size_t count) {
    binary_table[isa](function, a, b, operand, step, lanes, y, count);
}

void atelier_accumulate(atelier_isa isa, float factor, const float *x, float *y, size_t count) {
    accumulate_table[isa](factor, x, y, count);
}

void atelier_affine(atelier_isa isa, const float *x, const float *factors,
                    const atelier_ending *ending, const float *residual, int32_t lanes, float *y,
                    size_t count) {
    affine_table[isa](x, factors, ending, residual, lanes, y, count);
}

void atelier_moments(atelier_isa isa, const float *x, const float *shift, int32_t lanes,
                     size_t count, double *sums, double *squares) {
    moments_table[isa](x, shift, lanes, count, sums, squares);
}

void atelier_pool_max(atelier_isa isa, const float *const *taps, int32_t tap_count, ptrdiff_t step,
                      int32_t lanes, float *y, int32_t count) {
    pool_max_table[isa](taps, tap_count, step, lanes, y, count);
}

void atelier_pool_sum(atelier_isa isa, const float *const *taps, int32_t tap_count, ptrdiff_t step,
                      int32_t lanes, float factor, float *y, int32_t count) {
    pool_sum_table[isa](taps, tap_count, step, lanes, factor, y, count);
}

void atelier_gather(atelier_isa isa, const float *const *sources, ptrdiff_t source_step,
                    int32_t lanes, float *y, ptrdiff_t step, int32_t count) {
    gather_table[isa](sources, source_step, lanes, y, step, count);
}

void atelier_resample(atelier_isa isa, const float *input, const int32_t *positions,
                      const float *weights, int32_t taps, int32_t lanes, float *y, int32_t count) {
    resample_table[isa](input, positions, weights, taps, lanes, y, count);
}
