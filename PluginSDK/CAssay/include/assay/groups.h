/* assay/groups.h: the extension `assay.groups/1`.
 *
 * State that grows with rows does not belong in partials. `scan` emits (key, row, payload); after
 * the scans of a pass the host brings equal keys together and calls `group` once a key, keys in
 * ascending byte order cut into contiguous runs, each run on a partial of its own, runs in
 * parallel. The runs' partials are merged after the scans' partials. */
#ifndef ASSAY_GROUPS_H
#define ASSAY_GROUPS_H

#include "error.h"
#include "sink.h"
#include "types.h"

#define ASSAY_GROUPS_ID "assay.groups/1"

/** [host-owned, borrowed] One emitted row. Frozen for revision 1. */
typedef struct assay_member {
    int32_t role;
    int32_t reserved;
    uint64_t row;
    assay_bytes payload;
} assay_member;

ASSAY_STATIC_ASSERT(sizeof(assay_member) == 32, "assay_member is frozen at 32 bytes");

/** [host-owned] What `assay_host.get_extension(ASSAY_GROUPS_ID)` returns. */
typedef struct assay_group_emitter {
    uint64_t struct_size;

    /** [during `scan`, on its thread] `sink` is the one given to `scan`. Key and payload are
     * copied. */
    assay_status (*emit)(const assay_sink *sink, assay_bytes key, uint64_t row,
                         assay_bytes payload);
} assay_group_emitter;

ASSAY_STATIC_ASSERT(sizeof(assay_group_emitter) == 16, "assay_group_emitter is frozen at 16 bytes");

/** [plugin-owned, static] What `assay_analyzer.get_extension(ASSAY_GROUPS_ID)` returns. */
typedef struct assay_grouping {
    uint64_t struct_size;

    /** [one thread at a time per partial] All rows that were emitted with `key`, by role, then
     * row. Keys with a single member are given too. */
    assay_status (*group)(void *partial, assay_bytes key, const assay_member *members,
                          uint64_t member_count, const assay_sink *sink, assay_error *error);
} assay_grouping;

ASSAY_STATIC_ASSERT(sizeof(assay_grouping) == 16, "assay_grouping is frozen at 16 bytes");

#endif
