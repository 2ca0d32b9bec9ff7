#ifndef CLAYOUT_H
#define CLAYOUT_H

#include <stdint.h>

/** Prints size and offsets of every struct of the ABI, one line a field, into `buffer`; returns the
 * bytes it needs, the terminator left out. */
uint64_t assay_layout(char *buffer, uint64_t capacity);

#endif
