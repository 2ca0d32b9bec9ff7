/* assay/section.h: a piece of report that the host can draw without knowing the plugin. */
#ifndef ASSAY_SECTION_H
#define ASSAY_SECTION_H

#include "types.h"

/** [plugin-owned, borrowed for the call of the sink]
 *
 * `kind` is `table`, `bars`, `histogram`, `matrix`, `scatter`, `examples` or `text`; the shape of
 * `body_json` for each is in PluginSDK/ABI.md. A kind the host does not know is kept and not drawn. */
typedef struct assay_section {
    uint64_t struct_size;
    assay_str kind;
    assay_str title;
    assay_str body_json;
} assay_section;

ASSAY_STATIC_ASSERT(sizeof(assay_section) == 56, "assay_section is frozen at 56 bytes in 1.0");

#endif
