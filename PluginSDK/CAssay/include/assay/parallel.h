/* assay/parallel.h: the extension `assay.parallel/1`.
 *
 * Plugins start no threads of their own; work inside one call is shared out by the host. */
#ifndef ASSAY_PARALLEL_H
#define ASSAY_PARALLEL_H

#include "types.h"

#define ASSAY_PARALLEL_ID "assay.parallel/1"

/** [host-owned, lives as long as the host struct] What
 * `assay_host.get_extension(ASSAY_PARALLEL_ID)` returns. */
typedef struct assay_parallel {
    uint64_t struct_size;
    void *ctx;
    uint32_t threads; /**< at most so many calls of `body` run at once, at least 1 */
    uint32_t reserved;

    /** [any thread, one call at a time per library] Calls `body(body_ctx, index)` once for every
     * index below `count`, on threads of the host, and returns when all have returned. What `body`
     * writes must be its own: nothing may depend on which thread did what. */
    assay_status (*for_each)(void *ctx, uint64_t count,
                             void (*body)(void *body_ctx, uint64_t index), void *body_ctx);
} assay_parallel;

ASSAY_STATIC_ASSERT(sizeof(assay_parallel) == 32, "assay_parallel is frozen at 32 bytes");

#endif
