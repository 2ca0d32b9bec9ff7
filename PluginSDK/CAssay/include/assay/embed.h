/* assay/embed.h: the extension `assay.embed/1`.
 *
 * Embeds a text with the table of the run, as `feature.embedding.*` columns are made: what a plugin
 * is given by its configuration (examples of a category) can be compared with what stands in the
 * records. The host has it for analyzers that ask for an embedding column, unless the vectors of the
 * run were given by the user. */
#ifndef ASSAY_EMBED_H
#define ASSAY_EMBED_H

#include "types.h"

#define ASSAY_EMBED_ID "assay.embed/1"

/** [host-owned, lives as long as the host struct] What `assay_host.get_extension(ASSAY_EMBED_ID)`
 * returns. The first call may take the time of loading the table. */
typedef struct assay_embedder {
    uint64_t struct_size;
    void *ctx;
    uint32_t dimensions; /**< numbers of a vector, as in the columns of the run */
    uint32_t reserved;

    /** [any thread] Writes the vector of `text`, UTF-8: of length 1, or zeros for a text without a
     * word. ASSAY_E_BAD_INPUT when `capacity` is below `dimensions`. */
    assay_status (*embed)(void *ctx, assay_str text, float *vector, uint64_t capacity);
} assay_embedder;

ASSAY_STATIC_ASSERT(sizeof(assay_embedder) == 32, "assay_embedder is frozen at 32 bytes");

#endif
