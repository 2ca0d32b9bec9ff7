/* assay/batch.h: rows to look at. */
#ifndef ASSAY_BATCH_H
#define ASSAY_BATCH_H

#include "arrow.h"
#include "types.h"

/** [borrowed for the call] Consecutive rows of one role in the input profile. */
typedef struct assay_batch {
    uint64_t struct_size;
    uint64_t first_row; /**< number of the first row within its role */
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
} assay_batch;

ASSAY_STATIC_ASSERT(sizeof(assay_batch) == 32, "assay_batch is frozen at 32 bytes in 1.0");

#endif
