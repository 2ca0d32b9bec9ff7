/* Says of every row what its feature columns hold: language, its confidence, dimensions, length and first two
 * numbers of the vector. Checks the alignment and the types that the input profile promises, that
 * `assay.embed/1` gives the vector that stands in the column, and that `assay.parallel/1` gives every index once. */
#include <assay/assay.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

typedef struct {
    const assay_embedder *embedder;
    const assay_parallel *parallel;
} probe;

static assay_status create(const assay_analyzer *self, const assay_host *host, assay_bytes config, void **out,
                           assay_error *error) {
    (void)self, (void)config, (void)error;
    probe *made = malloc(sizeof *made);
    made->embedder = host->get_extension(host->ctx, (assay_str)TEXT(ASSAY_EMBED_ID));
    made->parallel = host->get_extension(host->ctx, (assay_str)TEXT(ASSAY_PARALLEL_ID));
    *out = made;
    return ASSAY_OK;
}
static assay_status begin(void *instance, const assay_pass *pass, void **out, assay_error *error) {
    (void)pass, (void)error;
    probe *made = malloc(sizeof *made);
    *made = *(probe *)instance;
    *out = made;
    return ASSAY_OK;
}
static void release(void *state) { free(state); }

static const struct ArrowArray *child(const assay_batch *batch, const char *name, const char **format) {
    for (int64_t i = 0; i < batch->schema->n_children; i++) {
        if (strcmp(batch->schema->children[i]->name, name) != 0) continue;
        *format = batch->schema->children[i]->format;
        return batch->array->children[i];
    }
    return NULL;
}

static int is_aligned(const void *pointer) { return pointer == NULL || ((uintptr_t)pointer & 63) == 0; }

static assay_status scan(void *partial, const assay_batch *batch, const assay_sink *sink, assay_error *error) {
    (void)error;
    const assay_embedder *embedder = ((probe *)partial)->embedder;
    const char *vector_format, *language_format, *text_format;
    const struct ArrowArray *texts = child(batch, "text.all", &text_format);
    const struct ArrowArray *vectors = child(batch, "feature.embedding.all/1", &vector_format);
    const struct ArrowArray *languages = child(batch, "feature.language/1", &language_format);
    if (!vectors || !languages || strncmp(vector_format, "+w:", 3) != 0 || strcmp(language_format, "+s") != 0)
        return ASSAY_E_BAD_INPUT;
    long width = atol(vector_format + 3);
    const float *values = vectors->children[0]->buffers[1];
    const int64_t *offsets = languages->children[0]->buffers[1];
    const char *tags = languages->children[0]->buffers[2];
    const double *confidences = languages->children[1]->buffers[1];
    if (!texts || (embedder && embedder->dimensions != width)) return ASSAY_E_BAD_STATE;
    const int64_t *text_offsets = texts->buffers[1];
    if (!is_aligned(values) || !is_aligned(offsets) || !is_aligned(confidences)) return ASSAY_E_BAD_INPUT;
    for (int64_t row = 0; row < batch->array->length; row++) {
        double squares = 0;
        for (long i = 0; i < width; i++) squares += (double)values[row * width + i] * values[row * width + i];
        float again[1024];
        if (embedder) {
            assay_str given = {(const char *)texts->buffers[2] + text_offsets[row],
                               (uint64_t)(text_offsets[row + 1] - text_offsets[row])};
            if (embedder->embed(embedder->ctx, given, again, width - 1) == ASSAY_OK) return ASSAY_E_BAD_STATE;
            if (embedder->embed(embedder->ctx, given, again, 1024) != ASSAY_OK) return ASSAY_E_BAD_STATE;
            if (memcmp(again, values + row * width, (size_t)width * sizeof(float)) != 0) return ASSAY_E_BAD_STATE;
        }
        char text[128];
        int length = snprintf(text, sizeof text, "%.*s %.2f %s %ld %.4f %.4f %.4f", (int)(offsets[row + 1] - offsets[row]),
                              tags + offsets[row], confidences[row], embedder ? "embeds" : "-", width, sqrt(squares), values[row * width],
                              values[row * width + (width > 1)]);
        assay_finding finding = {0};
        finding.struct_size = sizeof finding;
        finding.row = (int64_t)batch->first_row + row;
        finding.code = (assay_str)TEXT("PRB001");
        finding.message = (assay_str){text, (uint64_t)length};
        assay_status status = sink->finding(sink->ctx, &finding);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}
static assay_status merge(void *target, void *other, assay_error *error) {
    (void)target, (void)other, (void)error;
    return ASSAY_OK;
}
static assay_status save(void *partial, const assay_writer *writer, assay_error *error) {
    (void)partial, (void)error;
    return writer->write(writer->ctx, (assay_bytes){NULL, 0});
}
static assay_status load(void *instance, const assay_pass *pass, assay_bytes state, void **out, assay_error *error) {
    (void)state;
    return begin(instance, pass, out, error);
}
static assay_status end_pass(void *instance, void *partial, const assay_writer *writer, uint32_t *another,
                             assay_error *error) {
    (void)instance, (void)partial, (void)writer, (void)error;
    *another = 0;
    return ASSAY_OK;
}
static void count(void *counts, uint64_t index) { ((int *)counts)[index]++; }

static assay_status finish(void *instance, void *partial, const assay_sink *sink, assay_error *error) {
    (void)partial, (void)sink, (void)error;
    const assay_parallel *parallel = ((probe *)instance)->parallel;
    int counts[1000] = {0};
    if (!parallel || parallel->for_each(parallel->ctx, 1000, count, counts) != ASSAY_OK) return ASSAY_E_BAD_STATE;
    for (int i = 0; i < 1000; i++)
        if (counts[i] != 1) return ASSAY_E_BAD_STATE;
    return ASSAY_OK;
}

static const assay_analyzer analyzer = {
    .struct_size = sizeof(assay_analyzer), .state_format = 1, .id = TEXT("org.assay.test.probe"),
    .version = TEXT("1.0.0"), .create = create, .destroy = release, .begin = begin, .scan = scan, .merge = merge,
    .save = save, .load = load, .end_pass = end_pass, .finish = finish, .discard = release};
static const assay_analyzer *const analyzers[] = {&analyzer};
static const assay_library library = {
    .struct_size = sizeof(assay_library), .analyzer_count = 1, .analyzers = analyzers};

ASSAY_EXPORT const assay_library *assay_library_v1(void) { return &library; }
