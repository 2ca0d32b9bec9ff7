#include "CSimdjson.h"

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

namespace {
struct Fault {
    const char *reason;
    const char *place;
};

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view token) {
    while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
    return token;
}

bool is_number(std::string_view t) {
    size_t i = 0;
    auto digits = [&] { size_t s = i; while (i < t.size() && is_digit(t[i])) i++; return i > s; };
    if (i < t.size() && t[i] == '-') i++;
    if (i < t.size() && t[i] == '0') i++;
    else if (!digits()) return false;
    if (i < t.size() && t[i] == '.') { i++; if (!digits()) return false; }
    if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
        i++;
        if (i < t.size() && (t[i] == '+' || t[i] == '-')) i++;
        if (!digits()) return false;
    }
    return i == t.size();
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

long unit(const char *p, const char *end) {
    if (end - p < 4) return -1;
    long value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex(p[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}
}  // namespace

struct csj_parser {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    size_t capacity = 0;
    std::vector<char> text;
    std::vector<size_t> open;
    std::vector<csj_node> nodes;
    std::vector<uint8_t> strings;
    std::string message;

    void utf8(long c) {
        if (c < 0x80) { strings.push_back(uint8_t(c)); return; }
        if (c < 0x800) { strings.push_back(uint8_t(0xC0 | c >> 6)); }
        else if (c < 0x10000) {
            strings.push_back(uint8_t(0xE0 | c >> 12));
            strings.push_back(uint8_t(0x80 | (c >> 6 & 63)));
        } else {
            strings.push_back(uint8_t(0xF0 | c >> 18));
            strings.push_back(uint8_t(0x80 | (c >> 12 & 63)));
            strings.push_back(uint8_t(0x80 | (c >> 6 & 63)));
        }
        strings.push_back(uint8_t(0x80 | (c & 63)));
    }

    // Copies the string that starts after the quote at `p` and returns its closing quote.
    const char *string(const char *p, const char *end) {
        csj_node node{CSJ_STRING, 0, uint32_t(strings.size()), 0, uint32_t(p - 1 - text.data()), 0};
        for (;;) {
            const char *run = p;
            while (p < end && *p != '"' && *p != '\\') {
                if (uint8_t(*p) < 0x20) throw Fault{"a control character stands in a string; write it as \\u00XX", p};
                p++;
            }
            strings.insert(strings.end(), run, p);
            if (p >= end) throw Fault{"a string is not closed", run};
            if (*p == '"') break;
            if (++p >= end) throw Fault{"a string is not closed", run};
            switch (*p++) {
                case '"': strings.push_back('"'); break;
                case '\\': strings.push_back('\\'); break;
                case '/': strings.push_back('/'); break;
                case 'b': strings.push_back(8); break;
                case 'f': strings.push_back(12); break;
                case 'n': strings.push_back(10); break;
                case 'r': strings.push_back(13); break;
                case 't': strings.push_back(9); break;
                case 'u': {
                    long c = unit(p, end);
                    if (c < 0) throw Fault{"expected four hexadecimal digits after \\u", p};
                    p += 4;
                    if (c >= 0xD800 && c < 0xDC00) {
                        long low = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? unit(p + 2, end) : -1;
                        if (low >= 0xDC00 && low < 0xE000) {
                            p += 6;
                            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                        } else {
                            c = 0xFFFD;
                        }
                    } else if (c >= 0xDC00 && c < 0xE000) {
                        c = 0xFFFD;
                    }
                    utf8(c);
                    break;
                }
                default: throw Fault{"found an unknown escape in a string", p - 2};
            }
        }
        node.length = uint32_t(strings.size()) - node.offset;
        node.end = uint32_t(p + 1 - text.data());
        nodes.push_back(node);
        nodes.back().next = uint32_t(nodes.size());
        return p;
    }

    void scalar(std::string_view token) {
        token = trimmed(token);
        const char *p = token.data();
        uint32_t begin = uint32_t(p - text.data()), size = uint32_t(token.size());
        csj_node node{CSJ_NULL, 0, begin, size, begin, begin + size};
        if (token.empty()) throw Fault{"expected a value", p};
        if (token[0] == '"') {
            if (string(p + 1, p + token.size()) != p + token.size() - 1) {
                throw Fault{"found text after a string", p};
            }
            return;
        }
        if (token == "null") node.kind = CSJ_NULL;
        else if (token == "true") node.kind = CSJ_TRUE;
        else if (token == "false") node.kind = CSJ_FALSE;
        else if (is_number(token)) node.kind = CSJ_NUMBER;
        else throw Fault{"found something that is not a JSON value", p};
        nodes.push_back(node);
        nodes.back().next = uint32_t(nodes.size());
    }

    // The grammar over the structural indexes, without recursion: nesting costs memory only.
    void walk(size_t length) {
        const uint32_t *next = stage->structural_indexes.get();
        const uint32_t *last = next + stage->n_structural_indexes;
        const char *begin = text.data();
        open.clear();
        auto peek = [&]() -> char { return next < last ? begin[*next] : '\0'; };
        auto token = [&]() {
            size_t from = *next++, to = next < last ? *next : length;
            return std::string_view(begin + from, to - from);
        };
        auto fail = [&](const char *reason) -> Fault {
            return Fault{reason, next < last ? begin + *next : begin + length};
        };
        auto key = [&] {
            if (peek() != '"') throw fail("expected a key in double quotes");
            scalar(token());
            if (peek() != ':') throw fail("expected ':' after a key");
            next++;
        };
        for (;;) {
            bool complete = true;
            switch (peek()) {
                case '\0': throw fail("expected a value, found the end");
                case '[': case '{': {
                    bool is_object = peek() == '{';
                    uint32_t begin = *next++;
                    open.push_back(nodes.size());
                    nodes.push_back(
                        csj_node{uint32_t(is_object ? CSJ_OBJECT : CSJ_ARRAY), 0, 0, 0, begin, 0});
                    if (peek() == (is_object ? '}' : ']')) break;
                    if (is_object) key();
                    complete = false;
                    break;
                }
                case ']': case '}': case ',': case ':':
                    throw fail("expected a value, found punctuation");
                default: scalar(token());
            }
            while (complete) {
                if (open.empty()) {
                    if (next < last) throw fail("found text after the end of the value");
                    return;
                }
                csj_node &parent = nodes[open.back()];
                bool is_object = parent.kind == CSJ_OBJECT;
                bool is_empty = open.back() + 1 == nodes.size();
                if (!is_empty) parent.length++;
                if (peek() == (is_object ? '}' : ']')) {
                    parent.end = *next++ + 1;
                    parent.next = uint32_t(nodes.size());
                    open.pop_back();
                } else if (peek() == ',' && !is_empty) {
                    next++;
                    if (is_object) key();
                    complete = false;
                } else if (next >= last) {
                    throw fail(is_object ? "an object is not closed" : "an array is not closed");
                } else {
                    throw fail(is_object ? "expected ',' or '}'" : "expected ',' or ']'");
                }
            }
        }
    }

    void parse(size_t length) {
        if (length > capacity || !stage) {
            size_t wanted = length < 4096 ? 4096 : length + length / 4;
            auto error = stage ? stage->set_capacity(wanted)
                               : simdjson::get_active_implementation()
                                     ->create_dom_parser_implementation(wanted, 16, stage);
            if (error) { stage.reset(); capacity = 0; throw simdjson::simdjson_error(error); }
            capacity = wanted;
        }
        auto error = stage->stage1(reinterpret_cast<const uint8_t *>(text.data()), length,
                                   simdjson::stage1_mode::regular);
        switch (error) {
            case simdjson::SUCCESS: break;
            case simdjson::EMPTY: throw Fault{"expected a value, found nothing", nullptr};
            case simdjson::UTF8_ERROR: throw Fault{"the bytes are not valid UTF-8", invalid(length)};
            case simdjson::UNCLOSED_STRING: throw Fault{"a string is not closed", nullptr};
            case simdjson::UNESCAPED_CHARS:
                throw Fault{"a control character stands in a string; it must be escaped", nullptr};
            default: throw simdjson::simdjson_error(error);
        }
        walk(length);
    }

    // The first byte that breaks UTF-8, by halving.
    const char *invalid(size_t length) {
        size_t good = 0, bad = length;
        while (bad - good > 1) {
            size_t middle = good + (bad - good) / 2, cut = middle;
            while (cut > good && (text[cut] & 0xC0) == 0x80) cut--;
            if (cut <= good) cut = middle;
            if (simdjson::validate_utf8(text.data() + good, cut - good)) good = cut; else bad = cut;
        }
        return text.data() + good;
    }
};

csj_parser *csj_parser_new(void) { return new (std::nothrow) csj_parser; }
void csj_parser_free(csj_parser *parser) { delete parser; }

csj_document csj_parse(csj_parser *p, const uint8_t *bytes, uint64_t length) {
    csj_document out{nullptr, 0, nullptr, nullptr, 0};
    const char *place = nullptr;
    try {
        p->nodes.clear();
        p->strings.clear();
        p->text.resize(length + simdjson::SIMDJSON_PADDING);
        if (length) std::memcpy(p->text.data(), bytes, length);
        std::memset(p->text.data() + length, 0, simdjson::SIMDJSON_PADDING);
        p->parse(length);
        out.nodes = p->nodes.data();
        out.node_count = p->nodes.size();
        out.strings = p->strings.data();
        return out;
    } catch (const Fault &fault) {
        place = fault.place;
        p->message = fault.reason;
    } catch (const simdjson::simdjson_error &error) {
        p->message = error.what();
        while (!p->message.empty() && p->message.back() == '.') p->message.pop_back();
    } catch (const std::bad_alloc &) {
        p->message = "not enough memory for this record";
    } catch (const std::exception &error) {
        p->message = error.what();
    }
    out.error = p->message.c_str();
    const char *begin = p->text.data();
    if (place >= begin && place <= begin + length) out.error_offset = uint64_t(place - begin);
    return out;
}

int32_t csj_is_utf8(const uint8_t *text, uint64_t length) {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(text), length);
}
