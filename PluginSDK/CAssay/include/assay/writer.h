/* assay/writer.h: where a plugin puts bytes of its own. */
#ifndef ASSAY_WRITER_H
#define ASSAY_WRITER_H

#include "types.h"

/** [host-owned, valid during the call] */
typedef struct assay_writer {
    uint64_t struct_size;
    void *ctx;

    /** [the calling thread] Appends all of `bytes` or fails; there are no short writes. On failure
     * the plugin returns the status it got. */
    assay_status (*write)(void *ctx, assay_bytes bytes);
} assay_writer;

ASSAY_STATIC_ASSERT(sizeof(assay_writer) == 24, "assay_writer is frozen at 24 bytes in 1.0");

#endif
