/* assay/assay.h: the whole contract between the Assay host and a strategy plugin, version 1.0.
 *
 * What may change and when is in PluginSDK/ABI.md. Growable structs begin with `struct_size` and
 * grow at the tail; read min(sizeof, struct_size), and take what is missing as zero. */
#ifndef ASSAY_H
#define ASSAY_H

#include "analyzer.h"
#include "arrow.h"
#include "batch.h"
#include "embed.h"
#include "error.h"
#include "finding.h"
#include "groups.h"
#include "host.h"
#include "language.h"
#include "library.h"
#include "metric.h"
#include "parallel.h"
#include "pass.h"
#include "proposal.h"
#include "resource.h"
#include "section.h"
#include "sink.h"
#include "types.h"
#include "writer.h"

#endif
