/* Regular expressions over UTF-8 by PCRE2. */
#ifndef CPATTERN_H
#define CPATTERN_H

#include <stddef.h>
#include <stdint.h>

#define CPT_MESSAGE_BYTES 256

typedef struct cpt_pattern cpt_pattern;
typedef struct cpt_scratch cpt_scratch;

/** Compiles a pattern; null, with what is wrong in `message` and where in `offset`, when it is none. */
cpt_pattern *cpt_compile(
    const uint8_t *bytes, size_t length, char message[CPT_MESSAGE_BYTES], size_t *offset);
/** Frees a pattern. */
void cpt_free(cpt_pattern *pattern);

/** What matching needs, for one thread at a time; null when there is no memory. */
cpt_scratch *cpt_scratch_make(void);
void cpt_scratch_free(cpt_scratch *scratch);

/** 1 when it occurs in valid UTF-8, 0 when not, -1 when matching was given up at the limit. */
int32_t cpt_occurs(
    const cpt_pattern *pattern, cpt_scratch *scratch, const uint8_t *bytes, size_t length);

#endif
