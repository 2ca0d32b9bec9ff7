/* assay/metric.h: one number about the dataset. */
#ifndef ASSAY_METRIC_H
#define ASSAY_METRIC_H

#include "types.h"

/** [plugin-owned, borrowed for the call of the sink] */
typedef struct assay_metric {
    uint64_t struct_size;
    assay_str name; /**< `strategy.name`; `strategy.score` is the strategy's verdict in 0...1 */
    assay_str unit; /**< `share`, `bits`, `nats`, `records`, `tokens`, ... */
    double value;   /**< finite */
    uint64_t n;     /**< how many records (or draws) it rests on */
    double low;     /**< 95 % interval; equal to `high` when there is none */
    double high;
    int32_t direction; /**< ASSAY_DIRECTION_... */
    int32_t flags;     /**< ASSAY_METRIC_... */
    assay_str help;    /**< one sentence: what it is and how to read it */
} assay_metric;

/** `low` and `high` are an interval. */
#define ASSAY_METRIC_HAS_INTERVAL 1

ASSAY_STATIC_ASSERT(sizeof(assay_metric) == 96, "assay_metric is frozen at 96 bytes in 1.0");

#endif
