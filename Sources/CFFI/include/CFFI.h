/* Calls of C functions whose types are known only when the program runs. */
#ifndef CFFI_H
#define CFFI_H

#include <stdint.h>

#define CFFI_VOID 0
#define CFFI_I8 1
#define CFFI_I16 2
#define CFFI_I32 3
#define CFFI_I64 4
#define CFFI_U8 5
#define CFFI_U16 6
#define CFFI_U32 7
#define CFFI_U64 8
#define CFFI_F32 9
#define CFFI_F64 10
#define CFFI_PTR 11

#define CFFI_MOST_ARGUMENTS 12

/** A prepared call; freed with cffi_free. */
typedef struct cffi_call cffi_call;

/** Prepares a call of some argument types and a result; null for types it does not know. */
cffi_call *cffi_prepare(const uint8_t *types, uint32_t count, uint8_t result);
void cffi_free(cffi_call *call);

/** Makes a call: `words` hold the arguments in their first bytes, the result's word is returned. */
uint64_t cffi_invoke(cffi_call *call, void *function, uint64_t *words);

#endif
