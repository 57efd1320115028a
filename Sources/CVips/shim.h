#pragma once
#include <vips/vips.h>

/* What Swift cannot import of libvips and GObject: macros that cast or name types, and functions
 * with a variable number of arguments. Nothing here decides anything. */

static inline int atelier_vips_start(const char *name) { return VIPS_INIT(name); }

static inline GType atelier_vips_type_operation(void) { return VIPS_TYPE_OPERATION; }
static inline GType atelier_vips_type_image(void) { return VIPS_TYPE_IMAGE; }
static inline GType atelier_vips_type_blob(void) { return VIPS_TYPE_BLOB; }
static inline GType atelier_vips_type_source(void) { return VIPS_TYPE_SOURCE; }
static inline GType atelier_vips_type_target(void) { return VIPS_TYPE_TARGET; }
static inline GType atelier_vips_type_interpolate(void) { return VIPS_TYPE_INTERPOLATE; }
static inline GType atelier_vips_type_array_image(void) { return VIPS_TYPE_ARRAY_IMAGE; }
static inline GType atelier_vips_type_array_double(void) { return VIPS_TYPE_ARRAY_DOUBLE; }
static inline GType atelier_vips_type_array_int(void) { return VIPS_TYPE_ARRAY_INT; }

static inline VipsObject *atelier_vips_object(void *p) { return VIPS_OBJECT(p); }
static inline VipsObjectClass *atelier_vips_object_class(gpointer p) {
    return (VipsObjectClass *)p;
}
static inline VipsObjectClass *atelier_vips_class_of(void *p) { return VIPS_OBJECT_GET_CLASS(p); }
static inline GObject *atelier_g_object(void *p) { return G_OBJECT(p); }

static inline GType atelier_g_value_type(const GValue *v) { return G_VALUE_TYPE(v); }
static inline GType atelier_g_param_type(const GParamSpec *p) { return G_PARAM_SPEC_VALUE_TYPE(p); }
static inline GType atelier_g_fundamental(GType t) { return G_TYPE_FUNDAMENTAL(t); }
static inline int atelier_g_is_abstract(GType t) { return G_TYPE_IS_ABSTRACT(t) != 0; }

enum {
    ATELIER_G_BOOLEAN = G_TYPE_BOOLEAN,
    ATELIER_G_INT = G_TYPE_INT,
    ATELIER_G_UINT64 = G_TYPE_UINT64,
    ATELIER_G_DOUBLE = G_TYPE_DOUBLE,
    ATELIER_G_STRING = G_TYPE_STRING,
    ATELIER_G_ENUM = G_TYPE_ENUM,
    ATELIER_G_FLAGS = G_TYPE_FLAGS
};

static inline const GParamSpecBoolean *atelier_g_spec_boolean(const GParamSpec *p) {
    return G_PARAM_SPEC_BOOLEAN(p);
}
static inline const GParamSpecInt *atelier_g_spec_int(const GParamSpec *p) {
    return G_PARAM_SPEC_INT(p);
}
static inline const GParamSpecDouble *atelier_g_spec_double(const GParamSpec *p) {
    return G_PARAM_SPEC_DOUBLE(p);
}
static inline const GParamSpecEnum *atelier_g_spec_enum(const GParamSpec *p) {
    return G_PARAM_SPEC_ENUM(p);
}
static inline const GParamSpecString *atelier_g_spec_string(const GParamSpec *p) {
    return G_PARAM_SPEC_STRING(p);
}

static inline VipsImage *atelier_vips_open(const char *path, int sequential) {
    return vips_image_new_from_file(path, "access",
                                    sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM,
                                    "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
}
static inline VipsImage *atelier_vips_open_source(VipsSource *source, int sequential) {
    return vips_image_new_from_source(source, "", "access",
                                      sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM,
                                      "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
}
static inline int atelier_vips_write(VipsImage *image, const char *path) {
    return vips_image_write_to_file(image, path, NULL);
}
static inline int atelier_vips_write_target(VipsImage *image, const char *suffix,
                                            VipsTarget *target) {
    return vips_image_write_to_target(image, suffix, target, NULL);
}
static inline void atelier_vips_error(const char *domain, const char *message) {
    vips_error(domain, "%s", message);
}

static inline void *atelier_vips_region_address(VipsRegion *region, int x, int y) {
    return VIPS_REGION_ADDR(region, x, y);
}
static inline size_t atelier_vips_region_line(VipsRegion *region) {
    return VIPS_REGION_LSKIP(region);
}
static inline size_t atelier_vips_pixel_bytes(VipsImage *image) {
    return VIPS_IMAGE_SIZEOF_PEL(image);
}
