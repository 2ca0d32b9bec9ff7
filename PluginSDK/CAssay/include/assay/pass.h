/* assay/pass.h: one pass over one shard. */
#ifndef ASSAY_PASS_H
#define ASSAY_PASS_H

#include "arrow.h"
#include "host.h"
#include "types.h"

/** [borrowed for the call] What a partial is begun for. */
typedef struct assay_pass {
    uint64_t struct_size;
    uint32_t pass;        /**< 0 for the first */
    int32_t role;         /**< ASSAY_ROLE_... of the rows to come */
    uint32_t shard;       /**< ascending over all roles; partials are merged in this order */
    uint32_t shard_count; /**< shards that are scanned in this pass; 0 in the first: rows still come */
    uint64_t seed;        /**< the run's; draw from a function of (seed, row) */
    assay_bytes broadcast; /**< what `end_pass` of the pass before wrote; empty in pass 0 */
    const assay_host *host;
    const struct ArrowSchema *schema; /**< columns of the batches to come */
} assay_pass;

ASSAY_STATIC_ASSERT(sizeof(assay_pass) == 64, "assay_pass is frozen at 64 bytes in 1.0");

#endif
