/* Asks for every column that the four strategies ask for and looks at none: what a run costs without
 * analysing anything. */
#include <assay/assay.h>

#include <stdlib.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

static assay_status create(const assay_analyzer *self, const assay_host *host, assay_bytes config, void **out,
                           assay_error *error) {
    (void)self, (void)host, (void)config, (void)error;
    *out = malloc(1);
    return ASSAY_OK;
}
static assay_status begin(void *instance, const assay_pass *pass, void **out, assay_error *error) {
    (void)instance, (void)pass, (void)error;
    *out = malloc(1);
    return ASSAY_OK;
}
static void release(void *state) { free(state); }

static assay_status scan(void *partial, const assay_batch *batch, const assay_sink *sink, assay_error *error) {
    (void)partial, (void)batch, (void)sink, (void)error;
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
static assay_status finish(void *instance, void *partial, const assay_sink *sink, assay_error *error) {
    (void)instance, (void)partial, (void)sink, (void)error;
    return ASSAY_OK;
}

static const assay_analyzer analyzer = {
    .struct_size = sizeof(assay_analyzer), .state_format = 1, .id = TEXT("org.assay.benchmark.reader"),
    .version = TEXT("1.0.0"), .create = create, .destroy = release, .begin = begin, .scan = scan, .merge = merge,
    .save = save, .load = load, .end_pass = end_pass, .finish = finish, .discard = release};
static const assay_analyzer *const analyzers[] = {&analyzer};
static const assay_library library = {
    .struct_size = sizeof(assay_library), .analyzer_count = 1, .analyzers = analyzers};

ASSAY_EXPORT const assay_library *assay_library_v1(void) { return &library; }
