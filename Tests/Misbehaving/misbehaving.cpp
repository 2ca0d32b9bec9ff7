// A plugin that misbehaves in the way its configuration names, on the row whose prompt is "boom".
#include <assay/assay.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#define TEXT(literal) assay_str{literal, sizeof(literal) - 1}

namespace {
std::string *behaviour(void *instance) { return static_cast<std::string *>(instance); }

const assay_host *host = nullptr;
assay_status create(const assay_analyzer *, const assay_host *given, assay_bytes config, void **out, assay_error *) {
    host = given;
    *out = new std::string(reinterpret_cast<const char *>(config.ptr), config.len);
    return ASSAY_OK;
}
void destroy(void *instance) { delete behaviour(instance); }
assay_status begin(void *instance, const assay_pass *, void **out, assay_error *) {
    *out = new std::string(*behaviour(instance));
    return ASSAY_OK;
}
void discard(void *partial) { delete behaviour(partial); }

assay_status report(const assay_sink *sink, int64_t row, double score, assay_str message,
                    assay_str code = TEXT("BAD001")) {
    assay_finding f{};
    f.struct_size = sizeof f;
    f.severity = ASSAY_SEVERITY_LOW;
    f.row = row;
    f.code = code;
    f.score = score;
    f.message = message;
    return sink->finding(sink->ctx, &f);
}

// Tries to leave the sandbox in every way it knows; names the ways that worked.
std::string escapes() {
    std::string found;
    auto note = [&](const char *way, bool worked) { if (worked) found += std::string(found.empty() ? "" : " ") + way; };
    note("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    note("read", open("/etc/passwd", O_RDONLY) >= 0);
    note("write", open("/tmp/assay-escape", O_WRONLY | O_CREAT, 0600) >= 0);
    note("signal", kill(getppid(), 0) == 0);
    note("ptrace", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0);
    char *arguments[] = {const_cast<char *>("/bin/true"), nullptr};
    pid_t child = fork();
    if (child == 0) _exit(0);
    note("fork", child > 0);
    execv(arguments[0], arguments);  // Comes back only where it is refused.
    return found.empty() ? "confined" : found;
}

assay_status misbehave(const std::string &how, int64_t row, const assay_sink *sink) {
    auto is = [&](const char *name) { return how.find(std::string("\"") + name + "\"") != std::string::npos; };
    if (is("segfault")) { *reinterpret_cast<volatile int *>(8) = 1; }
    if (is("trap")) { __builtin_trap(); }
    if (is("throw")) { throw std::runtime_error("thrown by the plugin"); }
    if (is("loop")) { for (volatile int i = 0;; i = i + 1) {} }
    if (is("gibberish")) { if (write(3, "x", 1) == 1) for (volatile int i = 0;; i = i + 1) {} }
    if (is("hangup")) { close(3); for (volatile int i = 0;; i = i + 1) {} }
    if (is("exit")) { std::exit(0); }
    if (is("hog")) { for (;;) { std::memset(::operator new(64 << 20), 1, 64 << 20); } }
    if (is("print")) { std::puts("a plugin must not print"); std::fflush(stdout); }
    if (is("rows")) { return report(sink, 1000000, 0.5, TEXT("a row that is not there")); }
    if (is("manyrows")) {
        for (int64_t other = 0; other < 1000; other++) report(sink, 1000000 + other, 0.5, TEXT("one of many"));
        return ASSAY_OK;
    }
    if (is("group")) {
        assay_proposal p{};
        p.struct_size = sizeof p;
        p.action = ASSAY_ACTION_DROP;
        p.row = row;
        p.group = 1000000;
        p.code = TEXT("BAD001");
        p.confidence = 1;
        return sink->proposal(sink->ctx, &p);
    }
    if (is("claim") || is("twice")) {
        assay_metric m{};
        m.struct_size = sizeof m;
        m.name = TEXT("noise.rate");
        m.n = 1;
        assay_status status = sink->metric(sink->ctx, &m);
        return is("twice") ? sink->metric(sink->ctx, &m) : status;
    }
    if (is("log")) { host->log(host->ctx, 1, TEXT("what it has to say")); }
    if (is("nap")) { usleep(1300000); }
    if (is("utf8")) { return report(sink, row, 0.5, TEXT("broken \xff text")); }
    if (is("undeclared")) { return report(sink, row, 0.5, TEXT("a code of its own"), TEXT("OWN001")); }
    if (is("escape")) {
        std::string ways = escapes();
        return report(sink, row, 0.5, assay_str{ways.data(), ways.size()});
    }
    if (is("older")) {  // As a plugin does that was built before `evidence_json` was added.
        assay_finding f{};
        f.struct_size = offsetof(assay_finding, evidence_json);
        f.row = row;
        f.code = TEXT("BAD001");
        f.score = 0.5;
        f.message = TEXT("an older plugin");
        f.evidence_json = TEXT("not to be read");
        return sink->finding(sink->ctx, &f);
    }
    if (is("nan")) { return report(sink, row, std::nan(""), TEXT("no number")); }
    return ASSAY_OK;
}

assay_status scan(void *partial, const assay_batch *batch, const assay_sink *sink, assay_error *) {
    const ArrowArray *column = batch->array->children[0];
    auto offsets = static_cast<const int64_t *>(column->buffers[1]);
    auto bytes = static_cast<const char *>(column->buffers[2]);
    for (int64_t row = 0; row < column->length; row++) {
        if (std::string(bytes + offsets[row], bytes + offsets[row + 1]) != "boom") continue;
        assay_status status = misbehave(*behaviour(partial), int64_t(batch->first_row) + row, sink);
        if (status != ASSAY_OK) return status;
    }
    return ASSAY_OK;
}
assay_status merge(void *, void *, assay_error *) { return ASSAY_OK; }
assay_status save(void *partial, const assay_writer *writer, assay_error *) {
    auto text = behaviour(partial);
    return writer->write(writer->ctx, assay_bytes{reinterpret_cast<const uint8_t *>(text->data()), text->size()});
}
assay_status load(void *, const assay_pass *, assay_bytes state, void **out, assay_error *) {
    *out = new std::string(reinterpret_cast<const char *>(state.ptr), state.len);
    return ASSAY_OK;
}
assay_status end_pass(void *, void *, const assay_writer *, uint32_t *another, assay_error *) {
    *another = 0;
    return ASSAY_OK;
}
assay_status finish(void *, void *, const assay_sink *, assay_error *) { return ASSAY_OK; }

const assay_analyzer analyzer = {sizeof analyzer, 1, 0, TEXT("org.assay.test.misbehaving"), TEXT("1.0.0"),
                                 create, destroy, begin, scan, merge, save, load, end_pass, finish, discard, nullptr};
const assay_analyzer *const analyzers[] = {&analyzer};
const assay_library library = {sizeof library, ASSAY_ABI_MINOR, 1, analyzers};
}  // namespace

const assay_library *assay_library_v1(void) { return &library; }
