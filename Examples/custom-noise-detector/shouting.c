/* A noise detector in one C file: records that are mostly in capital letters. */
#include <assay/helpers.h>

#include <stdlib.h>

typedef struct tally {
    uint64_t shouted;
    int32_t role;
    int32_t unused;
} tally;

static assay_status make(void **out, assay_error *error) {
    *out = calloc(1, sizeof(tally));
    return *out ? ASSAY_OK : assay_fail(error, ASSAY_E_RESOURCE, "no memory");
}

static assay_status create(const assay_analyzer *self, const assay_host *host, assay_bytes config,
                           void **out, assay_error *error) {
    (void)self; (void)host; (void)config;
    return make(out, error);
}

static assay_status begin(void *instance, const assay_pass *pass, void **out, assay_error *error) {
    (void)instance;
    assay_status status = make(out, error);
    if (status == ASSAY_OK) ((tally *)*out)->role = pass->role;
    return status;
}

static assay_status scan(void *partial, const assay_batch *batch, const assay_sink *sink,
                         assay_error *error) {
    (void)error;
    tally *mine = partial;
    if (mine->role != ASSAY_ROLE_DATA) return ASSAY_OK;
    const struct ArrowArray *column = batch->array->children[0];
    const int64_t *offsets = column->buffers[1];
    const char *bytes = column->buffers[2];
    for (int64_t row = 0; row < column->length; row++) {
        int64_t capitals = 0, letters = 0;
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++) {
            capitals += bytes[i] >= 'A' && bytes[i] <= 'Z';
            letters += (bytes[i] | 32) >= 'a' && (bytes[i] | 32) <= 'z';
        }
        if (letters < 12 || capitals * 10 < letters * 8) continue;
        mine->shouted++;
        assay_finding finding = {sizeof finding, ASSAY_SEVERITY_LOW, ASSAY_ROLE_DATA,
                                 (int64_t)batch->first_row + row, 0, ASSAY_TEXT("SHOUT001"), ASSAY_TEXT(""), 0, 0,
                                 (double)capitals / (double)letters, ASSAY_TEXT("the prompt is shouted"), ASSAY_TEXT("")};
        assay_status status = sink->finding(sink->ctx, &finding);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}

static assay_status merge(void *into, void *from, assay_error *error) {
    (void)error;
    ((tally *)into)->shouted += ((tally *)from)->shouted;
    return ASSAY_OK;
}

static assay_status save(void *partial, const assay_writer *writer, assay_error *error) {
    (void)error;
    return assay_write(writer, &((tally *)partial)->shouted, sizeof(uint64_t));
}

static assay_status load(void *instance, const assay_pass *pass, assay_bytes state, void **out,
                         assay_error *error) {
    if (state.len != sizeof(uint64_t))
        return assay_fail(error, ASSAY_E_BAD_STATE, "the state has another size than eight bytes");
    assay_status status = begin(instance, pass, out, error);
    if (status == ASSAY_OK) memcpy(&((tally *)*out)->shouted, state.ptr, sizeof(uint64_t));
    return status;
}

static assay_status end_pass(void *instance, void *partial, const assay_writer *broadcast,
                             uint32_t *another, assay_error *error) {
    (void)instance; (void)partial; (void)broadcast; (void)error;
    *another = 0;
    return ASSAY_OK;
}

static assay_status finish(void *instance, void *partial, const assay_sink *sink, assay_error *error) {
    (void)instance; (void)error;
    assay_metric metric = {sizeof metric, ASSAY_TEXT("shouting.records"), ASSAY_TEXT("records"),
                           (double)((tally *)partial)->shouted, ((tally *)partial)->shouted, 0, 0,
                           ASSAY_DIRECTION_LOWER, 0, ASSAY_TEXT("records whose prompt is mostly capitals")};
    return sink->metric(sink->ctx, &metric);
}

static const assay_analyzer shouting = {sizeof shouting, 1, 0, ASSAY_TEXT("org.example.shouting"), ASSAY_TEXT("1.0.0"),
                                        create, free, begin, scan, merge, save, load, end_pass, finish,
                                        free, 0};
static const assay_analyzer *const analyzers[] = {&shouting};
static const assay_library library = {sizeof library, ASSAY_ABI_MINOR, 1, analyzers};

ASSAY_EXPORT const assay_library *assay_library_v1(void);
const assay_library *assay_library_v1(void) { return &library; }
