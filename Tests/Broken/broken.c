/* A plugin that keeps every law, and with FAULT breaks one of them: what assay plugin check has to find.
 *
 * It counts records and letters of their prompts, flags those in capitals, and looks twice: the second
 * pass knows the mean of the first. */
#include <assay/helpers.h>

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IS(fault) (FAULT == fault)

enum {
    NONE, SECOND_EXPORT, OTHER_TABLE, SLOW_ENTRY, NO_SAVE, ANOTHER_ANALYZER, READS_HOST_TAIL, READS_SINK_TAIL, EQUAL_SIZES,
    ANY_EXTENSION, LONG_MESSAGE, UNTERMINATED, NEEDS_ERROR, STATUS_42, ERROR_AND_OK, IGNORES_WRITER,
    OTHER_WRITER_STATUS, IGNORES_SINK, REFUSES_MAXIMUM, CRASH_ON_CONFIG, CRASH_ON_NO_ROWS, CRASH_ON_EMPTY_BATCH,
    CRASH_ON_NULL, CRASH_ON_EMPTY, REFUSES_ZERO_BYTE, CRASH_ON_LONG, HANG_ON_LONG, READS_BEYOND, COUNTS_BATCHES, USES_SHARD,
    MEAN_OF_MEANS, COUNTS_MERGES, USES_TIME, USES_ADDRESS, FORGETS_ON_SAVE, SAVES_UNEQUALLY, LOADS_ANY_LENGTH,
    LOADS_EMPTY, TRUSTS_COUNT, SHARES_INSTANCES, SHARES_PARTIALS, STARTS_THREAD, LEAVES_OPEN, CHANGES_FOLDER,
    SETS_ENVIRONMENT, SETS_LOCALE, SETS_UMASK, HANDLES_SIGNAL, PRINTS, LEAKS, LEAKS_PARTIAL, CANCELS_WRONGLY,
    UNDECLARED_CODE, ROW_OUT_OF_RANGE, STRAY_ROLE, NOT_A_NUMBER, NOT_UTF8, BAD_EVIDENCE, BAD_SECTION, UNSET_PARTIAL,
    TRUSTS_LATER, KEEPS_FROM, INSTANCE_STATE, USES_THREADS, METRIC_IN_SCAN, SECOND_WRITE, OK_WITH_ROW, KEEPS_CONFIG,
    PRINTS_REFUSAL, LEAKS_REFUSAL, CRASH_ON_SETTING, OTHER_THREAD,
};

#define WORDS 16

typedef struct instance {
    const assay_host *host;
    uint64_t limit, seen;
    assay_bytes config;
} instance;

typedef struct partial partial;
struct partial {
    uint64_t records, letters, flagged, batches, merges;
    double mean;
    /* What a save writes ends here. */
    uint64_t words[WORDS];
    uint64_t word_count;
    int32_t role;
    uint32_t pass;
    const instance *owner;
    uint64_t shard;
    char *leak;
    const partial *from;
    /* Null once it has been discarded. */
    const uint64_t *alive;
};

#define SAVED (offsetof(partial, role))

static uint64_t shared_letters;
static partial *shared_partial;
void *volatile lost __attribute__((visibility("hidden")));

static void *sleeper(void *unused) {
    for (;;) sleep(1000);
    return unused;
}

static assay_status create(const assay_analyzer *self, const assay_host *host, assay_bytes config, void **out,
                           assay_error *error) {
    (void)self;
    if (config.len == 0 || config.ptr[0] != '{') {
        return assay_fail(error, ASSAY_E_INVALID_CONFIG, "the configuration is no object");
    }
    if (IS(ERROR_AND_OK)) assay_fail(error, ASSAY_OK, "all is well");
    if (IS(EQUAL_SIZES) && host->struct_size != sizeof *host)
        return assay_fail(error, ASSAY_E_UNSUPPORTED, "the host is of another size");
    if (IS(READS_HOST_TAIL)) host->get_extension(host->ctx, assay_text("assay.language/1"));
    char text[256];
    uint64_t length = config.len < 255 ? config.len : 255;
    memcpy(text, config.ptr, length);
    text[length] = 0;
    const char *found = strstr(text, "\"limit\":");
    uint64_t limit = found ? strtoull(found + 8, 0, 10) : 3;
    if (IS(REFUSES_MAXIMUM) && limit == 100) return assay_fail(error, ASSAY_E_INTERNAL, "too much");
    if (IS(CRASH_ON_CONFIG) && limit == 0) abort();
    shared_letters = 0;
    instance *made = calloc(1, sizeof *made);
    made->host = host;
    made->limit = limit;
    if (IS(STARTS_THREAD)) {
        pthread_t thread;
        pthread_create(&thread, 0, sleeper, 0);
    }
    if (IS(LEAVES_OPEN)) (void)!open("/dev/null", O_RDONLY);
    if (IS(CHANGES_FOLDER)) (void)!chdir("/usr/lib");
    if (IS(SETS_ENVIRONMENT)) setenv("BROKEN", "1", 1);
    if (IS(SETS_LOCALE)) setlocale(LC_ALL, "C.UTF-8");
    if (IS(SETS_UMASK)) umask(077);
    if (IS(HANDLES_SIGNAL)) signal(SIGUSR1, SIG_IGN);
    if (IS(PRINTS)) puts("hello");
    if (IS(LEAKS)) lost = memset(malloc(5000), 1, 5000);
    made->config = config;
    if (IS(OK_WITH_ROW) && error) error->row = 0;
    *out = made;
    return ASSAY_OK;
}

static void destroy(void *given) { free(given); }

static assay_status begin(void *given, const assay_pass *pass, void **out, assay_error *error) {
    (void)error;
    const instance *owner = given;
    if (IS(CANCELS_WRONGLY) && owner->host->is_cancelled(owner->host->ctx))
        return assay_fail(error, ASSAY_E_INTERNAL, "cancelled");
    if (IS(UNSET_PARTIAL)) return ASSAY_OK;
    if (IS(KEEPS_CONFIG) && owner->config.ptr[0] != '{') return ASSAY_E_INTERNAL;
    partial *made = calloc(1, sizeof *made);
    made->owner = owner;
    made->alive = &made->records;
    made->role = pass->role;
    made->pass = pass->pass;
    made->shard = pass->shard;
    if (pass->pass == 1 && pass->broadcast.len == sizeof made->mean)
        memcpy(&made->mean, pass->broadcast.ptr, sizeof made->mean);
    if (IS(LEAKS_PARTIAL)) made->leak = memset(malloc(3000), 1, 3000);
    *out = made;
    return ASSAY_OK;
}

static void discard(void *given) {
    if (given) ((partial *)given)->alive = 0;
    free(given);
}

static assay_status state(const assay_sink *sink, const char *name, double value);

static assay_status flag(partial *mine, const assay_sink *sink, int64_t row, double score) {
    assay_finding finding;
    memset(&finding, 0, sizeof finding);
    finding.struct_size = sizeof finding;
    finding.severity = ASSAY_SEVERITY_LOW;
    finding.role = IS(STRAY_ROLE) ? ASSAY_ROLE_DATA : mine->role;
    finding.row = IS(ROW_OUT_OF_RANGE) ? row + 100000 : row;
    finding.code = assay_text(IS(UNDECLARED_CODE) ? "BRK999" : "BRK001");
    finding.score = score;
    finding.message = assay_text(IS(NOT_UTF8) ? "capital \xC3\x28 letters" : "mostly capital letters");
    finding.evidence_json = assay_text(IS(BAD_EVIDENCE) ? "{\"share\": }" : "{\"kind\": \"capitals\"}");
    assay_status status = sink->finding(sink->ctx, &finding);
    return IS(IGNORES_SINK) ? ASSAY_OK : status;
}

static assay_status scan(void *given, const assay_batch *batch, const assay_sink *sink, assay_error *error) {
    partial *mine = given;
    const struct ArrowArray *column = assay_column(batch, "text.prompt");
    if (!column) return assay_fail(error, ASSAY_E_BAD_INPUT, "there is no prompt");
    if (IS(READS_SINK_TAIL) && !sink->section) return ASSAY_E_UNSUPPORTED;
    if (IS(CRASH_ON_EMPTY_BATCH) && column->length == 0) abort();
    mine->batches++;
    if (IS(CRASH_ON_SETTING) && mine->owner->limit == 100) abort();
    if (IS(METRIC_IN_SCAN)) state(sink, "broken.batch", 1);
    if (IS(INSTANCE_STATE)) ((instance *)mine->owner)->seen += (uint64_t)column->length;
    if (IS(SHARES_PARTIALS)) {
        shared_partial = mine;
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, 0);
        mine = shared_partial;
    }
    for (int64_t row = 0; row < column->length; row++) {
        if (!assay_is_present(column, row)) {
            if (IS(CRASH_ON_NULL)) abort();
            continue;
        }
        assay_str text = assay_text_at(column, row);
        uint64_t letters = 0, capitals = 0;
        if (IS(CRASH_ON_EMPTY) && text.len == 0) abort();
        if (IS(HANG_ON_LONG) && text.len > 1000000) for (;;) sleep(1);
        if (IS(CRASH_ON_LONG) && text.len > 1000000) abort();
        if (IS(REFUSES_ZERO_BYTE) && memchr(text.ptr, 0, text.len))
            return assay_fail(error, ASSAY_E_BAD_INPUT, "a text with a zero byte");
        uint64_t length = IS(READS_BEYOND) ? strlen(text.ptr) : text.len;
        for (uint64_t i = 0; i < length; i++) {
            letters += (text.ptr[i] | 32) >= 'a' && (text.ptr[i] | 32) <= 'z';
            capitals += text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
        }
        mine->records++;
        mine->letters += letters;
        shared_letters += letters;
        if (mine->word_count < WORDS) mine->words[mine->word_count++] = letters;
        if (mine->pass == 0 || letters < mine->owner->limit || capitals * 10 < letters * 8) continue;
        mine->flagged++;
        assay_status status = flag(mine, sink, (int64_t)batch->first_row + row, (double)capitals / (double)letters);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}

static assay_status merge(void *into, void *from, assay_error *error) {
    (void)error;
    partial *mine = into;
    const partial *other = from;
    mine->merges += other->merges + 1;
    if (IS(KEEPS_FROM)) mine->from = other;
    mine->batches += other->batches;
    if (IS(MEAN_OF_MEANS)) {
        mine->letters = (mine->letters + other->letters) / 2;
        mine->records = (mine->records + other->records) / 2;
    } else {
        mine->records += other->records;
        mine->letters += other->letters;
    }
    mine->flagged += other->flagged;
    mine->shard += other->shard;
    for (uint64_t i = 0; i < other->word_count && mine->word_count < WORDS; i++)
        mine->words[mine->word_count++] = other->words[i];
    return ASSAY_OK;
}

static assay_status save(void *given, const assay_writer *writer, assay_error *error) {
    (void)error;
    partial copy = *(partial *)given;
    static uint64_t saves;
    if (IS(FORGETS_ON_SAVE)) copy.letters = 0;
    copy.merges = IS(SAVES_UNEQUALLY) ? ++saves : 0;
    assay_status status = assay_write(writer, &copy, SAVED);
    if (IS(IGNORES_WRITER)) return ASSAY_OK;
    return IS(OTHER_WRITER_STATUS) && status != ASSAY_OK ? ASSAY_E_INTERNAL : status;
}

static assay_status load(void *given, const assay_pass *pass, assay_bytes state, void **out, assay_error *error) {
    if (IS(LOADS_EMPTY) && state.len == 0) abort();
    if (!IS(LOADS_ANY_LENGTH) && state.len != SAVED) {
        if (IS(PRINTS_REFUSAL)) puts("refused");
        if (IS(LEAKS_REFUSAL)) lost = memset(malloc(5000), 1, 5000);
        if (IS(LONG_MESSAGE) && error && error->message) {
            memset(error->message, 'x', error->message_capacity + 1);
            return ASSAY_E_BAD_STATE;
        }
        if (IS(UNTERMINATED) && error && error->message) {
            memset(error->message, 'x', error->message_capacity);
            return ASSAY_E_BAD_STATE;
        }
        if (IS(NEEDS_ERROR)) error->row = -1;
        if (IS(STATUS_42)) return 42;
        return assay_fail(error, ASSAY_E_BAD_STATE, "the state is of another size");
    }
    partial read;
    memset(&read, 0, sizeof read);
    memcpy(&read, state.ptr, SAVED);
    if (!IS(TRUSTS_COUNT) && !IS(TRUSTS_LATER) && read.word_count > WORDS)
        return assay_fail(error, ASSAY_E_BAD_STATE, "more words than there is room for");
    if (IS(TRUSTS_COUNT) && read.word_count > 1000000) abort();
    assay_status status = begin(given, pass, out, error);
    if (status == ASSAY_OK) memcpy(*out, &read, SAVED);
    return status;
}

static assay_status end_pass(void *given, void *last, const assay_writer *broadcast, uint32_t *another,
                             assay_error *error) {
    (void)given; (void)error;
    partial *mine = last;
    if (mine->pass > 0) {
        *another = 0;
        return ASSAY_OK;
    }
    if (IS(CRASH_ON_NO_ROWS) && mine->records == 0) abort();
    double mean = mine->records ? (double)mine->letters / (double)mine->records : 0;
    *another = 1;
    if (IS(SECOND_WRITE)) {
        assay_status status = assay_write(broadcast, &mean, 4);
        if (status != ASSAY_OK) return status;
        assay_write(broadcast, (const char *)&mean + 4, 4);
        return ASSAY_OK;
    }
    return assay_write(broadcast, &mean, sizeof mean);
}

static assay_status state(const assay_sink *sink, const char *name, double value) {
    assay_metric metric;
    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.name = assay_text(name);
    metric.unit = assay_text("letters");
    metric.value = value;
    metric.help = assay_text("letters of a prompt");
    return sink->metric(sink->ctx, &metric);
}

static void *speaker(void *sink) {
    state(sink, "broken.aside", 1);
    return 0;
}

static assay_status finish(void *given, void *last, const assay_sink *sink, assay_error *error) {
    (void)error;
    partial *mine = last;
    const instance *owner = given;
    if (IS(TRUSTS_LATER) && mine->word_count > WORDS) abort();
    if (IS(OTHER_THREAD)) {
        pthread_t thread;
        pthread_create(&thread, 0, speaker, (void *)sink);
        pthread_join(thread, 0);
    }
    double value = mine->records ? (double)mine->letters / (double)mine->records : 0;
    if (IS(COUNTS_BATCHES)) value += (double)mine->batches;
    if (IS(KEEPS_FROM) && mine->from && *mine->from->alive > 1000000) value++;
    if (IS(INSTANCE_STATE)) value += (double)owner->seen;
    if (IS(USES_THREADS) && owner->host->struct_size >= sizeof *owner->host) {
        const assay_parallel *parallel = owner->host->get_extension(owner->host->ctx, assay_text(ASSAY_PARALLEL_ID));
        value += parallel ? parallel->threads : 0;
    }
    if (IS(USES_SHARD)) value += (double)mine->shard;
    if (IS(COUNTS_MERGES)) value += (double)mine->merges;
    if (IS(USES_TIME)) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        value += (double)(now.tv_nsec % 1000);
    }
    if (IS(USES_ADDRESS)) value += (double)((uint64_t)(void *)&shared_letters >> 12 & 0xFFFF);
    if (IS(SHARES_INSTANCES)) value += (double)shared_letters;
    if (IS(NOT_A_NUMBER)) value = 0.0 / 0.0;
    assay_status status = state(sink, "broken.letters", value);
    if (status == ASSAY_OK) status = state(sink, "broken.first", mine->word_count ? (double)mine->words[0] : 0);
    if (status != ASSAY_OK) return status;
    if (sink->struct_size < sizeof *sink) return ASSAY_OK;
    assay_section section;
    memset(&section, 0, sizeof section);
    section.struct_size = sizeof section;
    section.kind = assay_text("table");
    section.title = assay_text("letters");
    section.body_json = assay_text(IS(BAD_SECTION) ? "{\"columns\": [\"a\", \"b\"], \"rows\": [[1]]}"
                                                   : "{\"columns\": [\"a\", \"b\"], \"rows\": [[1, 2]]}");
    return sink->section(sink->ctx, &section);
}

static const void *extension(const assay_analyzer *self, assay_str id) {
    (void)id;
    return IS(ANY_EXTENSION) ? self : 0;
}

static const assay_analyzer broken = {
    sizeof broken, 1, 0, ASSAY_TEXT("org.assay.test.broken"), ASSAY_TEXT("1.0.0"), create, destroy, begin, scan, merge,
    IS(NO_SAVE) ? 0 : save, load, end_pass, finish, discard, extension};
static const assay_analyzer second = {
    sizeof second, 1, 0, ASSAY_TEXT("org.assay.test.broken.second"), ASSAY_TEXT("1.0.0"), create, destroy, begin, scan,
    merge, save, load, end_pass, finish, discard, extension};
static const assay_analyzer *const analyzers[] = {&broken, &second};
static const assay_library library = {sizeof library, ASSAY_ABI_MINOR, IS(ANOTHER_ANALYZER) ? 2 : 1, analyzers};

ASSAY_EXPORT const assay_library *assay_library_v1(void);
const assay_library *assay_library_v1(void) {
    if (IS(SLOW_ENTRY)) usleep(100000);
    if (IS(OTHER_TABLE)) {
        static assay_library copies[64];
        static int32_t next;
        copies[next] = library;
        return &copies[next++ % 64];
    }
    return &library;
}

#ifdef FAULT_SECOND_EXPORT
ASSAY_EXPORT void one_more_symbol(void);
void one_more_symbol(void) {}
#endif
