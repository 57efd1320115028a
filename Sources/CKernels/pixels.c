#include "ckernels.h"

/* y[x · y_step] = x[x · x_step] · factor + offset */
#define READ(name, type)                                                                           \
    void atelier_read_##name(const type *x, ptrdiff_t x_step, float factor, float offset,          \
                             float *y, ptrdiff_t y_step, size_t count) {                           \
        for (size_t i = 0; i < count; i++)                                                         \
            y[(ptrdiff_t)i * y_step] = (float)x[(ptrdiff_t)i * x_step] * factor + offset;          \
    }
READ(u8, uint8_t)
READ(u16, uint16_t)
READ(f32, float)

/* The same the other way, limited to 0 … peak; NaN becomes 0. */
#define WRITE(name, type, rounding)                                                                \
    void atelier_write_##name(const float *x, ptrdiff_t x_step, float factor, float offset,        \
                              float peak, type *y, ptrdiff_t y_step, size_t count) {               \
        for (size_t i = 0; i < count; i++) {                                                       \
            float value = x[(ptrdiff_t)i * x_step] * factor + offset;                              \
            value = value > 0 ? value : 0;                                                         \
            value = value < peak ? value : peak;                                                   \
            y[(ptrdiff_t)i * y_step] = (type)(value + rounding);                                   \
        }                                                                                          \
    }
WRITE(u8, uint8_t, 0.5f)
WRITE(u16, uint16_t, 0.5f)
WRITE(f32, float, 0)
