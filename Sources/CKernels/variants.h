/* How one source becomes a variant for each instruction set.
 *
 * A kernel's body is written once, over vectors of 16 floats that the compiler cuts to the size of
 * the processor's registers, and included by variants.inc once for each instruction set:
 *
 *     #define ATELIER_BODY "convolution.inc"
 *     #include "variants.inc"
 *
 * Inside, NAME(f) is the variant's own name of f, and REGISTERS the number of vectors of 16 floats
 * that its registers hold. Processors of other makes get the plain variant, for which the compiler
 * uses their own vectors (NEON on ARM).
 */
#ifndef ATELIER_VARIANTS_H
#define ATELIER_VARIANTS_H

#include "ckernels.h"

#define INLINE static inline __attribute__((always_inline))

/* Sixteen floats; loads and stores need no alignment. */
typedef float vector __attribute__((vector_size(64), aligned(4)));
typedef float quad __attribute__((vector_size(16), aligned(4)));
typedef int32_t mask __attribute__((vector_size(64), aligned(4)));

#endif
