#include "CFFI.h"

#include <ffi.h>
#include <stdlib.h>
#include <string.h>

struct cffi_call {
    ffi_cif interface;
    ffi_type *types[CFFI_MOST_ARGUMENTS];
    uint8_t result;
};

static ffi_type *type_of(uint8_t type) {
    switch (type) {
    case CFFI_VOID: return &ffi_type_void;
    case CFFI_I8: return &ffi_type_sint8;
    case CFFI_I16: return &ffi_type_sint16;
    case CFFI_I32: return &ffi_type_sint32;
    case CFFI_I64: return &ffi_type_sint64;
    case CFFI_U8: return &ffi_type_uint8;
    case CFFI_U16: return &ffi_type_uint16;
    case CFFI_U32: return &ffi_type_uint32;
    case CFFI_U64: return &ffi_type_uint64;
    case CFFI_F32: return &ffi_type_float;
    case CFFI_F64: return &ffi_type_double;
    case CFFI_PTR: return &ffi_type_pointer;
    default: return NULL;
    }
}

cffi_call *cffi_prepare(const uint8_t *types, uint32_t count, uint8_t result) {
    if (count > CFFI_MOST_ARGUMENTS || !type_of(result)) return NULL;
    cffi_call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->result = result;
    for (uint32_t i = 0; i < count; i++) {
        call->types[i] = type_of(types[i]);
        if (types[i] == CFFI_VOID || !call->types[i]) { free(call); return NULL; }
    }
    if (ffi_prep_cif(&call->interface, FFI_DEFAULT_ABI, count, type_of(result), call->types) != FFI_OK) {
        free(call);
        return NULL;
    }
    return call;
}

void cffi_free(cffi_call *call) { free(call); }

uint64_t cffi_invoke(cffi_call *call, void *function, uint64_t *words) {
    void *values[CFFI_MOST_ARGUMENTS];
    void (*target)(void);
    uint64_t result = 0;
    for (uint32_t i = 0; i < call->interface.nargs; i++) values[i] = &words[i];
    memcpy(&target, &function, sizeof target);
    ffi_call(&call->interface, target, &result, values);
    /* Whole numbers below a word are widened to one; the reader takes the low bytes. */
    return result;
}
