/* assay/finding.h: a statement about a row, a group of rows, or the dataset. */
#ifndef ASSAY_FINDING_H
#define ASSAY_FINDING_H

#include "types.h"

/** [plugin-owned, borrowed for the call of the sink] */
typedef struct assay_finding {
    uint64_t struct_size;
    int32_t severity; /**< ASSAY_SEVERITY_... */
    int32_t role;     /**< of `row` */
    int64_t row;      /**< within `role`, or ASSAY_NO_ROW for the dataset */
    uint64_t group;   /**< equal for rows that belong together; 0 for none */
    assay_str code;   /**< one the manifest declares, such as `NSE001` */
    assay_str column; /**< the column the span is in; may be empty */
    uint64_t span_begin; /**< bytes into the column's text */
    uint64_t span_end;   /**< equal to span_begin for no span */
    double score;        /**< 0 to 1, higher is worse */
    assay_str message;   /**< one line, lower case, no full stop */
    assay_str evidence_json; /**< a JSON object, or empty */
} assay_finding;

ASSAY_STATIC_ASSERT(sizeof(assay_finding) == 120, "assay_finding is frozen at 120 bytes in 1.0");

#endif
