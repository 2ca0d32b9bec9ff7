/* Every function of ABI 1.0 in one small plugin. What was built of it stands in abi-1.0 and is never built again:
 * every later host of major 1 has to run it. Prompts that stand there more than once, and how long they are. */
#include <assay/helpers.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct instance {
    const assay_host *host;
    const assay_group_emitter *emitter;
    uint64_t least;
} instance;

typedef struct partial {
    uint64_t records, bytes, copies, longer;
    double mean;
    /* What a save writes ends here. */
    const instance *owner;
    int32_t role;
    uint32_t pass;
} partial;

#define SAVED (offsetof(partial, owner))

static assay_status create(const assay_analyzer *self, const assay_host *host, assay_bytes config, void **out,
                           assay_error *error) {
    (void)self;
    if (config.len < 2 || config.ptr[0] != '{')
        return assay_fail(error, ASSAY_E_INVALID_CONFIG, "the configuration is no object");
    instance *made = calloc(1, sizeof *made);
    if (!made) return assay_fail(error, ASSAY_E_RESOURCE, "no memory");
    char text[128];
    uint64_t length = config.len < 127 ? config.len : 127;
    memcpy(text, config.ptr, length);
    text[length] = 0;
    const char *found = strstr(text, "\"least_copies\":");
    made->least = found ? strtoull(found + 15, 0, 10) : 2;
    made->host = host;
    /* A host whose struct ends before get_extension groups nothing: then no copies are counted. */
    if (host->struct_size >= sizeof *host)
        made->emitter = host->get_extension(host->ctx, assay_text(ASSAY_GROUPS_ID));
    host->log(host->ctx, ASSAY_LOG_INFO, assay_text("counting prompts"));
    *out = made;
    return ASSAY_OK;
}

static assay_status begin(void *given, const assay_pass *pass, void **out, assay_error *error) {
    partial *made = calloc(1, sizeof *made);
    if (!made) return assay_fail(error, ASSAY_E_RESOURCE, "no memory");
    made->owner = given;
    made->role = pass->role;
    made->pass = pass->pass;
    if (pass->pass > 0 && pass->broadcast.len == sizeof made->mean)
        memcpy(&made->mean, pass->broadcast.ptr, sizeof made->mean);
    *out = made;
    return ASSAY_OK;
}

static assay_status scan(void *given, const assay_batch *batch, const assay_sink *sink, assay_error *error) {
    partial *mine = given;
    const assay_host *host = mine->owner->host;
    if (host->is_cancelled(host->ctx)) return assay_fail(error, ASSAY_E_CANCELLED, "the run was cancelled");
    if (mine->role != ASSAY_ROLE_DATA) return ASSAY_OK;
    const struct ArrowArray *column = assay_column(batch, "text.prompt");
    if (!column) return assay_fail(error, ASSAY_E_BAD_INPUT, "there is no prompt");
    for (int64_t row = 0; row < column->length; row++) {
        if (!assay_is_present(column, row)) continue;
        assay_str text = assay_text_at(column, row);
        uint64_t number = batch->first_row + (uint64_t)row;
        assay_status status = ASSAY_OK;
        if (mine->pass == 0) {
            assay_bytes key = {(const uint8_t *)text.ptr, text.len}, nothing = {0, 0};
            mine->records++;
            mine->bytes += text.len;
            if (mine->owner->emitter) status = mine->owner->emitter->emit(sink, key, number, nothing);
        } else {
            double score = mine->mean > 0 && (double)text.len > mine->mean ? 1 - mine->mean / (double)text.len : 0;
            mine->longer += score > 0;
            status = sink->scores(sink->ctx, assay_text("length"), ASSAY_ROLE_DATA, number, &score, 1);
        }
        if (status != ASSAY_OK) return status;
    }
    host->progress(host->ctx, (uint64_t)column->length, (uint64_t)column->length);
    return ASSAY_OK;
}

static assay_status group(void *given, assay_bytes key, const assay_member *members, uint64_t count,
                          const assay_sink *sink, assay_error *error) {
    (void)key; (void)error;
    partial *mine = given;
    for (uint64_t i = 0; count >= mine->owner->least && i < count; i++) {
        char evidence[64];
        snprintf(evidence, sizeof evidence, "{\"copies\": %llu}", (unsigned long long)count);
        assay_finding finding;
        assay_proposal proposal;
        memset(&finding, 0, sizeof finding);
        memset(&proposal, 0, sizeof proposal);
        mine->copies++;
        finding.struct_size = sizeof finding;
        finding.severity = ASSAY_SEVERITY_LOW;
        finding.role = proposal.role = members[i].role;
        finding.row = proposal.row = (int64_t)members[i].row;
        finding.group = proposal.group = members[0].row + 1;
        finding.code = proposal.code = assay_text("FRZ001");
        finding.column = assay_text("text.prompt");
        finding.score = proposal.confidence = 0.5;
        finding.message = assay_text("the prompt stands there more than once");
        finding.evidence_json = assay_text(evidence);
        proposal.struct_size = sizeof proposal;
        proposal.action = ASSAY_ACTION_REVIEW;
        assay_status status = sink->finding(sink->ctx, &finding);
        if (status == ASSAY_OK) status = sink->proposal(sink->ctx, &proposal);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}

static assay_status merge(void *into, void *from, assay_error *error) {
    (void)error;
    partial *mine = into;
    const partial *other = from;
    mine->records += other->records;
    mine->bytes += other->bytes;
    mine->copies += other->copies;
    mine->longer += other->longer;
    return ASSAY_OK;
}

static assay_status save(void *given, const assay_writer *writer, assay_error *error) {
    (void)error;
    return assay_write(writer, given, SAVED);
}

static assay_status load(void *given, const assay_pass *pass, assay_bytes state, void **out, assay_error *error) {
    if (state.len != SAVED) return assay_fail(error, ASSAY_E_BAD_STATE, "the state is of another size");
    assay_status status = begin(given, pass, out, error);
    if (status == ASSAY_OK) memcpy(*out, state.ptr, SAVED);
    return status;
}

static assay_status end_pass(void *given, void *last, const assay_writer *broadcast, uint32_t *another,
                             assay_error *error) {
    (void)given; (void)error;
    partial *mine = last;
    *another = mine->pass == 0;
    if (mine->pass > 0) return ASSAY_OK;
    mine->mean = mine->records ? (double)mine->bytes / (double)mine->records : 0;
    return assay_write(broadcast, &mine->mean, sizeof mine->mean);
}

static assay_status finish(void *given, void *last, const assay_sink *sink, assay_error *error) {
    (void)given; (void)error;
    partial *mine = last;
    assay_metric metric;
    assay_section section;
    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.name = assay_text("frozen.mean_bytes");
    metric.unit = assay_text("bytes");
    metric.value = mine->mean;
    metric.help = assay_text("bytes of a prompt");
    assay_status status = sink->metric(sink->ctx, &metric);
    if (status != ASSAY_OK || sink->struct_size < sizeof *sink) return status;
    memset(&section, 0, sizeof section);
    section.struct_size = sizeof section;
    section.kind = assay_text("text");
    section.title = assay_text("prompts");
    section.body_json = assay_text("{\"text\": \"as they were in 1.0\"}");
    return sink->section(sink->ctx, &section);
}

static const assay_grouping grouping = {sizeof grouping, group};

static const void *extension(const assay_analyzer *self, assay_str id) {
    (void)self;
    return id.len == sizeof ASSAY_GROUPS_ID - 1 && memcmp(id.ptr, ASSAY_GROUPS_ID, id.len) == 0 ? &grouping : 0;
}

static const assay_analyzer frozen = {
    sizeof frozen, 1, 0, ASSAY_TEXT("org.assay.test.frozen"), ASSAY_TEXT("1.0.0"), create, free, begin, scan, merge, save,
    load, end_pass, finish, free, extension};
static const assay_analyzer *const analyzers[] = {&frozen};
static const assay_library library = {sizeof library, ASSAY_ABI_MINOR, 1, analyzers};

ASSAY_EXPORT const assay_library *assay_library_v1(void);
const assay_library *assay_library_v1(void) { return &library; }
