/* assay/scorer.h: a whole plugin from one function that scores a text.
 *
 *     #include <assay/scorer.h>
 *     static double score(const char *text, uint64_t length) { ... 0 for good ... 1 for bad ... }
 *     ASSAY_ROW_SCORER("org.example.shouting", "1.0.0", noise, score)
 *
 * The function is called from several threads at once and gets UTF-8 that is not terminated, with 64
 * readable bytes behind it. It is called for every record that has the text; the column is the one
 * that the manifest names. A result that is no number leaves the record unscored.
 *
 * What comes of it: a score of every record; a finding and a proposal to review for those at or
 * above `threshold` (a setting, 0.5 unless the manifest's `config` says otherwise); the metrics
 * `shouting.mean`, `shouting.flagged` and `shouting.unscored`; the histogram of the scores and the
 * ten highest records. The name is the last part of the id, with underscores; the code is its letters and digits in
 * capitals with 001 behind them, `SHOUTING001`, and has to stand in the manifest. */
#ifndef ASSAY_SCORER_H
#define ASSAY_SCORER_H

#include <stdio.h>
#include <stdlib.h>

#include "helpers.h"

#define ASSAY_SCORER_BINS 20
#define ASSAY_SCORER_HIGHEST 10
/* A score of 1 in sums: whole numbers add up to the same in any order. */
#define ASSAY_SCORER_ONE 1073741824.0

/* Whose function it is: behind the analyzer's table, which every function is led back to. */
typedef struct assay_scorer {
    assay_analyzer table;
    /** [any thread, several at once] The author's function. */
    double (*score)(const char *text, uint64_t length);
} assay_scorer;

typedef struct assay_scorer_instance {
    const assay_scorer *scorer;
    double threshold;
    char name[64];
    char code[64];
} assay_scorer_instance;

/* Saved as it lies in memory: eight bytes each, no padding. */
typedef struct assay_scorer_tally {
    uint64_t scored, flagged, unscored, highest_count;
    int64_t sum; /* of scores, in units of 1 / ASSAY_SCORER_ONE */
    uint64_t bins[ASSAY_SCORER_BINS];
    struct { double score; int64_t row; } highest[ASSAY_SCORER_HIGHEST];
} assay_scorer_tally;

typedef struct assay_scorer_partial {
    const assay_scorer_instance *instance;
    int64_t is_data; /* the other roles are not judged */
    assay_scorer_tally tally;
} assay_scorer_partial;

static inline void assay_scorer_names(assay_scorer_instance *instance) {
    const char *id = instance->scorer->table.id.ptr, *last = id;
    for (const char *c = id; *c; c++) last = *c == '.' ? c + 1 : last;
    uint64_t name = 0, code = 0;
    for (const char *c = last; *c && code < sizeof instance->code - 4 && name < sizeof instance->name - 1; c++) {
        int32_t small = *c >= 'a' && *c <= 'z', large = *c >= 'A' && *c <= 'Z', digit = *c >= '0' && *c <= '9';
        instance->name[name++] = small || digit ? *c : large ? (char)(*c | 32) : '_';
        if (small || large || digit) instance->code[code++] = small ? (char)(*c & ~32) : *c;
    }
    instance->name[name] = 0;
    memcpy(instance->code + code, "001", 4);
}

/* The host has checked the configuration and filled in the defaults. */
static inline double assay_scorer_threshold(assay_bytes config) {
    static const char key[] = "\"threshold\"";
    const uint64_t size = sizeof key - 1;
    for (uint64_t i = 0; i + size < config.len; i++) {
        if (memcmp(config.ptr + i, key, size) != 0) continue;
        for (i += size; i < config.len && config.ptr[i] == ' '; i++) {}
        if (i == config.len || config.ptr[i] != ':') continue; /* a value of that name */
        for (i++; i < config.len && config.ptr[i] == ' '; i++) {}
        char digits[40];
        uint64_t count = 0;
        while (i < config.len && count < sizeof digits - 1 && config.ptr[i] != ',' && config.ptr[i] != '}')
            digits[count++] = (char)config.ptr[i++];
        digits[count] = 0;
        return strtod(digits, 0);
    }
    return 0.5;
}

static inline assay_status assay_scorer_create(const assay_analyzer *self, const assay_host *host,
                                               assay_bytes config, void **out, assay_error *error) {
    (void)host;
    assay_scorer_instance *made = (assay_scorer_instance *)calloc(1, sizeof *made);
    if (!made) return assay_fail(error, ASSAY_E_RESOURCE, "no memory");
    made->scorer = (const assay_scorer *)(const void *)self;
    made->threshold = assay_scorer_threshold(config);
    assay_scorer_names(made);
    *out = made;
    return ASSAY_OK;
}

static inline assay_status assay_scorer_begin(void *instance, const assay_pass *pass, void **out,
                                              assay_error *error) {
    assay_scorer_partial *made = (assay_scorer_partial *)calloc(1, sizeof *made);
    if (!made) return assay_fail(error, ASSAY_E_RESOURCE, "no memory");
    made->instance = (const assay_scorer_instance *)instance;
    made->is_data = pass->role == ASSAY_ROLE_DATA;
    *out = made;
    return ASSAY_OK;
}

/* Keeps the highest scores, of equal ones the first rows. */
static inline void assay_scorer_keep(assay_scorer_tally *tally, double score, int64_t row) {
    uint64_t place = tally->highest_count;
    while (place > 0 && (tally->highest[place - 1].score < score ||
                         (tally->highest[place - 1].score == score && tally->highest[place - 1].row > row))) place--;
    if (place == ASSAY_SCORER_HIGHEST) return;
    if (tally->highest_count < ASSAY_SCORER_HIGHEST) tally->highest_count++;
    for (uint64_t i = tally->highest_count - 1; i > place; i--) tally->highest[i] = tally->highest[i - 1];
    tally->highest[place].score = score;
    tally->highest[place].row = row;
}

static inline assay_status assay_scorer_flag(const assay_scorer_instance *instance, const assay_sink *sink,
                                             const char *column, int64_t row, double score) {
    char message[160];
    assay_finding finding;
    assay_proposal proposal;
    snprintf(message, sizeof message, "the score is %.3f, the threshold is %.3g", score, instance->threshold);
    memset(&finding, 0, sizeof finding);
    finding.struct_size = sizeof finding;
    finding.severity = ASSAY_SEVERITY_LOW;
    finding.role = ASSAY_ROLE_DATA;
    finding.row = row;
    finding.code = assay_text(instance->code);
    finding.column = assay_text(column);
    finding.score = score;
    finding.message = assay_text(message);
    assay_status status = sink->finding(sink->ctx, &finding);
    if (status != ASSAY_OK) return status;
    memset(&proposal, 0, sizeof proposal);
    proposal.struct_size = sizeof proposal;
    proposal.action = ASSAY_ACTION_REVIEW;
    proposal.role = ASSAY_ROLE_DATA;
    proposal.row = row;
    proposal.code = finding.code;
    proposal.confidence = score;
    return sink->proposal(sink->ctx, &proposal);
}

static inline assay_status assay_scorer_send(const assay_scorer_partial *partial, const assay_sink *sink,
                                             int64_t row, const double *scores, int64_t count) {
    if (count == 0) return ASSAY_OK;
    return sink->scores(sink->ctx, assay_text(partial->instance->name), ASSAY_ROLE_DATA, (uint64_t)row, scores,
                        (uint64_t)count);
}

static inline assay_status assay_scorer_scan(void *partial, const assay_batch *batch, const assay_sink *sink,
                                             assay_error *error) {
    assay_scorer_partial *mine = (assay_scorer_partial *)partial;
    if (!mine->is_data) return ASSAY_OK;
    if (batch->schema->n_children != 1 || strcmp(batch->schema->children[0]->format, "U") != 0)
        return assay_fail(error, ASSAY_E_BAD_INPUT, "the manifest has to name one column of texts");
    const char *name = batch->schema->children[0]->name;
    const struct ArrowArray *column = batch->array->children[0];
    double scores[256];
    for (int64_t start = 0; start < column->length; start += 256) {
        int64_t count = column->length - start < 256 ? column->length - start : 256, run = 0;
        for (int64_t i = 0; i < count; i++) {
            int64_t row = (int64_t)batch->first_row + start + i;
            assay_str text = assay_text_at(column, start + i);
            double score = assay_is_present(column, start + i)
                               ? mine->instance->scorer->score(text.ptr, text.len) : 0.0 / 0.0;
            if (!(score == score)) {
                /* No score is given for it: those before it go out. */
                assay_status status = assay_scorer_send(mine, sink, row - run, scores + i - run, run);
                if (status != ASSAY_OK) return status;
                mine->tally.unscored++;
                run = 0;
                continue;
            }
            run++;
            score = score < 0 ? 0 : score > 1 ? 1 : score;
            scores[i] = score;
            mine->tally.scored++;
            mine->tally.sum += (int64_t)(score * ASSAY_SCORER_ONE + 0.5);
            mine->tally.bins[score == 1 ? ASSAY_SCORER_BINS - 1 : (int32_t)(score * ASSAY_SCORER_BINS)]++;
            assay_scorer_keep(&mine->tally, score, row);
            if (score < mine->instance->threshold) continue;
            mine->tally.flagged++;
            assay_status status = assay_scorer_flag(mine->instance, sink, name, row, score);
            if (status != ASSAY_OK) return status;
        }
        assay_status status = assay_scorer_send(mine, sink, (int64_t)batch->first_row + start + count - run,
                                                scores + count - run, run);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}

static inline assay_status assay_scorer_merge(void *into, void *from, assay_error *error) {
    (void)error;
    assay_scorer_tally *mine = &((assay_scorer_partial *)into)->tally;
    const assay_scorer_tally *other = &((assay_scorer_partial *)from)->tally;
    mine->scored += other->scored;
    mine->flagged += other->flagged;
    mine->unscored += other->unscored;
    mine->sum += other->sum;
    for (int32_t i = 0; i < ASSAY_SCORER_BINS; i++) mine->bins[i] += other->bins[i];
    for (uint64_t i = 0; i < other->highest_count; i++)
        assay_scorer_keep(mine, other->highest[i].score, other->highest[i].row);
    return ASSAY_OK;
}

static inline assay_status assay_scorer_save(void *partial, const assay_writer *writer, assay_error *error) {
    (void)error;
    return assay_write(writer, &((assay_scorer_partial *)partial)->tally, sizeof(assay_scorer_tally));
}

/* The bytes are hostile: what does not fit itself is refused. */
static inline assay_status assay_scorer_load(void *instance, const assay_pass *pass, assay_bytes state,
                                             void **out, assay_error *error) {
    assay_scorer_tally tally;
    if (state.len != sizeof tally) return assay_fail(error, ASSAY_E_BAD_STATE, "the state is of another size");
    memcpy(&tally, state.ptr, sizeof tally);
    uint64_t in_bins = 0, most = (uint64_t)1 << 31;
    int32_t fits = tally.scored < most && tally.unscored < most && tally.flagged <= tally.scored &&
                   tally.sum >= 0 && (uint64_t)tally.sum <= tally.scored * (uint64_t)ASSAY_SCORER_ONE &&
                   tally.highest_count == (tally.scored < ASSAY_SCORER_HIGHEST ? tally.scored : ASSAY_SCORER_HIGHEST);
    for (int32_t i = 0; i < ASSAY_SCORER_BINS; i++) {
        fits = fits && tally.bins[i] <= tally.scored;
        in_bins += tally.bins[i];
    }
    fits = fits && in_bins == tally.scored;
    for (uint64_t i = 0; fits && i < ASSAY_SCORER_HIGHEST; i++) {
        double score = tally.highest[i].score;
        fits = i < tally.highest_count ? score >= 0 && score <= 1 && tally.highest[i].row >= 0 &&
                                             (uint64_t)tally.highest[i].row < most &&
                                             (i == 0 || score <= tally.highest[i - 1].score)
                                       : score == 0 && tally.highest[i].row == 0;
    }
    if (!fits) return assay_fail(error, ASSAY_E_BAD_STATE, "the state does not fit itself");
    assay_status status = assay_scorer_begin(instance, pass, out, error);
    if (status == ASSAY_OK) ((assay_scorer_partial *)*out)->tally = tally;
    return status;
}

static inline assay_status assay_scorer_end_pass(void *instance, void *partial, const assay_writer *broadcast,
                                                 uint32_t *another, assay_error *error) {
    (void)instance; (void)partial; (void)broadcast; (void)error;
    *another = 0;
    return ASSAY_OK;
}

static inline assay_status assay_scorer_state_metric(const assay_scorer_instance *instance, const assay_sink *sink,
                                                     const char *name, const char *unit, double value, uint64_t n,
                                                     const char *help) {
    char full[96];
    assay_metric metric;
    snprintf(full, sizeof full, "%s.%s", instance->name, name);
    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.name = assay_text(full);
    metric.unit = assay_text(unit);
    metric.value = value;
    metric.n = n;
    metric.direction = ASSAY_DIRECTION_LOWER;
    metric.help = assay_text(help);
    return sink->metric(sink->ctx, &metric);
}

static inline assay_status assay_scorer_show(const assay_sink *sink, const char *kind, const char *title,
                                             const char *body) {
    assay_section section;
    /* A host whose struct ends before it draws no sections. */
    if (sink->struct_size < sizeof *sink) return ASSAY_OK;
    section.struct_size = sizeof section;
    section.kind = assay_text(kind);
    section.title = assay_text(title);
    section.body_json = assay_text(body);
    return sink->section(sink->ctx, &section);
}

static inline assay_status assay_scorer_finish(void *instance, void *partial, const assay_sink *sink,
                                               assay_error *error) {
    (void)error;
    const assay_scorer_instance *mine = (const assay_scorer_instance *)instance;
    const assay_scorer_tally *tally = &((assay_scorer_partial *)partial)->tally;
    double scored = tally->scored ? (double)tally->scored : 1;
    char body[4096], title[128];
    assay_status status = assay_scorer_state_metric(mine, sink, "mean", "score",
        (double)tally->sum / ASSAY_SCORER_ONE / scored, tally->scored, "mean score, 0 to 1, higher is worse");
    if (status == ASSAY_OK) status = assay_scorer_state_metric(mine, sink, "flagged", "share",
        (double)tally->flagged / scored, tally->scored, "share of records at or above the threshold");
    if (status == ASSAY_OK) status = assay_scorer_state_metric(mine, sink, "unscored", "records",
        (double)tally->unscored, tally->scored + tally->unscored, "records without the text, or without a score");
    if (status != ASSAY_OK) return status;
    int32_t length = snprintf(body, sizeof body, "{\"unit\": \"records\", \"bins\": [");
    for (int32_t i = 0; i < ASSAY_SCORER_BINS; i++)
        length += snprintf(body + length, sizeof body - (uint64_t)length, "%s{\"low\": %.2f, \"high\": %.2f, \"value\": %llu}",
                           i ? ", " : "", i / (double)ASSAY_SCORER_BINS, (i + 1) / (double)ASSAY_SCORER_BINS,
                           (unsigned long long)tally->bins[i]);
    snprintf(body + length, sizeof body - (uint64_t)length, "]}");
    snprintf(title, sizeof title, "scores of %s", mine->name);
    status = assay_scorer_show(sink, "histogram", title, body);
    if (status != ASSAY_OK) return status;
    length = snprintf(body, sizeof body, "{\"columns\": [\"record\", \"score\"], \"rows\": [");
    for (uint64_t i = 0; i < tally->highest_count; i++)
        length += snprintf(body + length, sizeof body - (uint64_t)length, "%s[%lld, %.6f]", i ? ", " : "",
                           (long long)tally->highest[i].row + 1, tally->highest[i].score);
    snprintf(body + length, sizeof body - (uint64_t)length, "]}");
    snprintf(title, sizeof title, "highest scores of %s", mine->name);
    return assay_scorer_show(sink, "table", title, body);
}

/** The whole plugin: id and version as in the manifest, the strategy's bare word, the function. */
#define ASSAY_ROW_SCORER(id, version, strategy, function)                                                       \
    static const assay_scorer assay_scorer_##strategy = {                                                       \
        {sizeof(assay_analyzer), 1, 0, ASSAY_TEXT(id), ASSAY_TEXT(version), assay_scorer_create, free,          \
         assay_scorer_begin, assay_scorer_scan, assay_scorer_merge, assay_scorer_save, assay_scorer_load,       \
         assay_scorer_end_pass, assay_scorer_finish, free, 0},                                                  \
        function};                                                                                              \
    static const assay_analyzer *const assay_scorer_list[] = {&assay_scorer_##strategy.table};                  \
    static const assay_library assay_scorer_library = {sizeof(assay_library), ASSAY_ABI_MINOR, 1, assay_scorer_list}; \
    ASSAY_EXPORT const assay_library *assay_library_v1(void);                                                   \
    const assay_library *assay_library_v1(void) { return &assay_scorer_library; }

#endif
