/* "atelier.log/1": messages for the person at the terminal. */
#ifndef ATELIER_EXT_LOG_H
#define ATELIER_EXT_LOG_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATELIER_LOG_SERVICE "atelier.log/1"

enum { ATELIER_DEBUG = 0, ATELIER_INFO = 1, ATELIER_WARNING = 2 };

typedef struct atelier_log_service {
    uint32_t size;

    /* [any thread] One line without a line break at its end. The host shows warnings always, the
     * others when asked to be verbose. */
    void (*write)(const atelier_host *host, uint32_t level, const char *message);
} atelier_log_service;

#ifdef __cplusplus
}
#endif

#endif
