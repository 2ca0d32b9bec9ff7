/* Whole buffers by zlib and zstd. */
#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H

#include <stdint.h>

typedef struct ccm_buffer {
    uint8_t *bytes;
    uint64_t length;
    uint64_t capacity;
} ccm_buffer;

/** Decompresses into `out` (format 0 gzip, 1 zstd; any number of members or frames), no more than
 * about `most` bytes; null, or the reason why not. */
const char *ccm_decompress(int32_t format, const uint8_t *bytes, uint64_t length, uint64_t most, ccm_buffer *out);
/** Compresses by gzip; the same bytes give the same bytes. Null, or the reason why not. */
const char *ccm_gzip(const uint8_t *bytes, uint64_t length, ccm_buffer *out);
void ccm_free(ccm_buffer *buffer);

#endif
