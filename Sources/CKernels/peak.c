#include "variants.h"

#define ATELIER_BODY "peak.inc"
#include "variants.inc"

typedef size_t (*kernel)(size_t, float *);

static const kernel multiply_adds[ATELIER_ISA_COUNT] = VARIANTS(multiply_adds);

size_t atelier_multiply_adds(atelier_isa isa, size_t rounds, float *result) {
    return multiply_adds[isa](rounds, result);
}
