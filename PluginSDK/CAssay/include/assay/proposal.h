/* assay/proposal.h: what should be done about a row. Data, never an effect. */
#ifndef ASSAY_PROPOSAL_H
#define ASSAY_PROPOSAL_H

#include "types.h"

/** [plugin-owned, borrowed for the call of the sink] */
typedef struct assay_proposal {
    uint64_t struct_size;
    int32_t action; /**< ASSAY_ACTION_... */
    int32_t role;   /**< of `row` */
    int64_t row;    /**< within `role`, or ASSAY_NO_ROW */
    uint64_t group; /**< of a drop of a copy: 1 + the row that stays for it; of augment and keep: the cell, one number
                        * in both and in the finding; else as in the finding it follows from */
    assay_str code; /**< the finding's code */
    double confidence; /**< 0 to 1 */
    double number;     /**< weight, copies, count or quota, by action; else 0 */
    assay_str column;  /**< what a repair changes */
    assay_str text;    /**< the repaired text, the new label, or a description */
} assay_proposal;

ASSAY_STATIC_ASSERT(sizeof(assay_proposal) == 96, "assay_proposal is frozen at 96 bytes in 1.0");

#endif
