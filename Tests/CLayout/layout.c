#include "CLayout.h"

#include <assay/assay.h>

#include <stddef.h>
#include <stdio.h>

#define STRUCT(type) PRINT("%s %zu\n", #type, sizeof(type))
#define FIELD(type, name) PRINT("  %s @%zu\n", #name, offsetof(type, name))
#define PRINT(...)                                                                             \
    used += (uint64_t)snprintf(used < capacity ? buffer + used : NULL,                         \
                               used < capacity ? (size_t)(capacity - used) : 0, __VA_ARGS__)

uint64_t assay_layout(char *buffer, uint64_t capacity) {
    uint64_t used = 0;
    STRUCT(assay_str); FIELD(assay_str, ptr); FIELD(assay_str, len);
    STRUCT(assay_bytes); FIELD(assay_bytes, ptr); FIELD(assay_bytes, len);
    STRUCT(assay_error); FIELD(assay_error, struct_size); FIELD(assay_error, message_capacity);
    FIELD(assay_error, message); FIELD(assay_error, row);
    STRUCT(assay_host); FIELD(assay_host, struct_size); FIELD(assay_host, abi_minor);
    FIELD(assay_host, reserved); FIELD(assay_host, ctx); FIELD(assay_host, name);
    FIELD(assay_host, version); FIELD(assay_host, log); FIELD(assay_host, is_cancelled);
    FIELD(assay_host, progress); FIELD(assay_host, get_extension);
    STRUCT(assay_writer); FIELD(assay_writer, struct_size); FIELD(assay_writer, ctx);
    FIELD(assay_writer, write);
    STRUCT(assay_batch); FIELD(assay_batch, struct_size); FIELD(assay_batch, first_row);
    FIELD(assay_batch, schema); FIELD(assay_batch, array);
    STRUCT(assay_pass); FIELD(assay_pass, struct_size); FIELD(assay_pass, pass);
    FIELD(assay_pass, role); FIELD(assay_pass, shard); FIELD(assay_pass, shard_count);
    FIELD(assay_pass, seed); FIELD(assay_pass, broadcast); FIELD(assay_pass, host);
    FIELD(assay_pass, schema);
    STRUCT(assay_finding); FIELD(assay_finding, struct_size); FIELD(assay_finding, severity);
    FIELD(assay_finding, role); FIELD(assay_finding, row); FIELD(assay_finding, group);
    FIELD(assay_finding, code); FIELD(assay_finding, column); FIELD(assay_finding, span_begin);
    FIELD(assay_finding, span_end); FIELD(assay_finding, score); FIELD(assay_finding, message);
    FIELD(assay_finding, evidence_json);
    STRUCT(assay_proposal); FIELD(assay_proposal, struct_size); FIELD(assay_proposal, action);
    FIELD(assay_proposal, role); FIELD(assay_proposal, row); FIELD(assay_proposal, group);
    FIELD(assay_proposal, code); FIELD(assay_proposal, confidence);
    FIELD(assay_proposal, number); FIELD(assay_proposal, column); FIELD(assay_proposal, text);
    STRUCT(assay_metric); FIELD(assay_metric, struct_size); FIELD(assay_metric, name);
    FIELD(assay_metric, unit); FIELD(assay_metric, value); FIELD(assay_metric, n);
    FIELD(assay_metric, low); FIELD(assay_metric, high); FIELD(assay_metric, direction);
    FIELD(assay_metric, flags); FIELD(assay_metric, help);
    STRUCT(assay_section); FIELD(assay_section, struct_size); FIELD(assay_section, kind);
    FIELD(assay_section, title); FIELD(assay_section, body_json);
    STRUCT(assay_sink); FIELD(assay_sink, struct_size); FIELD(assay_sink, ctx);
    FIELD(assay_sink, finding); FIELD(assay_sink, proposal); FIELD(assay_sink, scores);
    FIELD(assay_sink, metric); FIELD(assay_sink, section);
    STRUCT(assay_member); FIELD(assay_member, role); FIELD(assay_member, reserved);
    FIELD(assay_member, row); FIELD(assay_member, payload);
    STRUCT(assay_group_emitter); FIELD(assay_group_emitter, struct_size);
    FIELD(assay_group_emitter, emit);
    STRUCT(assay_grouping); FIELD(assay_grouping, struct_size); FIELD(assay_grouping, group);
    STRUCT(assay_resources); FIELD(assay_resources, struct_size); FIELD(assay_resources, ctx);
    FIELD(assay_resources, folder); FIELD(assay_resources, read);
    STRUCT(assay_embedder); FIELD(assay_embedder, struct_size); FIELD(assay_embedder, ctx);
    FIELD(assay_embedder, dimensions); FIELD(assay_embedder, reserved);
    FIELD(assay_embedder, embed);
    STRUCT(assay_language_teller); FIELD(assay_language_teller, struct_size);
    FIELD(assay_language_teller, ctx); FIELD(assay_language_teller, tell);
    STRUCT(assay_parallel); FIELD(assay_parallel, struct_size); FIELD(assay_parallel, ctx);
    FIELD(assay_parallel, threads); FIELD(assay_parallel, reserved);
    FIELD(assay_parallel, for_each);
    STRUCT(assay_analyzer); FIELD(assay_analyzer, struct_size);
    FIELD(assay_analyzer, state_format); FIELD(assay_analyzer, flags);
    FIELD(assay_analyzer, id); FIELD(assay_analyzer, version); FIELD(assay_analyzer, create);
    FIELD(assay_analyzer, destroy); FIELD(assay_analyzer, begin); FIELD(assay_analyzer, scan);
    FIELD(assay_analyzer, merge); FIELD(assay_analyzer, save); FIELD(assay_analyzer, load);
    FIELD(assay_analyzer, end_pass); FIELD(assay_analyzer, finish);
    FIELD(assay_analyzer, discard); FIELD(assay_analyzer, get_extension);
    STRUCT(assay_library); FIELD(assay_library, struct_size); FIELD(assay_library, abi_minor);
    FIELD(assay_library, analyzer_count); FIELD(assay_library, analyzers);
    return used;
}
