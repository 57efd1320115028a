/* A plugin in plain C: darkens a photo toward its corners, and mixes a photo with another.
 *
 * Built with nothing but the header:
 *
 *     cc -shared -fPIC -I Sources/CPluginABI/include vignette.c -o vignette.so -lm
 */
#include <atelier/plugin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- vignette: a node of its own ------------------------------------------------------------ */

typedef struct {
    double amount, centre_x, centre_y, radius, peak;
    uint32_t bands, colours;
} vignette;

static double read_sample(const atelier_region *r, const unsigned char *row, size_t i) {
    return r->format == ATELIER_U8    ? row[i]
           : r->format == ATELIER_U16 ? ((const uint16_t *)row)[i]
                                      : ((const float *)row)[i];
}

static void write_sample(const atelier_region *r, unsigned char *row, size_t i, double v) {
    if (r->format == ATELIER_U8) row[i] = (unsigned char)(v + 0.5);
    else if (r->format == ATELIER_U16) ((uint16_t *)row)[i] = (uint16_t)(v + 0.5);
    else ((float *)row)[i] = (float)v;
}

static int32_t darken(void *state, const atelier_region *inputs, uint32_t count,
                      const atelier_region *out, atelier_error *error) {
    const vignette *v = state;
    (void)count, (void)error;
    for (int32_t y = 0; y < out->height; y++) {
        const unsigned char *from = (const unsigned char *)inputs[0].pixels + y * inputs[0].stride;
        unsigned char *to = (unsigned char *)out->pixels + y * out->stride;
        for (int32_t x = 0; x < out->width; x++) {
            double dx = (out->left + x - v->centre_x) / v->radius;
            double dy = (out->top + y - v->centre_y) / v->radius;
            double gain = 1 - v->amount * (dx * dx + dy * dy);
            for (uint32_t b = 0; b < v->bands; b++) {
                size_t i = (size_t)x * v->bands + b;
                double sample = read_sample(&inputs[0], from, i);
                write_sample(out, to, i, b < v->colours ? sample * gain : sample);
            }
        }
    }
    return ATELIER_OK;
}

static int32_t build_vignette(const atelier_host *host, const atelier_operation *self,
                              const atelier_values *values, atelier_image *input,
                              atelier_image **result, atelier_error *error) {
    const atelier_image_service *images = host->service(host, ATELIER_IMAGE_SERVICE);
    atelier_image_info info = {.size = sizeof info};
    (void)self;
    if (!images) return ATELIER_UNSUPPORTED;
    int32_t status = images->info(host, input, &info, error);
    if (status) return status;
    vignette *v = malloc(sizeof *v);
    v->amount = values->items[0].number;
    v->centre_x = (info.width - 1) / 2.0;
    v->centre_y = (info.height - 1) / 2.0;
    v->radius = sqrt(v->centre_x * v->centre_x + v->centre_y * v->centre_y) + 1e-9;
    v->bands = info.bands;
    v->colours = info.bands - info.has_alpha;
    atelier_map map = {.size = sizeof map, .width = info.width, .height = info.height,
                       .bands = info.bands, .format = info.format, .space = info.space,
                       .state = v, .compute = darken, .release = free};
    return images->map(host, &map, &input, 1, result, error);
}

/* ---- mix: libvips operations, and a second image as a parameter ------------------------------ */

static int32_t build_mix(const atelier_host *host, const atelier_operation *self,
                         const atelier_values *values, atelier_image *input,
                         atelier_image **result, atelier_error *error) {
    const atelier_image_service *images = host->service(host, ATELIER_IMAGE_SERVICE);
    (void)self;
    if (!images) return ATELIER_UNSUPPORTED;
    atelier_argument add[] = {
        {.size = sizeof *add, .type = ATELIER_IMAGE, .name = "left", .image = input},
        {.size = sizeof *add, .type = ATELIER_IMAGE, .name = "right", .image = values->items[0].image},
    };
    double half = 0.5, zero = 0;
    atelier_image *sum = NULL, *mean = NULL;
    int32_t status = images->operation(host, "add", add, 2, &sum, error);
    if (status) return status;
    atelier_argument scale[] = {
        {.size = sizeof *scale, .type = ATELIER_IMAGE, .name = "in", .image = sum},
        {.size = sizeof *scale, .type = ATELIER_ARRAY, .name = "a", .numbers = &half, .number_count = 1},
        {.size = sizeof *scale, .type = ATELIER_ARRAY, .name = "b", .numbers = &zero, .number_count = 1},
        {.size = sizeof *scale, .type = ATELIER_BOOL, .name = "uchar", .integer = 1},
    };
    status = images->operation(host, "linear", scale, 4, &mean, error);
    images->release(sum);
    *result = mean;
    return status;
}

/* ---- what the host is told --------------------------------------------------------------------- */

static const atelier_parameter vignette_parameters[] = {
    {.size = sizeof(atelier_parameter), .type = ATELIER_FLOAT, .key = "amount",
     .help = "How dark the corners become.", .default_value = "0.5", .has_range = 1, .maximum = 1}};

static const atelier_parameter mix_parameters[] = {
    {.size = sizeof(atelier_parameter), .type = ATELIER_IMAGE, .key = "with",
     .help = "The other picture, of the same size.", .required = 1}};

static const atelier_operation operations[] = {
    {.size = sizeof(atelier_operation), .name = "vignette",
     .summary = "Darkens a photo toward its corners.", .parameters = vignette_parameters,
     .parameter_count = 1, .build = build_vignette},
    {.size = sizeof(atelier_operation), .name = "mix",
     .summary = "The mean of two pictures.", .parameters = mix_parameters, .parameter_count = 1,
     .build = build_mix}};

static const atelier_plugin plugin = {
    .size = sizeof plugin, .abi_minor = ATELIER_ABI_MINOR, .id = "org.example.vignette",
    .version = "1.0", .licence = "MIT", .operations = operations, .operation_count = 2};

const atelier_plugin *atelier_plugin_v1(const atelier_host *host) {
    (void)host;
    return &plugin;
}
