#include "variants.h"
#include <string.h>

#define ATELIER_BODY "outer.inc"
#include "variants.inc"

TABLE(outer_products);
TABLE(pixels_from_planes);
TABLE(planes_from_pixels);
TABLE(row_products);

void atelier_outer_products(atelier_isa isa, const atelier_outer *c) {
    outer_products_table[isa](c);
}

void atelier_pixels_from_planes(atelier_isa isa, const float *planes, ptrdiff_t plane_stride,
                                int32_t channels, int32_t depth, float *pixels, int32_t count) {
    pixels_from_planes_table[isa](planes, plane_stride, channels, depth, pixels, count);
}

void atelier_planes_from_pixels(atelier_isa isa, const float *pixels, int32_t depth,
                                int32_t channels, float *planes, ptrdiff_t plane_stride,
                                int32_t count) {
    planes_from_pixels_table[isa](pixels, depth, channels, planes, plane_stride, count);
}

void atelier_multiply_rows(atelier_isa isa, const atelier_row_products *p) {
    row_products_table[isa](p);
}
