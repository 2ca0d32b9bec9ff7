#include "CHTTPServer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct chts_server {
    struct MHD_Daemon *daemon;
    chts_handler handler;
    void *context;
    uint64_t most_body;
};

/* What has come of one request. */
typedef struct incoming {
    uint8_t *body;
    uint64_t length, capacity;
    int is_too_large;
} incoming;

typedef struct outgoing {
    struct MHD_Connection *connection;
    enum MHD_Result result;
    int is_sent;
} outgoing;

static int collect(incoming *to, const char *bytes, size_t count, uint64_t most) {
    uint64_t wanted = to->length + count;
    if (to->is_too_large || wanted > most) {
        to->is_too_large = 1;
        return 1;
    }
    if (wanted > to->capacity) {
        uint64_t room = wanted < 4096 ? 4096 : wanted * 2;
        uint8_t *grown = realloc(to->body, room);
        if (!grown) return 0;
        to->body = grown;
        to->capacity = room;
    }
    memcpy(to->body + to->length, bytes, count);
    to->length = wanted;
    return 1;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *count,
                              void **state) {
    chts_server *server = context;
    (void)version;
    incoming *request = *state;
    if (!request) {
        *state = request = calloc(1, sizeof *request);
        return request ? MHD_YES : MHD_NO;
    }
    if (*count > 0) {
        if (!collect(request, bytes, *count, server->most_body)) return MHD_NO;
        *count = 0;
        return MHD_YES;
    }
    outgoing reply = {connection, MHD_NO, 0};
    if (request->is_too_large) {
        chts_answer answer = {413, NULL, 0, NULL, 0};
        chts_reply(&reply, &answer);
        return reply.result;
    }
    chts_request whole = {method, path, request->body, request->length, connection};
    server->handler(server->context, &whole, &reply);
    return reply.result;
}

static void ended(void *context, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode how) {
    (void)context, (void)connection, (void)how;
    incoming *request = *state;
    if (request) free(request->body);
    free(request);
    *state = NULL;
}

chts_server *chts_start(uint16_t port, uint64_t most_body, chts_handler handler, void *context) {
    chts_server *server = calloc(1, sizeof *server);
    if (!server) return NULL;
    server->handler = handler;
    server->context = context;
    server->most_body = most_body;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    errno = 0;
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, server, MHD_OPTION_SOCK_ADDR, &place,
        MHD_OPTION_CONNECTION_LIMIT, 64u, MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_NOTIFY_COMPLETED,
        ended, NULL, MHD_OPTION_END);
    if (server->daemon) return server;
    free(server);
    return NULL;
}

uint16_t chts_port(const chts_server *server) {
    const union MHD_DaemonInfo *known = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return known ? known->port : 0;
}

void chts_stop(chts_server *server) {
    MHD_stop_daemon(server->daemon);
    free(server);
}

const char *chts_header(const chts_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void chts_reply(void *reply, const chts_answer *answer) {
    outgoing *to = reply;
    if (to->is_sent) return;
    to->is_sent = 1;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body_length, (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY);
    if (!response) return;
    for (uint64_t index = 0; index < answer->header_count; index++)
        MHD_add_response_header(response, answer->headers[2 * index], answer->headers[2 * index + 1]);
    to->result = MHD_queue_response(to->connection, answer->status, response);
    MHD_destroy_response(response);
}
