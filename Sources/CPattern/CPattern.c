#include "CPattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

/* Steps after which a match is given up. They count from each place where it may begin, so that a long
 * text has fewer for each: a second or so in all. */
static const uint32_t most_steps = 500000;
static const uint32_t least_steps = 1000;
static const uint64_t all_steps = 50000000;
/* Memory of one match, in units of 1,024 bytes. */
static const uint32_t most_memory = 16384;

struct cpt_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

cpt_pattern *cpt_compile(
    const uint8_t *bytes, size_t length, char message[CPT_MESSAGE_BYTES], size_t *offset) {
    int error = 0;
    PCRE2_SIZE place = 0;
    /* Not compiled to machine code: that counts steps in another way, and may be forbidden. */
    pcre2_code *code = pcre2_compile(
        bytes, length, PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &place, NULL);
    if (code == NULL) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)message, CPT_MESSAGE_BYTES);
        *offset = place;
    }
    return (cpt_pattern *)code;
}

void cpt_free(cpt_pattern *pattern) { pcre2_code_free((pcre2_code *)pattern); }

cpt_scratch *cpt_scratch_make(void) {
    cpt_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL) return NULL;
    scratch->data = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (scratch->data == NULL || scratch->context == NULL) {
        cpt_scratch_free(scratch);
        return NULL;
    }
    pcre2_set_heap_limit(scratch->context, most_memory);
    return scratch;
}

void cpt_scratch_free(cpt_scratch *scratch) {
    if (scratch == NULL) return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    free(scratch);
}

int32_t cpt_occurs(
    const cpt_pattern *pattern, cpt_scratch *scratch, const uint8_t *bytes, size_t length) {
    const uint64_t steps = all_steps / (length + 1);
    pcre2_set_match_limit(
        scratch->context,
        steps > most_steps ? most_steps : steps < least_steps ? least_steps : (uint32_t)steps);
    const int found = pcre2_match(
        (const pcre2_code *)pattern, bytes == NULL ? (const uint8_t *)"" : bytes, length, 0,
        PCRE2_NO_UTF_CHECK, scratch->data, scratch->context);
    if (found >= 0) return 1;
    return found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
