/* assay/error.h: what went wrong, in the caller's own buffer. */
#ifndef ASSAY_ERROR_H
#define ASSAY_ERROR_H

#include "types.h"

/** [caller-owned] Filled by a function that returns anything but ASSAY_OK; otherwise untouched. */
typedef struct assay_error {
    uint64_t struct_size;
    uint64_t message_capacity; /**< bytes at `message`, the terminator included; may be 0 */
    char *message;             /**< UTF-8, terminated, cut to fit; may be null when capacity is 0 */
    int64_t row;               /**< the row at fault, or ASSAY_NO_ROW */
} assay_error;

ASSAY_STATIC_ASSERT(sizeof(assay_error) == 32, "assay_error is frozen at 32 bytes");

#endif
