#include "CLanguage.h"

#include <cstdio>
#include <cstring>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

// Not among the public header's flags by a name that links: give an answer for short texts too.
static const int best_effort = 0x4000;

extern "C" double clg_detect(const char *text, uint32_t length, char tag[CLG_TAG_BYTES]) {
    CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[3];
    int percents[3];
    double scores[3];
    int text_bytes = 0;
    bool is_reliable = false;
    const CLD2::Language found = CLD2::ExtDetectLanguageSummary(
        text, static_cast<int>(length), true, &hints, best_effort, languages, percents, scores, nullptr,
        &text_bytes, &is_reliable);
    std::snprintf(tag, CLG_TAG_BYTES, "%s", CLD2::LanguageCode(found));
    double share = 0;
    for (int index = 0; index < 3; index++) {
        if (languages[index] == found) share = percents[index] / 100.0;
    }
    return is_reliable ? share : -share;
}
