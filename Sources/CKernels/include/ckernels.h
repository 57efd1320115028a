/* Numeric micro-kernels, each with one variant for every instruction set it gains from.
 *
 * Pictures and feature maps are stored by rows. A row holds blocks of channels one after the other;
 * a block holds, pixel by pixel, the samples of 16 channels (of 4 in a "thin" map, which stores the
 * few channels of a picture). Lengths are counted in floats unless said otherwise.
 *
 * All functions may be called by several threads at once on memory of their own.
 */
#ifndef ATELIER_CKERNELS_H
#define ATELIER_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/* ---- Instruction sets ------------------------------------------------------------------------ */

typedef enum {
    ATELIER_ISA_PLAIN = 0, /* what every processor of the architecture has */
    ATELIER_ISA_AVX2 = 1,
    ATELIER_ISA_AVX512 = 2,
    ATELIER_ISA_COUNT = 3
} atelier_isa;

/* The best one that this processor has. */
atelier_isa atelier_best_isa(void);

/* Tells the processor that a thread is waiting in a loop. */
void atelier_pause(void);

/* Does nothing but multiply-adds in registers, `rounds` times some, and returns how many it did:
 * what no kernel can surpass. `result` holds two numbers to compute with, and takes the sums. */
size_t atelier_multiply_adds(atelier_isa isa, size_t rounds, float *result);

/* ---- What happens to a sum on its way out ------------------------------------------------------
 */

typedef enum {
    ATELIER_ACTIVATION_NONE = 0,
    ATELIER_ACTIVATION_RELU = 1,
    ATELIER_ACTIVATION_SLOPE = 2, /* negative values times a slope of their channel */
    ATELIER_ACTIVATION_CLIP = 3   /* limited to low … high */
} atelier_activation;

typedef enum {
    ATELIER_RESIDUAL_NONE = 0,
    ATELIER_RESIDUAL_BEFORE = 1, /* added before the activation */
    ATELIER_RESIDUAL_AFTER = 2
} atelier_residual;

typedef struct {
    const float *bias;   /* for every place of the output blocks */
    const float *slopes; /* likewise, for ATELIER_ACTIVATION_SLOPE */
    float low, high;     /* for ATELIER_ACTIVATION_CLIP */
    int32_t activation, residual_mode;
} atelier_ending;

/* ---- Convolution of a run of pixels ------------------------------------------------------------
 */

/* A place of the kernel and where its inputs are: for every input block a row of pixels, of which
 * the first output pixel reads the one `offset` floats from the start. A tap whose row lies in a
 * border of zeros is left out of the list. */
typedef struct {
    const float *const *blocks;
    ptrdiff_t offset;
    int32_t number; /* of the place in the kernel, row by row */
} atelier_tap;

/* Computes `count` pixels of an output row for all output channels:
 *
 *     output[x][o] = f(bias[o] + sum over taps t, channels i of input_t[x][i] * weight[t][i][o])
 */
typedef struct {
    const atelier_tap *taps;
    int32_t tap_count;

    int32_t lanes; /* size of an input block: 16, or 4 in a thin map */
    int32_t input_blocks;
    const int32_t *input_lanes; /* channels that count, for each input block */
    ptrdiff_t input_step;       /* from the input of one output pixel to that of the next */

    const float *weights; /* packed by atelier_convolution_pack */
    int32_t kernel_taps;  /* places of the whole kernel */

    atelier_ending ending;

    float *output;
    const float *const *residual; /* for each output block its pixels, laid out as the output's */
    int32_t output_blocks;        /* of a thin output: its channels */
    ptrdiff_t output_block_stride, output_step;
    int32_t count; /* pixels */
} atelier_convolution;

void atelier_convolve(atelier_isa isa, const atelier_convolution *c);

/* Floats of packed weights. */
size_t atelier_convolution_packed_size(int32_t output_blocks, int32_t input_blocks, int32_t lanes,
                                       int32_t kernel_taps);

/* Packs weights[output][input][tap] of one group of output blocks for one instruction set; `packed`
 * is where those of the first group go. `inputs` and `outputs` say which channel stands in each
 * place of the blocks, or -1 for none. `lanes` is the size of an input block, 16 or 4. */
void atelier_convolution_pack(atelier_isa isa, const float *weights, int32_t input_channels,
                              int32_t kernel_taps, const int32_t *outputs, int32_t output_blocks,
                              const int32_t *inputs, int32_t input_blocks, int32_t lanes,
                              int32_t group, float *packed);

/* Output blocks whose weights lie side by side. */
int32_t atelier_convolution_group(atelier_isa isa);

/* The same for a few pixels of many channels, whose weights no cache holds: they are read once for
 * all pixels, for one group of output blocks in a call. The depth, which is the number of input
 * channels, comes in pieces of so many; the last may be smaller. */
#define ATELIER_FEW_PIECE 96

typedef struct {
    const float *input; /* [tap][piece][pixel][channel of the piece] */
    int32_t count, depth;
    const int32_t *taps; /* the number of each tap in the kernel */
    int32_t tap_count;

    const float *weights; /* packed by atelier_convolution_pack */
    int32_t kernel_taps;
    atelier_ending ending;

    float *const *output; /* for each pixel its place in the first block */
    int32_t output_blocks, group;
    ptrdiff_t output_block_stride;
    float *sums; /* scratch: count · 64 floats */
} atelier_few_pixels;

void atelier_convolve_few(atelier_isa isa, const atelier_few_pixels *f);

/* The same for an output of at most four channels, in a thin map: no place is wasted on channels
 * that are not there. Input blocks have 16 channels. */
void atelier_convolve_thin(atelier_isa isa, const atelier_convolution *c);

/* Packs weights as atelier_convolve_thin reads them: [tap][input block][4][16]. */
void atelier_convolution_pack_thin(const float *weights, int32_t output_channels,
                                   int32_t input_channels, int32_t kernel_taps,
                                   const int32_t *inputs, int32_t input_blocks, float *packed);

/* Each channel by itself (depthwise): weights are [block][tap][lanes], and the blocks in and out
 * are the same. */
void atelier_convolve_depthwise(atelier_isa isa, const atelier_convolution *c);

/* ---- Convolution with products of bfloat16 numbers
 * ---------------------------------------------- */

/* Inputs and weights are rounded to bfloat16, to the nearest number and to the even one of two,
 * multiplied exactly and summed in float32. Numbers too small for the usual form count as zeros. */
typedef enum {
    ATELIER_BFLOAT_PLAIN =
        0, /* the same arithmetic with what every processor has: the definition */
    ATELIER_BFLOAT_AVX512 = 1,
    ATELIER_BFLOAT_COUNT = 2
} atelier_bfloat;

/* The best one that this processor has; only others than the plain one are fast. */
atelier_bfloat atelier_best_bfloat(void);

/* Rounds `count` pixels of `lanes` floats, 16 or 4, of which the first `used` count: y[p·step + l].
 * Other places become 0. With 4 lanes the step is 4. */
void atelier_bfloat_round(atelier_bfloat variant, const float *x, int32_t lanes, int32_t used,
                          uint16_t *y, ptrdiff_t step, int32_t count);

/* Computes `count` pixels of an output row; see atelier_convolution. */
typedef struct {
    const uint16_t *const *taps; /* for each where the first output pixel reads the first block */
    const int32_t *numbers;      /* of their places in the kernel */
    int32_t tap_count;

    int32_t lanes; /* size of an input block: 16 or 4, 32 for a thin output */
    int32_t input_blocks;
    const int32_t *input_lanes;
    ptrdiff_t input_block_stride, input_step; /* in numbers */

    const uint16_t *weights; /* packed by atelier_bfloat_pack */
    int32_t kernel_taps;
    atelier_ending ending;

    float *output;
    const float *const *residual;
    int32_t output_blocks; /* of a thin output: its channels */
    ptrdiff_t output_block_stride, output_step;
    int32_t count;
} atelier_bfloat_convolution;

/* Computes one group of output blocks. */
void atelier_bfloat_convolve(atelier_bfloat variant, const atelier_bfloat_convolution *c,
                             int32_t group);

/* The same for an output of at most four channels, in a thin map. */
void atelier_bfloat_convolve_thin(atelier_bfloat variant, const atelier_bfloat_convolution *c);

/* Output blocks whose weights lie side by side. */
int32_t atelier_bfloat_group(void);

/* Packs weights[output][input][tap] of one group; `packed` is where those of the first group go.
 * There are as many numbers as in the float32 packing. `inputs` says which channel stands in each
 * place of the input blocks, or -1 for none. */
void atelier_bfloat_pack(const float *weights, int32_t input_channels, int32_t kernel_taps,
                         int32_t output_channels, const int32_t *inputs, int32_t input_blocks,
                         int32_t lanes, int32_t group, uint16_t *packed);

/* Packs weights as atelier_bfloat_convolve_thin reads them: [tap][block of 32][4][32]. */
void atelier_bfloat_pack_thin(const float *weights, int32_t input_channels, int32_t kernel_taps,
                              int32_t output_channels, const int32_t *inputs, int32_t input_blocks,
                              uint16_t *packed);

/* ---- Convolution by Winograd's method
 * ------------------------------------------------------------ */

/* A k × k convolution of stride 1 computes a tile of m × m outputs from (m + k − 1)² inputs: these
 * are transformed, multiplied by transformed weights, one product for each place of the transform,
 * and summed over the channels; the sums are transformed back. For k = 3 there are tiles of 4 and
 * 6, which take a quarter and a fifth of the plain multiplications; for k = 2 tiles of 4, 5 and 7,
 * which take 39, 36 and 33 hundredths; for k = 4, 5 and 7 tiles of 5, 4 and 2, which take 16, 16
 * and 33 hundredths.
 *
 * The tiles of some rows are counted row by row, `columns` of them in each; a call computes `count`
 * of them from tile `first` of the first row on. */
typedef struct {
    int32_t tile, taps; /* m and k */
    int32_t columns, first, count;

    int32_t input_blocks; /* of 16 channels */
    const int32_t *input_lanes;
    /* For each input block the rows that tiles read, `input_rows` of them: where the first tile of
     * a row begins to read, with room for all tiles of the row; null for a row of zeros. */
    const float *const *input;
    int32_t input_rows;
    ptrdiff_t input_step; /* from one pixel to the next */

    const float *weights; /* packed by atelier_winograd_pack */
    atelier_ending ending;

    /* The rows of outputs that are wanted: where the first tile of a row begins. */
    float *const *output;
    int32_t output_rows, output_columns;
    const float *const *residual; /* for each output block the same rows */
    int32_t output_blocks;
    ptrdiff_t output_block_stride, output_step;

    float *scratch; /* atelier_winograd_scratch_size floats */
} atelier_winograd;

void atelier_winograd_convolve(atelier_isa isa, const atelier_winograd *w);

/* Places of a transformed tile. */
int32_t atelier_winograd_places(int32_t tile, int32_t taps);

size_t atelier_winograd_scratch_size(int32_t tile, int32_t taps, int32_t input_blocks,
                                     int32_t count);

/* Output blocks that are computed together, and tiles that a call best computes a multiple of. */
int32_t atelier_winograd_group(atelier_isa isa);
int32_t atelier_winograd_step(atelier_isa isa, int32_t output_blocks);

/* Floats of packed weights. */
size_t atelier_winograd_packed_size(int32_t tile, int32_t taps, int32_t output_blocks,
                                    int32_t input_channels);

/* Transforms weights[output][input][k · k] in double precision and packs those of one group of
 * output blocks; `packed` is where those of the first group go. `outputs` and `inputs` say which
 * channel stands in each place of the blocks, or -1 for none: in an input block only behind all
 * channels. */
void atelier_winograd_pack(atelier_isa isa, int32_t tile, int32_t taps, const float *weights,
                           int32_t input_channels, const int32_t *outputs, int32_t output_blocks,
                           const int32_t *inputs, int32_t input_blocks, int32_t group,
                           float *packed);

/* For the gradient of 3 × 3 weights, by tiles of 4: transforms inputs, and the gradients of
 * outputs, into `scratch` as [place][tile][channel], places count · input_blocks · 16 + 16 floats
 * apart. Of the fields only those of tiles, input and scratch are read, `first` is 0, and gradients
 * come as `input`, with zeros behind their last row and column and no null rows. */
void atelier_winograd_spread_inputs(atelier_isa isa, const atelier_winograd *w);
void atelier_winograd_spread_gradients(atelier_isa isa, const atelier_winograd *w);

/* The sums of products of both, at 36 places, become nine gradients. */
void atelier_winograd_gather_weights(const float *products, size_t place_stride, float *weights);

/* ---- Training by Winograd's method ------------------------------------------------------- */

/* A convolution of stride s is one of stride 1 on s² phases of its input, with the weights that
 * meet them. There are parts for 4 × 4 and 3 × 3 weights with a stride of 2, as tiles of 4 × 4
 * outputs for 2 × 2 weights of each phase; for 3 × 3 weights in tiles of 4, and 4 × 4 in tiles of
 * 5. Transformed numbers are [place][tile][channel]. */

/* Tiles of some rows of pixels, counted row by row. */
typedef struct {
    int32_t tile, taps;
    int32_t columns, count; /* tiles in a row, and in all */
    int32_t blocks;         /* of 16 channels */
    /* For each block the rows that tiles read: where the first tile begins to read, with room for
     * all tiles; null for a row of zeros. */
    const float *const *rows;
    int32_t row_count;
    ptrdiff_t step; /* from one pixel to the next */
    float *places;
    ptrdiff_t tile_step, place_stride;
} atelier_tiles;

/* Transforms inputs. */
void atelier_tiles_spread(atelier_isa isa, const atelier_tiles *m);
/* Transforms gradients of outputs into those of the sums at all places. */
void atelier_tiles_scatter(atelier_isa isa, const atelier_tiles *m);

/* Sums at all places, and the outputs that they become. */
typedef struct {
    int32_t tile, taps, columns, count, blocks;
    const float *sums; /* [place][tile][blocks · 16] */
    ptrdiff_t place_stride;
    const float *bias; /* for every place of the blocks */
    float *const *rows;
    int32_t row_count, column_count; /* that are wanted */
    ptrdiff_t step;                  /* from one pixel to the next; blocks lie side by side */
} atelier_tile_outputs;

void atelier_tiles_gather(atelier_isa isa, const atelier_tile_outputs *m);

/* sums[place][tile][o] (+)= sum over i below depth of left[place][tile][i] · right[place][i][o] */
typedef struct {
    int32_t places, tiles, depth;
    int32_t blocks; /* of 16 outputs, at most atelier_winograd_group */
    int32_t adds;
    const float *left, *right;
    ptrdiff_t left_step, left_stride, right_stride;
    float *sums;
    ptrdiff_t sums_stride;
} atelier_tile_products;

void atelier_tile_products_add(atelier_isa isa, const atelier_tile_products *p);

/* Kernels of rows and lanes, both of which are channels of one side, and their transforms
 * [phase][place][row][lane]. */
typedef struct {
    int32_t stride, size;        /* of the convolution's window */
    int32_t flips;               /* whether the last weight comes first */
    int32_t rows, blocks, lanes; /* lanes that count, in blocks of 16 */
    float *weights;
    ptrdiff_t row_step, lane_step;
    float *places;
    ptrdiff_t phase_stride, place_stride;
    int32_t adds;
} atelier_tile_weights;

/* Transforms weights. */
void atelier_tile_weights_widen(atelier_isa isa, const atelier_tile_weights *m);
/* Gradients of transformed weights become those of weights, or are added to them. */
void atelier_tile_weights_narrow(atelier_isa isa, const atelier_tile_weights *m);

/* ---- Pooling of a run of pixels
 * ------------------------------------------------------------------ */

/* The largest of some inputs, element by element: y[x·lanes + l] over taps[t][x·step + l]. */
void atelier_pool_max(atelier_isa isa, const float *const *taps, int32_t tap_count, ptrdiff_t step,
                      int32_t lanes, float *y, int32_t count);

/* Their sum times a factor. */
void atelier_pool_sum(atelier_isa isa, const float *const *taps, int32_t tap_count, ptrdiff_t step,
                      int32_t lanes, float factor, float *y, int32_t count);

/* ---- Moving pixels and channels
 * ------------------------------------------------------------------ */

/* Puts together pixels of `lanes` channels from anywhere: y[x·step + l] =
 * sources[l][x·source_step], or 0 where sources[l] is null. */
void atelier_gather(atelier_isa isa, const float *const *sources, ptrdiff_t source_step,
                    int32_t lanes, float *y, ptrdiff_t step, int32_t count);

/* Mixes pixels along a row: y[x] = sum over t of weights[x·taps + t] * input[positions[x·taps +
 * t]], for pixels of `lanes` channels. */
void atelier_resample(atelier_isa isa, const float *input, const int32_t *positions,
                      const float *weights, int32_t taps, int32_t lanes, float *y, int32_t count);

/* ---- Pixels
 * ------------------------------------------------------------------------------------------ */

/* Samples of one channel become numbers: y[i·y_step] = x[i·x_step] · factor + offset. */
void atelier_read_u8(const uint8_t *x, ptrdiff_t x_step, float factor, float offset, float *y,
                     ptrdiff_t y_step, size_t count);
void atelier_read_u16(const uint16_t *x, ptrdiff_t x_step, float factor, float offset, float *y,
                      ptrdiff_t y_step, size_t count);
void atelier_read_f32(const float *x, ptrdiff_t x_step, float factor, float offset, float *y,
                      ptrdiff_t y_step, size_t count);

/* Numbers become samples: x · factor + offset, limited to 0 … peak, integers rounded to the
 * nearest; what is no number becomes 0. */
void atelier_write_u8(const float *x, ptrdiff_t x_step, float factor, float offset, float peak,
                      uint8_t *y, ptrdiff_t y_step, size_t count);
void atelier_write_u16(const float *x, ptrdiff_t x_step, float factor, float offset, float peak,
                       uint16_t *y, ptrdiff_t y_step, size_t count);
void atelier_write_f32(const float *x, ptrdiff_t x_step, float factor, float offset, float peak,
                       float *y, ptrdiff_t y_step, size_t count);

/* ---- Element by element
 * ---------------------------------------------------------------------------- */

typedef enum {
    ATELIER_UNARY_RELU,
    ATELIER_UNARY_LEAKY_RELU, /* a: slope */
    ATELIER_UNARY_CLIP,       /* a: low, b: high */
    ATELIER_UNARY_SCALE,      /* a * x + b */
    ATELIER_UNARY_ABS,
    ATELIER_UNARY_SQRT,
    ATELIER_UNARY_RECIPROCAL,
    ATELIER_UNARY_EXP,
    ATELIER_UNARY_SIGMOID,
    ATELIER_UNARY_TANH,
    ATELIER_UNARY_LOG,
    ATELIER_UNARY_SOFTPLUS, /* log(1 + e^x) */
    ATELIER_UNARY_ELU,      /* x < 0 ? e^x - 1 : x */
    ATELIER_UNARY_SQUARE,
    ATELIER_UNARY_COUNT
} atelier_unary_function;

/* y[i] = function(x[i]); x and y may be the same. */
void atelier_unary(atelier_isa isa, atelier_unary_function function, float a, float b,
                   const float *x, float *y, size_t count);

/* dx[i] = gradient[i] · function'(x[i]). `value` holds the function's results for RELU, LEAKY_RELU
 * of no negative slope, SQRT, RECIPROCAL, EXP, SIGMOID, TANH and ELU, and x for the others (SCALE
 * has no such kernel). */
void atelier_unary_slope(atelier_isa isa, atelier_unary_function function, float a, float b,
                         const float *value, const float *gradient, float *dx, size_t count);

typedef enum {
    ATELIER_BINARY_ADD,
    ATELIER_BINARY_SUBTRACT,
    ATELIER_BINARY_MULTIPLY,
    ATELIER_BINARY_DIVIDE,
    ATELIER_BINARY_MINIMUM,
    ATELIER_BINARY_MAXIMUM,
    ATELIER_BINARY_SLOPE, /* a < 0 ? a * b : a */
    ATELIER_BINARY_COUNT
} atelier_binary_function;

/* How the second operand of a binary function lies beside the first. */
typedef enum {
    ATELIER_OPERAND_FULL,    /* an element for each element */
    ATELIER_OPERAND_CHANNEL, /* `lanes` elements, the same for every pixel */
    ATELIER_OPERAND_PIXEL    /* one element for each pixel, `step` floats apart */
} atelier_operand;

/* y[x][l] = function(a[x][l], b…) over `count` pixels of `lanes` channels; y may be a or b. */
void atelier_binary(atelier_isa isa, atelier_binary_function function, const float *a,
                    const float *b, atelier_operand operand, ptrdiff_t step, int32_t lanes,
                    float *y, size_t count);

/* y += factor · x */
void atelier_accumulate(atelier_isa isa, float factor, const float *x, float *y, size_t count);

/* y[x][l] = f(factors[l] · x[x][l] + bias[l]) over `count` pixels of one block of `lanes` channels;
 * `residual` is laid out as y, which may be x. */
void atelier_affine(atelier_isa isa, const float *x, const float *factors,
                    const atelier_ending *ending, const float *residual, int32_t lanes, float *y,
                    size_t count);

/* Adds, for each of `lanes` channels, the sum of x − shift and of its squares over `count` pixels
 * to `sums` and `squares`, in double precision. */
void atelier_moments(atelier_isa isa, const float *x, const float *shift, int32_t lanes,
                     size_t count, double *sums, double *squares);

/* ---- Runs of numbers ---- */

double atelier_sum(atelier_isa isa, const float *x, size_t count);
double atelier_dot(atelier_isa isa, const float *x, const float *y, size_t count);

/* The sum of (x − shift)². */
double atelier_spread(atelier_isa isa, const float *x, float shift, size_t count);

/* y = a · x + b · z + c; y may be x or z. */
void atelier_blend(atelier_isa isa, float a, const float *x, float b, const float *z, float c,
                   float *y, size_t count);

/* One step of Adam: g += decay · w, m and v follow g and g², w = keep · w − rate · m / (√v · scale
 * + epsilon). */
typedef struct {
    float beta1, beta2, rate, scale, epsilon, decay, keep;
} atelier_adam;

void atelier_adam_step(atelier_isa isa, const atelier_adam *a, const float *g, float *m, float *v,
                       float *w, size_t count);

/* ---- Sums over pixels ---- */

/* sums[r · sums_step + d] += sum over lines and pixels of a[line · a_line + p · a_step + r] ·
 * b[line · b_line + p · b_step + d], for r below rows and d below depth, a multiple of 16. */
typedef struct {
    const float *a, *b;
    ptrdiff_t a_step, a_line, b_step, b_line;
    int32_t lines, count, rows, depth;
    int32_t begins; /* whether the sums begin at zero instead of what is there */
    float *sums;
    ptrdiff_t sums_step;
} atelier_outer;

void atelier_outer_products(atelier_isa isa, const atelier_outer *c);

/* sums[r · sums_step + c] = sum over i below length of a[r · a_step + i] · b[c · b_step + i] */
typedef struct {
    const float *a, *b;
    ptrdiff_t a_step, b_step;
    int32_t rows, columns, length;
    float *sums;
    ptrdiff_t sums_step;
} atelier_row_products;

void atelier_multiply_rows(atelier_isa isa, const atelier_row_products *p);

/* Puts planes together to pixels of `depth` numbers, zeros behind the channels. */
void atelier_pixels_from_planes(atelier_isa isa, const float *planes, ptrdiff_t plane_stride,
                                int32_t channels, int32_t depth, float *pixels, int32_t count);

/* The way back. */
void atelier_planes_from_pixels(atelier_isa isa, const float *pixels, int32_t depth,
                                int32_t channels, float *planes, ptrdiff_t plane_stride,
                                int32_t count);

#endif
