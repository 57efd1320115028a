/* "atelier.image/1": lazy images. */
#ifndef ATELIER_EXT_IMAGE_H
#define ATELIER_EXT_IMAGE_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATELIER_IMAGE_SERVICE "atelier.image/1"

/* The type of one sample. The host converts every other type that a file may hold to
 * ATELIER_F32 before a plugin sees the image. */
enum {
    ATELIER_U8 = 1,  /* 0 … 255 */
    ATELIER_U16 = 2, /* 0 … 65535 */
    ATELIER_F32 = 3  /* whatever the file holds; 0 … 1 where it is a photo in linear light */
};

/* What the bands mean. */
enum {
    ATELIER_SPACE_OTHER = 0,
    ATELIER_SPACE_GREY = 1,  /* one band, gamma-encoded */
    ATELIER_SPACE_RGB = 2,   /* three bands, gamma-encoded, sRGB or the attached profile */
    ATELIER_SPACE_LINEAR = 3 /* three bands in linear light with the primaries of sRGB */
};

typedef struct atelier_image_info {
    uint32_t size;
    int32_t width, height; /* pixels */
    uint32_t bands;        /* alpha included */
    uint32_t format;       /* ATELIER_U8 … */
    uint32_t space;        /* ATELIER_SPACE_… */
    uint32_t has_alpha;    /* 1: the last band is alpha */
    double peak;           /* the value of white: 255, 65535, or 1 */
} atelier_image_info;

/* A rectangle of pixels in memory: bands interleaved, rows `stride` bytes apart. */
typedef struct atelier_region {
    uint32_t size;
    int32_t left, top, width, height; /* where it lies in its image; pixels */
    uint32_t bands, format;
    size_t stride; /* bytes */
    void *pixels;
} atelier_region;

/* A named argument of a libvips operation. The field that belongs to `type` holds the value. */
typedef struct atelier_argument {
    uint32_t size;
    uint32_t type; /* ATELIER_BOOL, _INT, _FLOAT, _STRING (enumerations by nickname), _IMAGE, _ARRAY
                      (numbers) or _IMAGES */
    const char *name;
    int64_t integer;
    double number;
    const char *text;
    const double *numbers;
    uint32_t number_count;
    atelier_image *image;
    atelier_image *const *images;
    uint32_t image_count;
} atelier_argument;

enum { ATELIER_ARRAY = 100, ATELIER_IMAGES = 101 };

/* A node whose pixels the plugin computes. */
typedef struct atelier_map {
    uint32_t size;
    int32_t width, height; /* of the result; pixels */
    uint32_t bands, format, space;

    /* Result pixel x needs input pixels floor(x·n/d) − halo … ceil((x+1)·n/d) − 1 + halo, where
     * n/d is scale_numerator/scale_denominator; both axes alike. 0/0 means 1/1. */
    int32_t halo, scale_numerator, scale_denominator;

    void *state;

    /* [worker threads, several at once] Fills one region of the result from one region of every
     * input. An input region covers all that the result region needs; where that lies outside the
     * image, the nearest edge pixel is repeated (so left and top may be negative). Must depend on
     * nothing but its arguments and must not call the host, except for its log. */
    int32_t (*compute)(void *state, const atelier_region *inputs, uint32_t input_count,
                       const atelier_region *result, atelier_error *error);

    /* [any thread] Called once, when the node is gone; may be NULL. Also called when making the
     * node failed. */
    void (*release)(void *state);
} atelier_map;

/* A part of a mask that hangs together: its box, and how large it is. */
typedef struct atelier_mask_region {
    uint32_t size;
    int32_t left, top, width, height; /* pixels */
    int32_t thickness;                /* side of the largest square inside; pixels */
    double area;                      /* pixels */
} atelier_mask_region;

typedef struct atelier_image_service {
    uint32_t size;

    /* [any thread] Images are counted: whoever gets one from a function of this table owns one
     * reference and gives it back with `release`. */
    void (*retain)(atelier_image *image);
    void (*release)(atelier_image *image);

    /* [build thread] The caller sets info->size. */
    int32_t (*info)(const atelier_host *host, atelier_image *image, atelier_image_info *info,
                    atelier_error *error);

    /* [build thread] Any libvips operation that gives an image, by its nickname ("resize",
     * "gaussblur", …). Arguments go by libvips's own names; `*result` is its first output image. */
    int32_t (*operation)(const atelier_host *host, const char *name,
                         const atelier_argument *arguments, uint32_t argument_count,
                         atelier_image **result, atelier_error *error);

    /* [build thread] A node of the plugin's own, with the inputs it reads. */
    int32_t (*map)(const atelier_host *host, const atelier_map *map, atelier_image *const *inputs,
                   uint32_t input_count, atelier_image **result, atelier_error *error);

    /* [build thread] Computes the whole image now, resized to region->width × region->height, into
     * the caller's memory, converted to region->format; left and top are not read. Meant for small
     * guides: the steps before this one are computed an extra time, but for those with networks,
     * whose results are kept in a scratch file. While a chain is only planned these are black. */
    int32_t (*render)(const atelier_host *host, atelier_image *image, const atelier_region *region,
                      atelier_error *error);

    /* [build thread] An image from a copy of the caller's pixels. */
    int32_t (*from_buffer)(const atelier_host *host, const atelier_region *region, uint32_t space,
                           atelier_image **result, atelier_error *error);

    /* [build thread] Finds the connected regions of a mask: pixels of more than half of white that
     * touch at a side or a corner. The mask has one band; all of it is computed now, row by row.
     * Each region is handed to `receive`, by its first row; its memory lives only during that
     * call. */
    int32_t (*regions)(const atelier_host *host, atelier_image *mask, void *context,
                       int32_t (*receive)(void *context, const atelier_mask_region *region),
                       atelier_error *error);

    /* [build thread] A node: `over` laid over `image` where the mask is white, mixed with it where
     * the mask is grey. All have one size; `over` has as many bands as `image`, the mask has one.
     * Where the mask is black, pixels stay bit for bit, and `over` is not computed. */
    int32_t (*composite)(const atelier_host *host, atelier_image *image, atelier_image *over,
                         atelier_image *mask, atelier_image **result, atelier_error *error);
} atelier_image_service;

#ifdef __cplusplus
}
#endif

#endif
