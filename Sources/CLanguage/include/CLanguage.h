/* CLD2 behind one C function. */
#ifndef CLANGUAGE_H
#define CLANGUAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLG_TAG_BYTES 16

/** Tells the language of `length` bytes of valid UTF-8. Writes a terminated tag (`en`, `zh`, `zh-Hant`,
 * `un` for unknown) and returns the share of the text that is in it, 0 to 1; negative when the guess
 * is not reliable. Any thread. */
double clg_detect(const char *text, uint32_t length, char tag[CLG_TAG_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
