/* assay/types.h: the scalar vocabulary of the boundary.
 *
 * At the boundary there are fixed-width integers, doubles, pointers, assay_str and assay_bytes by
 * value, and nothing else: no enum, bool, long, size_t, bit-field, union, variadic or exception. */
#ifndef ASSAY_TYPES_H
#define ASSAY_TYPES_H

#include <stdint.h>

#ifdef __cplusplus
#define ASSAY_EXTERN_C extern "C"
#define ASSAY_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define ASSAY_EXTERN_C extern
#define ASSAY_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/** Marks the one symbol that a plugin exports. */
#define ASSAY_EXPORT ASSAY_EXTERN_C __attribute__((visibility("default")))

/** The ABI these headers describe. Major is part of the symbol name, minor only grows. */
#define ASSAY_ABI_MAJOR 1
#define ASSAY_ABI_MINOR 0

/** UTF-8 text, not terminated. `ptr` may be null when `len` is 0. Borrowed for the call. */
typedef struct assay_str {
    const char *ptr;
    uint64_t len; /**< bytes */
} assay_str;

/** Any bytes. `ptr` may be null when `len` is 0. Borrowed for the call. */
typedef struct assay_bytes {
    const uint8_t *ptr;
    uint64_t len; /**< bytes */
} assay_bytes;

/** What a function says of itself: 0 is success, everything else is one of ASSAY_E... */
typedef int32_t assay_status;
#define ASSAY_OK 0
#define ASSAY_E_INVALID_CONFIG 1
#define ASSAY_E_UNSUPPORTED 2
#define ASSAY_E_BAD_INPUT 3
#define ASSAY_E_BAD_STATE 4
#define ASSAY_E_CANCELLED 5
#define ASSAY_E_RESOURCE 6
#define ASSAY_E_IO 7
#define ASSAY_E_INTERNAL 8

/** What a dataset is in this run. Rows are numbered from 0 within each role. */
#define ASSAY_ROLE_DATA 0      /**< the records to be judged */
#define ASSAY_ROLE_REFERENCE 1 /**< a sample of real use */
#define ASSAY_ROLE_TRUSTED 2   /**< known good records */
#define ASSAY_ROLE_POOL 3      /**< candidates to add */
#define ASSAY_ROLE_EVAL 4      /**< records that must not leak into the data */

/** How much a finding matters. */
#define ASSAY_SEVERITY_INFO 0
#define ASSAY_SEVERITY_LOW 1
#define ASSAY_SEVERITY_MEDIUM 2
#define ASSAY_SEVERITY_HIGH 3

/** What a proposal suggests. Proposals are data: a plugin never changes the dataset. */
#define ASSAY_ACTION_REVIEW 0
#define ASSAY_ACTION_DROP 1
#define ASSAY_ACTION_REPAIR 2    /**< `column` becomes `text` */
#define ASSAY_ACTION_RELABEL 3   /**< the label becomes `text` */
#define ASSAY_ACTION_WEIGHT 4    /**< sampling weight `number`, above 0 */
#define ASSAY_ACTION_DUPLICATE 5 /**< `number` further copies */
#define ASSAY_ACTION_AUGMENT 6   /**< no row: `number` records like `text` are wanted; a row of the pool: take it;
                                      any other row: one like those wanted for `group` */
#define ASSAY_ACTION_KEEP 7      /**< of the rows of `group`, called `text`, `number` are to stay */

/** Which way a metric is better. */
#define ASSAY_DIRECTION_NONE 0
#define ASSAY_DIRECTION_HIGHER 1
#define ASSAY_DIRECTION_LOWER -1

/** `row` of a finding, proposal or error that is about no single row. */
#define ASSAY_NO_ROW (-1)

#endif
