/* assay/sink.h: where results go. */
#ifndef ASSAY_SINK_H
#define ASSAY_SINK_H

#include "finding.h"
#include "metric.h"
#include "proposal.h"
#include "section.h"
#include "types.h"

/** [host-owned, valid during the call it was given to, used on that call's thread]
 *
 * Everything is copied before the function returns. A sink does not fail because of volume: beyond
 * a cap the host counts and marks the table truncated. On failure return the status you got. */
typedef struct assay_sink {
    uint64_t struct_size;
    void *ctx;

    /** [during the call it was given to] A statement about a row, a group or the dataset. Copied. */
    assay_status (*finding)(void *ctx, const assay_finding *finding);
    /** [during the call it was given to] An action for a row. Copied. */
    assay_status (*proposal)(void *ctx, const assay_proposal *proposal);

    /** [during the call it was given to] One score a row for `count` consecutive rows of `role`, 0 to 1, higher is worse. `name` is
     * the finding's kebab-case name with underscores, without the strategy: `label_error`. */
    assay_status (*scores)(void *ctx, assay_str name, int32_t role, uint64_t first_row,
                           const double *values, uint64_t count);

    /** [during `finish`] One number about the dataset. Copied. */
    assay_status (*metric)(void *ctx, const assay_metric *metric);
    /** [during `finish`] A piece of report. Copied. */
    assay_status (*section)(void *ctx, const assay_section *section);
} assay_sink;

ASSAY_STATIC_ASSERT(sizeof(assay_sink) == 56, "assay_sink is frozen at 56 bytes in 1.0");

#endif
