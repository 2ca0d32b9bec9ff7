/* assay/language.h: the extension `assay.language/1`.
 *
 * Tells the language of a text as the `feature.language*` columns are made: for analyzers that want it
 * of a sample of the records, which costs a fraction of the column. */
#ifndef ASSAY_LANGUAGE_H
#define ASSAY_LANGUAGE_H

#include "types.h"

#define ASSAY_LANGUAGE_ID "assay.language/1"

/** Bytes that every tag fits in, with the zero at its end. */
#define ASSAY_LANGUAGE_TAG_BYTES 24

/** [host-owned, lives as long as the host struct] What `assay_host.get_extension(ASSAY_LANGUAGE_ID)`
 * returns. */
typedef struct assay_language_teller {
    uint64_t struct_size;
    void *ctx;

    /** [any thread] Writes the BCP 47 tag of `text`, UTF-8, with a zero at its end: `und` where the text
     * says nothing; and how sure it is, 0 to 1. ASSAY_E_BAD_INPUT when `capacity` is below
     * ASSAY_LANGUAGE_TAG_BYTES. */
    assay_status (*tell)(
        void *ctx, assay_str text, char *tag, uint64_t capacity, double *confidence);
} assay_language_teller;

ASSAY_STATIC_ASSERT(
    sizeof(assay_language_teller) == 24, "assay_language_teller is frozen at 24 bytes");

#endif
