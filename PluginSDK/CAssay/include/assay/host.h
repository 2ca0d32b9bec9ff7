/* assay/host.h: what the host offers a plugin. */
#ifndef ASSAY_HOST_H
#define ASSAY_HOST_H

#include "types.h"

#define ASSAY_LOG_DEBUG 0
#define ASSAY_LOG_INFO 1
#define ASSAY_LOG_WARNING 2

/** [host-owned, valid until `destroy` returns] Every function may be called from any thread. */
typedef struct assay_host {
    uint64_t struct_size;
    uint32_t abi_minor;
    uint32_t reserved;
    void *ctx;
    assay_str name;
    assay_str version;

    /** [any thread] Writes one line to the run's log. Never stdout, never stderr. */
    void (*log)(void *ctx, int32_t level, assay_str message);

    /** [any thread] 1 when the run was cancelled: return ASSAY_E_CANCELLED soon. */
    uint32_t (*is_cancelled)(void *ctx);

    /** [any thread] Progress inside one long call, in units of the plugin's choice. It also
     * restarts the call's deadline. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);

    /** [any thread] The extension's struct, or null. Ids are `assay.<name>/<rev>` or
     * `reverse.dns.<name>/<rev>`. */
    const void *(*get_extension)(void *ctx, assay_str id);
} assay_host;

ASSAY_STATIC_ASSERT(sizeof(assay_host) == 88, "assay_host is frozen at 88 bytes in 1.0");

#endif
