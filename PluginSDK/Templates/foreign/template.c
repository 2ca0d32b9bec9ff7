/* A plain C function that knows nothing of assay: the share of capital letters in each of many texts. */
#include <stdint.h>

void capital_shares(const char *data, const int64_t *offsets, int64_t rows, double *out) {
    for (int64_t row = 0; row < rows; row++) {
        int64_t capitals = 0, length = offsets[row + 1] - offsets[row];
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++) capitals += data[i] >= 'A' && data[i] <= 'Z';
        out[row] = length ? (double)capitals / (double)length : 0;
    }
}
