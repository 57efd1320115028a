/* "atelier.progress/1": for plugins that work for a noticeable time inside `build`. The host itself
 * reports on everything that happens later. */
#ifndef ATELIER_EXT_PROGRESS_H
#define ATELIER_EXT_PROGRESS_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATELIER_PROGRESS_SERVICE "atelier.progress/1"

typedef struct atelier_progress_service {
    uint32_t size;

    /* [build thread] What is going on, in a few words, and how much of it is done, 0 to 1. */
    void (*report)(const atelier_host *host, const char *what, double fraction);

    /* [any thread] 1 once the user wants to stop: return ATELIER_CANCELLED soon. */
    int32_t (*cancelled)(const atelier_host *host);
} atelier_progress_service;

#ifdef __cplusplus
}
#endif

#endif
