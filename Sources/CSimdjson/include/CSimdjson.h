/* One JSON document as a flat list of nodes.
 *
 * simdjson's first stage (vectorised, chosen for the processor at run time) finds the structure and
 * checks UTF-8; a walk without recursion checks the grammar. On-Demand is not used: its
 * implementation is fixed at compile time, which without -march means the slow one. Everything is validated: structure, literals, number grammar, escapes, UTF-8, trailing text.
 * Numbers keep their text, so integers beyond 64 bits lose nothing. */
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CSJ_NULL 0
#define CSJ_FALSE 1
#define CSJ_TRUE 2
#define CSJ_NUMBER 3
#define CSJ_STRING 4
#define CSJ_ARRAY 5
#define CSJ_OBJECT 6

/** One value, or one key of an object (a CSJ_STRING before its value). */
typedef struct csj_node {
    uint32_t kind;
    uint32_t next;   /**< index of the node after this value and everything in it */
    uint32_t offset; /**< strings: into `strings`; numbers: into the document */
    uint32_t length; /**< bytes; arrays and objects: number of elements or members */
    uint32_t begin;  /**< first byte of the value in the document, quotes and brackets included */
    uint32_t end;    /**< the byte after it */
} csj_node;

typedef struct csj_parser csj_parser;

/** What `csj_parse` found. Valid until the parser's next call. */
typedef struct csj_document {
    const csj_node *nodes;
    uint64_t node_count;
    const uint8_t *strings; /**< unescaped strings; a lone surrogate becomes U+FFFD */
    const char *error;      /**< null, or the reason why it is not JSON */
    uint64_t error_offset;  /**< byte of the document near the fault */
} csj_document;

/** A parser for one thread; null when memory is short. */
csj_parser *csj_parser_new(void);
void csj_parser_free(csj_parser *parser);

/** Parses `length` bytes at `text`. O(length). */
csj_document csj_parse(csj_parser *parser, const uint8_t *text, uint64_t length);

/** 1 when the bytes are valid UTF-8. */
int32_t csj_is_utf8(const uint8_t *text, uint64_t length);

#ifdef __cplusplus
}
#endif
#endif
