#include "variants.h"
#include <string.h>

#define ATELIER_BODY "convolution.inc"
#include "variants.inc"

typedef void (*kernel)(const atelier_convolution *);

static const kernel dense[ATELIER_ISA_COUNT] = VARIANTS(convolve);
static const kernel thin[ATELIER_ISA_COUNT] = VARIANTS(convolve_thin);
static const kernel depthwise_kernels[ATELIER_ISA_COUNT] = VARIANTS(depthwise);

void atelier_convolve(atelier_isa isa, const atelier_convolution *c) {
    dense[isa](c);
}
void atelier_convolve_thin(atelier_isa isa, const atelier_convolution *c) {
    thin[isa](c);
}
void atelier_convolve_depthwise(atelier_isa isa, const atelier_convolution *c) {
    depthwise_kernels[isa](c);
}

typedef void (*few_kernel)(const atelier_few_pixels *);

static const few_kernel few[ATELIER_ISA_COUNT] = VARIANTS(convolve_few);

void atelier_convolve_few(atelier_isa isa, const atelier_few_pixels *f) {
    few[isa](f);
}

/* ---- Packing ---- */

int32_t atelier_convolution_group(atelier_isa isa) {
    const int32_t groups[ATELIER_ISA_COUNT] = VARIANTS(group);
    return groups[isa];
}

size_t atelier_convolution_packed_size(int32_t output_blocks, int32_t input_blocks, int32_t lanes,
                                       int32_t kernel_taps) {
    return (size_t)output_blocks * 16 * input_blocks * lanes * kernel_taps;
}

void atelier_convolution_pack(atelier_isa isa, const float *weights, int32_t input_channels,
                              int32_t kernel_taps, const int32_t *outputs, int32_t output_blocks,
                              const int32_t *inputs, int32_t input_blocks, int32_t lanes,
                              int32_t group, float *packed) {
    const int32_t size = atelier_convolution_group(isa), first = group * size;
    const int32_t blocks = output_blocks - first < size ? output_blocks - first : size;
    const int32_t row = blocks * 16, depth = input_blocks * lanes;
    packed += (size_t)first * 16 * depth * kernel_taps;
    for (int32_t i = 0; i < depth; i++)
        for (int32_t o = 0; o < row; o++) {
            int32_t to = outputs[first * 16 + o], from = inputs[i];
            const int is_used = to >= 0 && from >= 0;
            const float *taps =
                is_used ? weights + ((size_t)to * input_channels + from) * kernel_taps : 0;
            for (int32_t t = 0; t < kernel_taps; t++)
                packed[((size_t)t * depth + i) * row + o] = is_used ? taps[t] : 0;
        }
}

void atelier_convolution_pack_thin(const float *weights, int32_t output_channels,
                                   int32_t input_channels, int32_t kernel_taps,
                                   const int32_t *inputs, int32_t input_blocks, float *packed) {
    for (int32_t t = 0; t < kernel_taps; t++)
        for (int32_t i = 0; i < input_blocks; i++)
            for (int32_t o = 0; o < 4; o++)
                for (int32_t l = 0; l < 16; l++) {
                    int32_t from = inputs[i * 16 + l];
                    *packed++ =
                        o >= output_channels || from < 0
                            ? 0
                            : weights[((size_t)o * input_channels + from) * kernel_taps + t];
                }
}
