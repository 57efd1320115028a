/* The Atelier plugin interface, major version 1.
 *
 * A plugin is a shared library that exports one function, atelier_plugin_v1. It describes the
 * operations that the library adds to the chain language. An operation's `build` is handed a lazy
 * image and returns a lazy image; what the pixels are is worked out later, when the host writes
 * the result, strip by strip and on several threads. A plugin never sees files, tiles or caches.
 *
 * Rules that hold everywhere:
 *
 *  - Every struct begins with `size`, which whoever fills it sets to sizeof that struct. Structs
 *    grow only at the end, and zero is the safe default of every field. A reader looks at a field
 *    only when `size` covers it.
 *  - A new ability is a new service with an id "name/revision". The host answers NULL for a
 *    service it lacks.
 *  - Strings are UTF-8, end with a zero byte, and belong to whoever passes them; the other side
 *    copies what it keeps. Strings and arrays inside an atelier_plugin live as long as the library.
 *  - Functions that can fail return ATELIER_OK or another status, and then have written a sentence
 *    into `error`. Nothing is thrown, aborted or printed across this border.
 *  - "[build thread]" marks functions that may be called only while `build` runs, on its thread.
 *    "[any thread]" marks those that may be called from everywhere at every time.
 *  - The library stays loaded until the process ends.
 *
 * This file and the files in ext/ are all that a plugin needs. They are C99 and C++17.
 */
#ifndef ATELIER_PLUGIN_H
#define ATELIER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATELIER_ABI_MAJOR 1
#define ATELIER_ABI_MINOR 0

#if defined(_WIN32)
#define ATELIER_EXPORT __declspec(dllexport)
#else
#define ATELIER_EXPORT __attribute__((visibility("default")))
#endif

/* ---- Status and errors ------------------------------------------------------------------- */

enum {
    ATELIER_OK = 0,
    ATELIER_FAILED = 1,      /* it could not be done; `error` says why */
    ATELIER_BAD_VALUE = 2,   /* a parameter has a value that this image or model cannot take */
    ATELIER_CANCELLED = 3,   /* the user wants to stop */
    ATELIER_UNSUPPORTED = 4, /* this host cannot do that */
    ATELIER_NO_MEMORY = 5
};

/* Where a failing function puts its message. The caller owns the struct and the buffer. */
typedef struct atelier_error {
    uint32_t size;
    uint32_t capacity; /* bytes in `message`, the zero at the end included */
    char *message;     /* one sentence: what was expected, what was found, and where */
} atelier_error;

/* ---- The host ---------------------------------------------------------------------------- */

typedef struct atelier_host atelier_host;
struct atelier_host {
    uint32_t size;
    uint32_t abi_minor;
    const char *name;    /* "atelier" */
    const char *version; /* of the host */

    /* [any thread] The table of functions behind an id such as "atelier.image/1", or NULL.
     * Tables belong to the host and live as long as the process. */
    const void *(*service)(const atelier_host *host, const char *id);

    void *context; /* the host's own */
};

/* ---- Parameters -------------------------------------------------------------------------- */

enum {
    ATELIER_BOOL = 1,   /* `integer`: 0 or 1; written yes or no */
    ATELIER_INT = 2,    /* `integer` */
    ATELIER_FLOAT = 3,  /* `number` */
    ATELIER_CHOICE = 4, /* `text`: one of `choices` */
    ATELIER_STRING = 5, /* `text` */
    ATELIER_COLOR = 6,  /* `numbers`: red, green, blue, alpha, each 0 to 1; written #rrggbb */
    ATELIER_IMAGE = 7,  /* `image`: a file or a named step's result; NULL when not given, or when
                           `text` is one of `choices`, words that may stand for an image */
    ATELIER_MODEL = 8,  /* `text`: a model's name, or the path of an ONNX file */
    ATELIER_SEED = 9    /* `integer`: what random numbers are drawn from */
};

/* One setting of an operation. The host checks a value against it before the plugin sees it, and
 * makes help and completion from it. */
typedef struct atelier_parameter {
    uint32_t size;
    uint32_t type;             /* ATELIER_BOOL … */
    const char *key;           /* lower case, words joined by "-" */
    const char *help;          /* one sentence */
    const char *unit;          /* "pixels", "degrees", …, or NULL */
    const char *default_value; /* as the user would write it; NULL: none */
    uint32_t required;         /* 1: the user must give a value */
    uint32_t has_range;        /* 1: minimum and maximum hold, both included */
    double minimum, maximum;
    const char *const *choices; /* for ATELIER_CHOICE, and for ATELIER_IMAGE if there are any */
    uint32_t choice_count;
} atelier_parameter;

typedef struct atelier_image atelier_image; /* lazy; counted by the host */

/* The value of one parameter. Only the field that belongs to its type means anything. */
typedef struct atelier_value {
    uint32_t size;
    uint32_t type;
    uint32_t is_set; /* 1: the user gave it; 0: the default, or nothing */
    int64_t integer;
    double number;
    const char *text;      /* borrowed: copy it to keep it after `build` */
    const double *numbers; /* borrowed, as `text` */
    uint32_t number_count;
    atelier_image *image; /* borrowed, as `text` */
} atelier_value;

/* The values of an operation's parameters, in the order in which it declares them. */
typedef struct atelier_values {
    uint32_t size;
    uint32_t count;
    const atelier_value *items;
} atelier_values;

/* ---- Operations and the plugin ----------------------------------------------------------- */

/* One operation of the chain language. */
typedef struct atelier_operation atelier_operation;
struct atelier_operation {
    uint32_t size;
    const char *name;    /* lower case, words joined by "-" */
    const char *summary; /* one sentence */
    const atelier_parameter *parameters;
    uint32_t parameter_count;

    /* [build thread] Joins lazy images; computes no pixels of its own, apart from small guides it
     * asks the host to render. `self` is this struct; `values` and `input` are borrowed. On success
     * `*result` holds one reference, which the host takes over; it may be `input`, retained. */
    int32_t (*build)(const atelier_host *host, const atelier_operation *self,
                     const atelier_values *values, atelier_image *input, atelier_image **result,
                     atelier_error *error);

    void *state; /* the plugin's own */
};

typedef struct atelier_plugin {
    uint32_t size;
    uint32_t abi_minor; /* ATELIER_ABI_MINOR of the header it was compiled with */
    const char *id;     /* reversed domain name, for example "org.example.vignette" */
    const char *version;
    const char *licence; /* SPDX expression */
    const atelier_operation *operations;
    uint32_t operation_count;
} atelier_plugin;

/* The plugin's only exported function, pure and cheap: it is called to list operations, without
 * any image at hand. Returns NULL when the host is too old for it. The name ends in the major
 * version of this interface: a library made for another major does not export this one. */
ATELIER_EXPORT const atelier_plugin *atelier_plugin_v1(const atelier_host *host);

#ifdef __cplusplus
}
#endif

#include "ext/image.h"
#include "ext/log.h"
#include "ext/network.h"
#include "ext/progress.h"

#endif
