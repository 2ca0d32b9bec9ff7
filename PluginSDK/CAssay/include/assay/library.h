/* assay/library.h: the one symbol. */
#ifndef ASSAY_LIBRARY_H
#define ASSAY_LIBRARY_H

#include "analyzer.h"
#include "types.h"

/** [plugin-owned, static, immutable] */
typedef struct assay_library {
    uint64_t struct_size;
    uint32_t abi_minor; /**< ASSAY_ABI_MINOR of the headers it was built with */
    uint32_t analyzer_count;
    const assay_analyzer *const *analyzers;
} assay_library;

ASSAY_STATIC_ASSERT(sizeof(assay_library) == 24, "assay_library is frozen at 24 bytes in 1.0");

/** [any thread] The library's table: the same pointer every time, in under a millisecond, without
 * I/O or threads. It is the only symbol that a plugin exports. */
ASSAY_EXPORT const assay_library *assay_library_v1(void);

#endif
