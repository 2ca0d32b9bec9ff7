/* A plain C function that knows nothing of Assay: the share of digits in each of many texts. */
#include <stdint.h>

void digit_shares(const char *data, const int64_t *offsets, int64_t rows, double *out) {
    for (int64_t row = 0; row < rows; row++) {
        int64_t digits = 0, length = offsets[row + 1] - offsets[row];
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++) digits += data[i] >= '0' && data[i] <= '9';
        out[row] = length ? (double)digits / (double)length : 0;
    }
}
