/* assay/arrow.h: the two structs of the Arrow C Data Interface, as its specification prints them.
 *
 * Batches use one fixed profile of it, described in PluginSDK/ABI.md: top level `+s`, no
 * dictionaries, `offset` 0. The guard is the one the Arrow project asks for, so that this header
 * and Arrow's own may meet in one file. */
#ifndef ASSAY_ARROW_H
#define ASSAY_ARROW_H

#include <stdint.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

/** Names and types of columns. Borrowed; a plugin never calls `release`. */
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

/** The columns' buffers. Borrowed; a plugin never calls `release`. */
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif
#endif
