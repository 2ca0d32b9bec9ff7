/* One HTTP request at a time over libcurl, whose options are variadic and out of Swift's reach. */
#ifndef CHTTP_H
#define CHTTP_H

#include <stdint.h>

/** Why no answer came. */
#define CHTTP_OK 0
#define CHTTP_TIMED_OUT 1
#define CHTTP_TOO_LARGE 2
#define CHTTP_FAILED 3

typedef struct chttp_request {
    const char *method;
    const char *url;
    /** `Name: value` lines. */
    const char *const *headers;
    uint64_t header_count;
    const uint8_t *body;
    uint64_t body_length;
    /** Of the whole exchange. */
    double seconds;
    /** The answer's body at most. */
    uint64_t most_bytes;
} chttp_request;

typedef struct chttp_answer {
    /** CHTTP_OK or why there is no answer. */
    int32_t failure;
    int32_t status;
    uint8_t *body;
    uint64_t body_length;
    /** The header lines of the last answer, as they came. */
    uint8_t *headers;
    uint64_t headers_length;
    /** One line, when `failure` is not 0. */
    char message[256];
} chttp_answer;

/** Sends a request and waits for the answer; `answer` is to be released in any case. Any thread. */
void chttp_send(const chttp_request *request, chttp_answer *answer);
void chttp_release(chttp_answer *answer);

#endif
