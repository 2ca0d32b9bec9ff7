/* A server of HTTP requests on 127.0.0.1 over libmicrohttpd, whose options are variadic and out of Swift's reach. */
#ifndef CHTTPSERVER_H
#define CHTTPSERVER_H

#include <stdint.h>

typedef struct chts_request {
    const char *method;
    /** The path, percent signs decoded once. */
    const char *path;
    /** The whole body. */
    const uint8_t *body;
    uint64_t body_length;
    /** For `chts_header`. */
    void *connection;
} chts_request;

typedef struct chts_answer {
    uint32_t status;
    /** Copied. */
    const uint8_t *body;
    uint64_t body_length;
    /** `Name`, value, `Name`, value, …; copied. */
    const char *const *headers;
    uint64_t header_count;
} chts_answer;

/** Hands its answer to `chts_reply`, once, before it returns. One call at a time. */
typedef void (*chts_handler)(void *context, const chts_request *request, void *reply);

typedef struct chts_server chts_server;

/** Starts on a free port, or on `port` when it is not 0; NULL with errno when that cannot be. Bodies beyond
    `most_body` bytes are answered with 413 and are not handed on. */
chts_server *chts_start(uint16_t port, uint64_t most_body, chts_handler handler, void *context);
uint16_t chts_port(const chts_server *server);
/** Ends all connections; the handler is not called any more. */
void chts_stop(chts_server *server);

/** A header of a request; NULL where it has none. */
const char *chts_header(const chts_request *request, const char *name);
void chts_reply(void *reply, const chts_answer *answer);

#endif
