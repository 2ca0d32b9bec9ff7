#include "CHTTP.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

typedef struct collected {
    uint8_t **bytes;
    uint64_t *length;
    uint64_t capacity, most;
    int is_too_large;
} collected;

static size_t collect(char *bytes, size_t size, size_t count, void *context) {
    collected *to = context;
    uint64_t more = (uint64_t)size * count, wanted = *to->length + more;
    if (wanted > to->most) {
        to->is_too_large = 1;
        return 0;
    }
    if (wanted > to->capacity) {
        uint64_t room = wanted < 1 << 14 ? 1 << 14 : wanted * 2;
        uint8_t *grown = realloc(*to->bytes, room);
        if (!grown) return 0;
        *to->bytes = grown;
        to->capacity = room;
    }
    memcpy(*to->bytes + *to->length, bytes, more);
    *to->length = wanted;
    return more;
}

/* The headers of an answer that another one follows (100 Continue) are forgotten. */
static size_t collect_header(char *bytes, size_t size, size_t count, void *context) {
    collected *to = context;
    if (size * count > 5 && memcmp(bytes, "HTTP/", 5) == 0) *to->length = 0;
    return collect(bytes, size, count, context);
}

void chttp_send(const chttp_request *request, chttp_answer *answer) {
    memset(answer, 0, sizeof *answer);
    pthread_once(&once, start);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    char reason[CURL_ERROR_SIZE] = "";
    collected body = {&answer->body, &answer->body_length, 0, request->most_bytes, 0};
    collected head = {&answer->headers, &answer->headers_length, 0, 1 << 20, 0};
    CURLcode code = curl ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    for (uint64_t index = 0; code == CURLE_OK && index < request->header_count; index++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[index]);
        if (longer) headers = longer; else code = CURLE_OUT_OF_MEMORY;
    }
    if (code == CURLE_OK) {
        curl_easy_setopt(curl, CURLOPT_URL, request->url);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(request->seconds * 1000));
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
        if (strcmp(request->method, "HEAD") == 0) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        if (request->body_length > 0 || strcmp(request->method, "POST") == 0) {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                             request->body_length > 0 ? (const char *)request->body : "");
        }
        code = curl_easy_perform(curl);
    }
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        answer->status = (int32_t)status;
    } else {
        answer->failure = code == CURLE_OPERATION_TIMEDOUT ? CHTTP_TIMED_OUT
                          : body.is_too_large ? CHTTP_TOO_LARGE : CHTTP_FAILED;
        const char *text = reason[0] ? reason : curl_easy_strerror(code);
        strncpy(answer->message, text, sizeof answer->message - 1);
    }
    curl_slist_free_all(headers);
    if (curl) curl_easy_cleanup(curl);
}

void chttp_release(chttp_answer *answer) {
    free(answer->body);
    free(answer->headers);
    answer->body = answer->headers = NULL;
}
