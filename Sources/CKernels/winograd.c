#include "variants.h"
#include <string.h>

/* ---- Weights of the transforms ---- */

/* For each point but infinity its scale, and the point. */
static const double five[4][2] = {{1 / 2., 0}, {-1 / 2., 1}, {-1 / 6., -1}, {1 / 6., 2}};
static const double six[5][2] = {
    {1 / 4., 0}, {-1 / 6., 1}, {-1 / 6., -1}, {1 / 24., 2}, {1 / 24., -2}};
static const double eight[7][2] = {{1, 0},        {-2 / 9., 1},   {-2 / 9., -1},  {1 / 90., 2},
                                   {1 / 90., -2}, {1 / 45., 0.5}, {1 / 45., -0.5}};

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

int32_t atelier_winograd_places(int32_t tile, int32_t taps) {
    const int32_t side = tile + taps - 1;
    return side * side;
}

size_t atelier_winograd_scratch_size(int32_t tile, int32_t taps, int32_t input_blocks,
                                     int32_t count) {
    /* A group has four output blocks at most. */
    size_t places = atelier_winograd_places(tile, taps);
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

/* One line of a transformed gradient back to one of three weights. */
static void gather_line(const double *products, int step, double *weights, int weight_step) {
    for (int k = 0; k < 3; k++) {
        double sum = k == 2 ? products[5 * step] : 0;
        for (int i = 0; i < 5; i++) {
            double factor = six[i][0];
            for (int power = 0; power < k; power++)
                factor *= six[i][1];
            sum += factor * products[i * step];
        }
        weights[k * weight_step] = sum;
    }
}

void atelier_winograd_gather_weights(const float *products, size_t place_stride, float *weights) {
    double places[36], lines[3 * 6], square[9];
    for (int place = 0; place < 36; place++)
        places[place] = products[place * place_stride];
    for (int j = 0; j < 6; j++)
        gather_line(places + j, 6, lines + j, 6);
    for (int k = 0; k < 3; k++)
        gather_line(lines + k * 6, 1, square + k * 3, 1);
    for (int k = 0; k < 9; k++)
        weights[k] = (float)square[k];
}

/* ---- Training ---- */

TABLE(tiles_spread);
TABLE(tiles_scatter);
TABLE(tiles_gather);
TABLE(tile_products);
TABLE(tile_weights);
TABLE(tile_weight_gradients);

void atelier_tiles_spread(atelier_isa isa, const atelier_tiles *m) {
    tiles_spread_table[isa](m);
}

void atelier_tiles_scatter(atelier_isa isa, const atelier_tiles *m) {
    tiles_scatter_table[isa](m);
}

void atelier_tiles_gather(atelier_isa isa, const atelier_tile_outputs *m) {
    tiles_gather_table[isa](m);
}

void atelier_tile_products_add(atelier_isa isa, const atelier_tile_products *p) {
    tile_products_table[isa](p);
}

void atelier_tile_weights_widen(atelier_isa isa, const atelier_tile_weights *m) {
    tile_weights_table[isa](m);
}

void atelier_tile_weights_narrow(atelier_isa isa, const atelier_tile_weights *m) {
    tile_weight_gradients_table[isa](m);
}

/* ---- Packing ---- */

size_t atelier_winograd_packed_size(int32_t tile, int32_t taps, int32_t output_blocks,
                                    int32_t input_channels) {
    return (size_t)atelier_winograd_places(tile, taps) * output_blocks * 16 * input_channels;
}

/* Output channels that are transformed side by side: those of a group. */
enum { MOST_OUTPUTS = 64 };
typedef double outputs_row[MOST_OUTPUTS];

/* Weights g of a line into products' right sides u: `taps` of them into `side`. */
static void transform(int32_t side, int32_t taps, const outputs_row *g, int32_t step,
                      outputs_row *u, int32_t u_step) {
    const double (*points)[2] = side == 5 ? five : side == 6 ? six : eight;
    for (int32_t i = 0; i + 1 < side; i++)
        for (int32_t o = 0; o < MOST_OUTPUTS; o++) {
            double sum = 0;
            for (int32_t k = taps - 1; k >= 0; k--)
                sum = sum * points[i][1] + g[k * step][o];
            u[i * u_step][o] = points[i][0] * sum;
        }
    memcpy(u[(side - 1) * u_step], g[(taps - 1) * step], sizeof(outputs_row));
}

void atelier_winograd_pack(atelier_isa isa, int32_t tile, int32_t taps, const float *weights,
                           int32_t input_channels, const int32_t *outputs, int32_t output_blocks,
                           const int32_t *inputs, int32_t input_blocks, int32_t group,
                           float *packed) {
    const int32_t size = atelier_winograd_group(isa), side = tile + taps - 1;
    const int32_t places = side * side, first = group * size;
    const int32_t blocks = output_blocks - first < size ? output_blocks - first : size;
    const int32_t row = blocks * 16;
    int32_t channels = 0;
    for (int32_t i = 0; i < input_blocks * 16; i++)
        channels += inputs[i] >= 0;
    packed += (size_t)places * channels * first * 16;
    for (int32_t i = 0, channel = 0; i < input_blocks * 16; i++) {
        if (inputs[i] < 0)
            continue;
        outputs_row g[7 * 7] = {{0}}, lines[8 * 7], u[8 * 8];
        for (int32_t o = 0; o < row; o++) {
            int32_t to = outputs[first * 16 + o];
            const float *from = weights + ((size_t)to * input_channels + inputs[i]) * taps * taps;
            if (to >= 0)
                for (int32_t k = 0; k < taps * taps; k++)
                    g[k][o] = from[k];
        }
        for (int32_t k = 0; k < taps; k++)
            transform(side, taps, g + k, taps, lines + k, taps);
        for (int32_t k = 0; k < side; k++)
            transform(side, taps, lines + k * taps, 1, u + k * side, 1);
        for (int32_t p = 0; p < places; p++) {
            float *to = packed + ((size_t)p * channels + channel) * row;
            for (int32_t o = 0; o < row; o++)
                to[o] = (float)u[p][o];
        }
        channel++;
    }
}
