/* assay/analyzer.h: one strategy as a parallel aggregate with passes.
 *
 *     create -> per pass (begin -> scan* -> [group*] -> [save/load] -> merge) -> end_pass -> finish
 *
 * Laws, which the host relies on: merge is associative over adjacent shards; an empty partial is
 * neutral; results do not depend on batch size, shard cuts, worker count or a save and load in
 * between; the same seed gives the same bytes. */
#ifndef ASSAY_ANALYZER_H
#define ASSAY_ANALYZER_H

#include "batch.h"
#include "error.h"
#include "host.h"
#include "pass.h"
#include "sink.h"
#include "types.h"
#include "writer.h"

/** [plugin-owned, static, immutable] */
typedef struct assay_analyzer {
    uint64_t struct_size;
    uint32_t state_format; /**< of saved partials; a change makes old ones unreadable */
    uint32_t flags;        /**< 0 in 1.0 */
    assay_str id;          /**< equal to the manifest's */
    assay_str version;     /**< equal to the manifest's */

    /** [any thread, one call at a time per library] Parses `config_json`, one JSON object that the
     * host has checked against the manifest's schema and filled with its defaults. The instance is
     * immutable afterwards. On success `*out_instance` is the plugin's, until `destroy`. */
    assay_status (*create)(const struct assay_analyzer *self, const assay_host *host,
                           assay_bytes config_json, void **out_instance, assay_error *error);

    /** [any thread] Ends an instance. Always called, also after errors. */
    void (*destroy)(void *instance);

    /** [any thread, concurrent on one instance] A new empty partial, until `discard`. */
    assay_status (*begin)(void *instance, const assay_pass *pass, void **out_partial,
                          assay_error *error);

    /** [one thread at a time per partial; partials in parallel] Looks at one batch. Output about
     * rows goes through `sink` and belongs to this shard attempt. */
    assay_status (*scan)(void *partial, const assay_batch *batch, const assay_sink *sink,
                         assay_error *error);

    /** [exclusive on both] Adds `from`, the next higher shard, to `into`. `from` stays valid for
     * `discard` and for nothing else. */
    assay_status (*merge)(void *into, void *from, assay_error *error);

    /** [exclusive] Writes the partial; the same partial gives the same bytes. */
    assay_status (*save)(void *partial, const assay_writer *writer, assay_error *error);

    /** [like begin] Reads what `save` wrote. The bytes are hostile: any input gives a partial or
     * an error, never undefined behaviour. */
    assay_status (*load)(void *instance, const assay_pass *pass, assay_bytes state,
                         void **out_partial, assay_error *error);

    /** [coordinator] After the merge of all partials. Sets `*another_pass` to 1 for another pass,
     * whose `broadcast` is what it wrote; `partial` is then discarded. */
    assay_status (*end_pass)(void *instance, void *partial, const assay_writer *broadcast,
                             uint32_t *another_pass, assay_error *error);

    /** [coordinator] Says what the data is like: metrics, sections, findings, proposals. */
    assay_status (*finish)(void *instance, void *partial, const assay_sink *sink,
                           assay_error *error);

    /** [any thread] Ends a partial. Always called, also after errors. */
    void (*discard)(void *partial);

    /** [any thread] The analyzer's side of an extension, or null. The function itself may be
     * null. */
    const void *(*get_extension)(const struct assay_analyzer *self, assay_str id);
} assay_analyzer;

ASSAY_STATIC_ASSERT(sizeof(assay_analyzer) == 136, "assay_analyzer is frozen at 136 bytes in 1.0");

#endif
