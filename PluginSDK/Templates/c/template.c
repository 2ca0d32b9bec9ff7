#include <assay/scorer.h>

/* 0 for a good text, 1 for a bad one: here, the share of capital letters. */
static double score(const char *text, uint64_t length) {
    uint64_t capitals = 0;
    for (uint64_t i = 0; i < length; i++) capitals += text[i] >= 'A' && text[i] <= 'Z';
    return length ? (double)capitals / (double)length : 0;
}
ASSAY_ROW_SCORER("org.example.template", "1.0.0", noise, score)
