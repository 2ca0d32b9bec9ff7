/* assay/resource.h: the extension `assay.resource/1`.
 *
 * Reads files of the plugin's own bundle: word lists, tables, models. Nothing else can be read
 * this way, and from a confined worker nothing else can be read at all but the system's libraries. */
#ifndef ASSAY_RESOURCE_H
#define ASSAY_RESOURCE_H

#include "types.h"

#define ASSAY_RESOURCE_ID "assay.resource/1"

/** [host-owned, lives as long as the host struct] What `assay_host.get_extension(ASSAY_RESOURCE_ID)`
 * returns. */
typedef struct assay_resources {
    uint64_t struct_size;
    void *ctx;
    assay_str folder; /**< absolute path of the bundle, for libraries that open files themselves */

    /** [any thread] Makes `content` the bytes of a file of the bundle, named relative to it, without
     * `.` and `..`. They stay valid until `destroy` returns. ASSAY_E_BAD_INPUT for another path,
     * ASSAY_E_IO when the file cannot be read. */
    assay_status (*read)(void *ctx, assay_str path, assay_bytes *content);
} assay_resources;

ASSAY_STATIC_ASSERT(sizeof(assay_resources) == 40, "assay_resources is frozen at 40 bytes");

#endif
