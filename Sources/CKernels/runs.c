#include "variants.h"
#include <string.h>

#define ATELIER_BODY "runs.inc"
#include "variants.inc"

TABLE(sum);
TABLE(dot);
TABLE(spread);
TABLE(blend);
TABLE(adam_step);

double atelier_sum(atelier_isa isa, const float *x, size_t count) {
    return sum_table[isa](x, count);
}

double atelier_dot(atelier_isa isa, const float *x, const float *y, size_t count) {
    return dot_table[isa](x, y, count);
}

double atelier_spread(atelier_isa isa, const float *x, float shift, size_t count) {
    return spread_table[isa](x, shift, count);
}

void atelier_blend(atelier_isa isa, float a, const float *x, float b, const float *z, float c,
                   float *y, size_t count) {
    blend_table[isa](a, x, b, z, c, y, count);
}

void atelier_adam_step(atelier_isa isa, const atelier_adam *a, const float *g, float *m, float *v,
                       float *w, size_t count) {
    adam_step_table[isa](a, g, m, v, w, count);
}
