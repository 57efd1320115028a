#include "variants.h"
#include <string.h>

/* Sixteen numbers in double precision. */
typedef double doubles __attribute__((vector_size(128), aligned(8)));

/* What weights are multiplied with for each point but infinity: its powers, scaled. */
static const double six_points[5][3] = {{1 / 4., 0, 0},
                                        {-1 / 6., -1 / 6., -1 / 6.},
                                        {-1 / 6., 1 / 6., -1 / 6.},
                                        {1 / 24., 1 / 12., 1 / 6.},
                                        {1 / 24., -1 / 12., 1 / 6.}};
static const double eight_points[7][3] = {{1, 0, 0},
                                          {-2 / 9., -2 / 9., -2 / 9.},
                                          {-2 / 9., 2 / 9., -2 / 9.},
                                          {1 / 90., 1 / 45., 2 / 45.},
                                          {1 / 90., -1 / 45., 2 / 45.},
                                          {1 / 45., 1 / 90., 1 / 180.},
                                          {1 / 45., -1 / 90., 1 / 180.}};

#define ATELIER_BODY "winograd.inc"
#include "variants.inc"

typedef void (*kernel)(const atelier_winograd *);

static const kernel kernels[ATELIER_ISA_COUNT] = VARIANTS(winograd);

void atelier_winograd_convolve(atelier_isa isa, const atelier_winograd *w) {
    kernels[isa](w);
}

int32_t atelier_winograd_group(atelier_isa isa) {
    const int32_t groups[ATELIER_ISA_COUNT] = VARIANTS(group);
    return groups[isa];
}

int32_t atelier_winograd_step(atelier_isa isa, int32_t output_blocks) {
    const int32_t *const widths[ATELIER_ISA_COUNT] = VARIANTS(widths);
    int32_t group = atelier_winograd_group(isa);
    return widths[isa][(output_blocks < group ? output_blocks : group) - 1];
}

int32_t atelier_winograd_places(int32_t tile) {
    return tile < 6 ? 36 : 64;
}

size_t atelier_winograd_scratch_size(int32_t tile, int32_t input_blocks, int32_t count) {
    /* A group has four output blocks at most. */
    size_t places = atelier_winograd_places(tile);
    return places * ((size_t)count * (input_blocks + 4) * 16 + 32);
}

/* ---- Gradients of weights ---- */

static const kernel input_spreads[ATELIER_ISA_COUNT] = VARIANTS(spread_inputs);
static const kernel gradient_spreads[ATELIER_ISA_COUNT] = VARIANTS(spread_gradients);

void atelier_winograd_spread_inputs(atelier_isa isa, const atelier_winograd *w) {
    input_spreads[isa](w);
}

void atelier_winograd_spread_gradients(atelier_isa isa, const atelier_winograd *w) {
    gradient_spreads[isa](w);
}

void atelier_winograd_gather_weights(const float *products, size_t place_stride, float *weights) {
    double lines[3 * 6];
    for (int j = 0; j < 6; j++)
        for (int k = 0; k < 3; k++) {
            double sum = k == 2 ? products[(30 + j) * place_stride] : 0;
            for (int i = 0; i < 5; i++)
                sum += six_points[i][k] * products[(i * 6 + j) * place_stride];
            lines[k * 6 + j] = sum;
        }
    for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++) {
            double sum = l == 2 ? lines[k * 6 + 5] : 0;
            for (int j = 0; j < 5; j++)
                sum += six_points[j][l] * lines[k * 6 + j];
            weights[k * 3 + l] = (float)sum;
        }
}

/* ---- Packing ---- */

size_t atelier_winograd_packed_size(int32_t tile, int32_t output_blocks, int32_t input_channels) {
    return (size_t)atelier_winograd_places(tile) * output_blocks * 16 * input_channels;
}

typedef void (*transform)(int32_t, const doubles *, doubles *);

static const transform transforms[ATELIER_ISA_COUNT] = VARIANTS(transform_weights);

void atelier_winograd_pack(atelier_isa isa, int32_t tile, const float *weights,
                           int32_t input_channels, const int32_t *outputs, int32_t output_blocks,
                           const int32_t *inputs, int32_t input_blocks, float *packed) {
    const int32_t group = atelier_winograd_group(isa), places = atelier_winograd_places(tile);
    const int32_t taps = (tile < 6 ? 7 : 9) - tile;
    int32_t channels = 0;
    for (int32_t i = 0; i < input_blocks * 16; i++)
        channels += inputs[i] >= 0;
    for (int32_t first = 0; first < output_blocks; first += group) {
        const int32_t blocks = output_blocks - first < group ? output_blocks - first : group;
        const int32_t row = blocks * 16;
        for (int32_t i = 0, channel = 0; i < input_blocks * 16; i++) {
            if (inputs[i] < 0)
                continue;
            for (int32_t block = 0; block < blocks; block++) {
                /* Sixteen outputs side by side: [tap or place][output]. */
                doubles g[9] = {{0}}, u[64];
                for (int32_t o = 0; o < 16; o++) {
                    int32_t to = outputs[(first + block) * 16 + o];
                    if (to < 0)
                        continue;
                    const float *from =
                        weights + ((size_t)to * input_channels + inputs[i]) * taps * taps;
                    for (int32_t k = 0; k < taps * taps; k++)
                        g[k][o] = from[k];
                }
                transforms[isa](tile, g, u);
                for (int32_t p = 0; p < places; p++)
                    for (int32_t o = 0; o < 16; o++)
                        packed[((size_t)p * channels + channel) * row + block * 16 + o] =
                            (float)u[p][o];
            }
            channel++;
        }
        packed += (size_t)places * channels * row;
    }
}
