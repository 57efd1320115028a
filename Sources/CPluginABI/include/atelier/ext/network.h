/* "atelier.network/1": neural networks from ONNX files. */
#ifndef ATELIER_EXT_NETWORK_H
#define ATELIER_EXT_NETWORK_H

#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATELIER_NETWORK_SERVICE "atelier.network/1"

typedef struct atelier_network atelier_network; /* counted by the host; may be shared by threads */

/* How pixels become the numbers that a network reads, and back. */
enum {
    ATELIER_RANGE_AUTO = 0,  /* as the model's card says, else as a test run suggests */
    ATELIER_RANGE_UNIT = 1,  /* 0 … 1 */
    ATELIER_RANGE_BYTE = 2,  /* 0 … 255 */
    ATELIER_RANGE_SIGNED = 3 /* −1 … 1 */
};

/* The order of the colours in a network's channels. */
enum { ATELIER_CHANNELS_AUTO = 0, ATELIER_CHANNELS_RGB = 1, ATELIER_CHANNELS_BGR = 2 };

typedef struct atelier_network_options {
    uint32_t size;
    const char *task; /* what the network must be for, as model cards say it; NULL: anything */
    uint32_t range, channels;
    double scale; /* wanted magnification, to choose among models; 0: any */
    const char *network; /* one of those that the model's card names, such as "b-to-a"; NULL: the
                            model itself */
} atelier_network_options;

typedef struct atelier_network_info {
    uint32_t size;
    const char *name; /* lives as long as the network */
    uint32_t input_channels, output_channels; /* 0: no image; such a network can only be run */
    int32_t scale_numerator, scale_denominator; /* output side per input side */
    int32_t lost_border;      /* input pixels at every side that have no output */
    int32_t halo;             /* input pixels beyond its own place that an output pixel sees */
    uint32_t sees_everything; /* 1: every output pixel depends on the whole image */
    uint32_t range, channels; /* as found: never AUTO */
    int32_t alignment;        /* the network takes sides that are multiples of this; the host fills
                                 others up */
    int32_t whole_side;       /* longer side of the images it learned to see as a whole; 0: unknown */
    uint32_t further_inputs;  /* inputs beside the image that have no value yet */
    const char *further_networks; /* those that the model's card names, with commas between them */
} atelier_network_info;

/* A dense float32 array, last axis fastest. */
typedef struct atelier_tensor {
    uint32_t size;
    uint32_t rank;
    const int64_t *shape;
    const float *values;
    const char *name; /* of the network's input or output; NULL as an input: by position */
} atelier_tensor;

/* An input beside the image: a label, a style, noise. What is pointed to lives as long as the
 * network. */
typedef struct atelier_network_input {
    uint32_t size;
    uint32_t rank;
    const char *name;
    const int64_t *shape;       /* 1 where a side is open */
    const char *const *entries; /* what its numbers stand for, where the model's card says that */
    uint32_t entry_count;
} atelier_network_input;

/* How a network's nodes that look at the whole image find what they look for. */
typedef struct atelier_observation {
    uint32_t size;
    uint32_t exact;      /* 1: in the whole image, by one pass over it for each such node */
    int32_t longer_side; /* of the reduced image that is looked at otherwise; 0: the host's choice */
} atelier_observation;

typedef struct atelier_network_service {
    uint32_t size;

    /* [any thread] As for images. */
    void (*retain)(atelier_network *network);
    void (*release)(atelier_network *network);

    /* [build thread] A model by name, or an ONNX file by path. An empty name means the best model
     * for options->task. `options` may be NULL. */
    int32_t (*load)(const atelier_host *host, const char *model,
                    const atelier_network_options *options, atelier_network **result,
                    atelier_error *error);

    /* [any thread] The caller sets info->size. */
    int32_t (*describe)(const atelier_host *host, atelier_network *network,
                        atelier_network_info *info, atelier_error *error);

    /* [build thread] The network on an image of any size, as a node: exact, without seams. Alpha
     * must have been split off. A grey image goes through a colour network as equal channels and
     * comes back grey from one that keeps its channel count (super-resolution), as colour from one
     * whose task changes colours. Sample type and range of the result are those of the input. */
    int32_t (*apply)(const atelier_host *host, atelier_network *network, atelier_image *image,
                     atelier_image **result, atelier_error *error);

    /* [build thread] The network once, on plain arrays. Each output is handed to `receive` in
     * order; its memory lives only during that call. */
    int32_t (*run)(const atelier_host *host, atelier_network *network, const atelier_tensor *inputs,
                   uint32_t input_count, void *context,
                   int32_t (*receive)(void *context, uint32_t index, const atelier_tensor *output),
                   atelier_error *error);

    /* [build thread] The network with what its nodes that look at the whole image (instance
     * normalization, global pooling) find in `image`: it then looks at a neighbourhood of each pixel
     * and can be applied to images of any size. The image is looked at once, before the first pixel
     * of the chain is computed. A network without such nodes is returned as it is. `how` may be
     * NULL. */
    int32_t (*observe)(const atelier_host *host, atelier_network *network, atelier_image *image,
                       const atelier_observation *how, atelier_network **result,
                       atelier_error *error);

    /* [build thread] As `apply`, for networks that take a mask beside the picture (inpainting): one
     * band of the image's size, from black to white, whatever the network calls 0 and 1. The
     * result means nothing where the mask is black: lay it over the image by the same mask. Of the
     * rest, parts near which pixels are asked for are computed, with the surroundings that they need.
     * Networks that see the whole image are refused. */
    int32_t (*apply_masked)(const atelier_host *host, atelier_network *network,
                            atelier_image *image, atelier_image *mask, atelier_image **result,
                            atelier_error *error);

    /* [any thread] The input number `index` of those beside the image that have no value yet. The
     * caller sets input->size. */
    int32_t (*input)(const atelier_host *host, atelier_network *network, uint32_t index,
                     atelier_network_input *input, atelier_error *error);

    /* [build thread] The network with values for inputs beside the image, by name. Only one whose
     * inputs all have a value can be applied to images. */
    int32_t (*bind)(const atelier_host *host, atelier_network *network,
                    const atelier_tensor *values, uint32_t count, atelier_network **result,
                    atelier_error *error);
} atelier_network_service;

#ifdef __cplusplus
}
#endif

#endif
