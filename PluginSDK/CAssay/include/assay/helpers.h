/* assay/helpers.h: small functions for plugins in C and C++.
 *
 * Not part of the contract: a plugin takes them along. `assay.h` does not include this header. */
#ifndef ASSAY_HELPERS_H
#define ASSAY_HELPERS_H

#include <string.h>

#include "assay.h"

/** A literal as assay_str, in an initialiser. */
#define ASSAY_TEXT(literal) {literal, sizeof(literal) - 1}

/** A terminated text as assay_str. */
static inline assay_str assay_text(const char *text) {
    assay_str view;
    view.ptr = text;
    view.len = strlen(text);
    return view;
}

/** Writes a message into the caller's buffer, cut between characters, and returns `status`. */
static inline assay_status assay_fail(assay_error *error, assay_status status, const char *message) {
    uint64_t length = strlen(message);
    if (!error || error->struct_size < 24 || !error->message || error->message_capacity == 0) return status;
    if (length >= error->message_capacity) {
        length = error->message_capacity - 1;
        while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80) length--;
    }
    memcpy(error->message, message, length);
    error->message[length] = 0;
    return status;
}

/** The column of a name; null when the host did not pass it. */
static inline const struct ArrowArray *assay_column(const assay_batch *batch, const char *name) {
    for (int64_t i = 0; i < batch->schema->n_children; i++) {
        if (strcmp(batch->schema->children[i]->name, name) == 0) return batch->array->children[i];
    }
    return 0;
}

/** Whether a row of a column has a value; an absent text is not an empty one. */
static inline int32_t assay_is_present(const struct ArrowArray *column, int64_t row) {
    const uint8_t *validity = (const uint8_t *)column->buffers[0];
    return !validity || (validity[row / 8] >> (row % 8) & 1);
}

/** The text of a row of a text column; empty for an absent one. */
static inline assay_str assay_text_at(const struct ArrowArray *column, int64_t row) {
    const int64_t *offsets = (const int64_t *)column->buffers[1];
    assay_str text;
    text.ptr = (const char *)column->buffers[2] + offsets[row];
    text.len = (uint64_t)(offsets[row + 1] - offsets[row]);
    return text;
}

/** Writes bytes to a writer. */
static inline assay_status assay_write(const assay_writer *writer, const void *bytes, uint64_t count) {
    assay_bytes view;
    view.ptr = (const uint8_t *)bytes;
    view.len = count;
    return writer->write(writer->ctx, view);
}

#endif
