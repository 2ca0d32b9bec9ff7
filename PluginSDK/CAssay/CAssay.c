/* The ABI is its headers; this compiles them once, so that their assertions are checked. */
#include "assay/assay.h"
