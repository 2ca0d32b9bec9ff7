#include "CCompression.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static const char too_large[] = "the data is larger than it may be";

static int reserve(ccm_buffer *b) {
    if (b->capacity - b->length >= 1 << 16) return 1;
    uint64_t wanted = b->capacity < 1 << 20 ? 1 << 20 : b->capacity * 2;
    uint8_t *grown = realloc(b->bytes, wanted);
    if (!grown) return 0;
    b->bytes = grown;
    b->capacity = wanted;
    return 1;
}

static const char *gunzip(const uint8_t *bytes, uint64_t length, uint64_t most, ccm_buffer *out) {
    z_stream stream = {0};
    const char *reason = NULL;
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return "zlib does not start";
    uint64_t position = 0;
    int result = Z_OK;
    for (;;) {
        if (!reserve(out)) { reason = "not enough memory"; break; }
        uint64_t left = length - position, room = out->capacity - out->length;
        stream.next_in = (Bytef *)bytes + position;
        stream.avail_in = left > 1u << 30 ? 1u << 30 : (uInt)left;
        stream.next_out = out->bytes + out->length;
        stream.avail_out = room > 1u << 30 ? 1u << 30 : (uInt)room;
        uInt in = stream.avail_in, space = stream.avail_out;
        result = inflate(&stream, Z_NO_FLUSH);
        position += in - stream.avail_in;
        out->length += space - stream.avail_out;
        if (out->length > most) { reason = too_large; break; }
        if (result == Z_STREAM_END) {
            if (position == length) break;
            if (inflateReset(&stream) != Z_OK) { reason = "zlib does not restart"; break; }
        } else if (result != Z_OK || (in == stream.avail_in && space == stream.avail_out)) {
            reason = position == length ? "the gzip data ends too early" : "the gzip data is damaged";
            break;
        }
    }
    inflateEnd(&stream);
    return reason;
}

static const char *unzstd(const uint8_t *bytes, uint64_t length, uint64_t most, ccm_buffer *out) {
    ZSTD_DStream *stream = ZSTD_createDStream();
    const char *reason = NULL;
    if (!stream) return "not enough memory";
    ZSTD_inBuffer in = {bytes, length, 0};
    size_t hint = 1;
    while (in.pos < in.size || hint != 0) {
        if (!reserve(out)) { reason = "not enough memory"; break; }
        ZSTD_outBuffer to = {out->bytes, out->capacity, out->length};
        size_t before = in.pos;
        hint = ZSTD_decompressStream(stream, &to, &in);
        int grew = to.pos > out->length;
        out->length = to.pos;
        if (out->length > most) { reason = too_large; break; }
        if (ZSTD_isError(hint)) { reason = ZSTD_getErrorName(hint); break; }
        if (hint != 0 && in.pos == in.size && before == in.pos && !grew) {
            reason = "the zstd data ends too early";
            break;
        }
        if (hint == 0 && in.pos == in.size) break;
    }
    ZSTD_freeDStream(stream);
    return reason;
}

const char *ccm_decompress(int32_t format, const uint8_t *bytes, uint64_t length, uint64_t most, ccm_buffer *out) {
    memset(out, 0, sizeof *out);
    return format == 0 ? gunzip(bytes, length, most, out) : unzstd(bytes, length, most, out);
}

const char *ccm_gzip(const uint8_t *bytes, uint64_t length, ccm_buffer *out) {
    z_stream stream = {0};
    memset(out, 0, sizeof *out);
    if (length > 1u << 30) return too_large;
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return "zlib does not start";
    out->capacity = deflateBound(&stream, (uLong)length) + 64;
    out->bytes = malloc(out->capacity);
    if (!out->bytes) { deflateEnd(&stream); return "not enough memory"; }
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = out->bytes;
    stream.avail_out = (uInt)out->capacity;
    int result = deflate(&stream, Z_FINISH);
    out->length = stream.total_out;
    deflateEnd(&stream);
    if (result != Z_STREAM_END) return "zlib does not finish";
    /* The field of the system is the only one that differs between builds of zlib. */
    out->bytes[9] = 255;
    return NULL;
}

void ccm_free(ccm_buffer *buffer) { free(buffer->bytes); }
