#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that are newer than the C library of Debian 12 and the same on every architecture. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define CLX_landlock_create_ruleset 444
#define CLX_landlock_add_rule 445
#define CLX_landlock_restrict_self 446

int clx_memory_file(const char *name) {
    return memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC);
}

int clx_seal(int fd) {
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

int clx_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clx_pidfd_kill(int pidfd) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

#define MOST_FDS 200

int clx_send(int socket, const void *bytes, uint64_t length, const int *fds, uint32_t fd_count) {
    char control[CMSG_SPACE(sizeof(int) * MOST_FDS)];
    const char *next = bytes;
    if (fd_count > MOST_FDS) { errno = EINVAL; return -1; }
    while (length > 0) {
        struct iovec part = {(void *)next, length};
        struct msghdr message = {0};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (fd_count > 0) {
            memset(control, 0, sizeof control);
            message.msg_control = control;
            message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
            struct cmsghdr *header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
            memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
        }
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        fd_count = 0;
        next += sent;
        length -= (uint64_t)sent;
    }
    return 0;
}

int64_t clx_receive(int socket, void *bytes, uint64_t capacity, int *fds, uint32_t *fd_count,
                    int waits) {
    char control[CMSG_SPACE(sizeof(int) * MOST_FDS)];
    struct iovec part = {bytes, capacity};
    struct msghdr message = {0};
    uint32_t room = *fd_count, found = 0;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got;
    int flags = MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT);
    do { got = recvmsg(socket, &message, flags); } while (got < 0 && errno == EINTR);
    *fd_count = 0;
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? CLX_NOTHING_YET : -1;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
        uint32_t count = (uint32_t)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (uint32_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
            if (found < room) fds[found++] = fd; else close(fd);
        }
    }
    *fd_count = found;
    return got;
}

int clx_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }
int clx_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

struct landlock_ruleset { uint64_t handled_access_fs; };
struct landlock_path_beneath { uint64_t allowed_access; int32_t parent_fd; } __attribute__((packed));

#define FS_EXECUTE 1ULL
#define FS_READ_FILE 4ULL
#define FS_READ_DIR 8ULL

int clx_landlock_version(void) {
    return (int)syscall(CLX_landlock_create_ruleset, NULL, 0, 1U);
}

int clx_landlock_restrict(const char *const *paths, uint32_t path_count) {
    int version = clx_landlock_version();
    if (version < 1) return -1;
    /* Version 1 knows 13 rights, version 2 adds refer, 3 truncate, 5 device ioctl. */
    uint64_t all = version >= 5 ? 0xFFFF : version >= 3 ? 0x7FFF : version == 2 ? 0x3FFF : 0x1FFF;
    struct landlock_ruleset rules = {all};
    int ruleset = (int)syscall(CLX_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (ruleset < 0) return -1;
    for (uint32_t i = 0; i < path_count; i++) {
        int fd = open(paths[i], O_PATH | O_CLOEXEC);
        if (fd < 0) continue;
        struct landlock_path_beneath rule = {FS_EXECUTE | FS_READ_FILE | FS_READ_DIR, fd};
        if (syscall(CLX_landlock_add_rule, ruleset, 1, &rule, 0) < 0) {
            rule.allowed_access = FS_EXECUTE | FS_READ_FILE; /* a file, not a folder */
            syscall(CLX_landlock_add_rule, ruleset, 1, &rule, 0);
        }
        close(fd);
    }
    int result = (int)syscall(CLX_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return result;
}

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(number, error)                                   \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),        \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

int clx_seccomp_restrict(void) {
#ifdef THIS_ARCH
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* Calls of the x32 ABI have numbers of their own. */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        /* glibc falls back from clone3 to clone, whose flags can be looked at. */
        REFUSE(SYS_clone3, ENOSYS),
        REFUSE(SYS_socket, EPERM),
        REFUSE(SYS_connect, EPERM),
        REFUSE(SYS_bind, EPERM),
        REFUSE(SYS_listen, EPERM),
        REFUSE(SYS_execve, EPERM),
        REFUSE(SYS_execveat, EPERM),
        REFUSE(SYS_ptrace, EPERM),
        REFUSE(SYS_process_vm_readv, EPERM),
        REFUSE(SYS_process_vm_writev, EPERM),
        REFUSE(SYS_mount, EPERM),
        REFUSE(SYS_setns, EPERM),
        REFUSE(SYS_unshare, EPERM),
        REFUSE(SYS_bpf, EPERM),
        REFUSE(SYS_perf_event_open, EPERM),
        REFUSE(SYS_keyctl, EPERM),
        REFUSE(SYS_add_key, EPERM),
        REFUSE(425 /* io_uring_setup */, EPERM),
#ifdef SYS_fork
        REFUSE(SYS_fork, EPERM),
        REFUSE(SYS_vfork, EPERM),
#endif
        REFUSE(SYS_kill, EPERM),
        REFUSE(SYS_tkill, EPERM),
        REFUSE(SYS_rt_sigqueueinfo, EPERM),
        REFUSE(424 /* pidfd_send_signal */, EPERM),
        REFUSE(438 /* pidfd_getfd */, EPERM),
        /* clone is for threads only. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 5, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        /* abort() signals its own process; no other may be reached. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
#else
    errno = ENOSYS;
    return -1;
#endif
}

const void *clx_call_entry(void *symbol) {
    const void *(*entry)(void);
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

int clx_exited(int status) { return WIFEXITED(status); }
int clx_exit_code(int status) { return WEXITSTATUS(status); }
int clx_term_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

uint64_t clx_peak_memory(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t clx_heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int clx_wait(int process, int *status, uint64_t *peak_memory) {
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    pid_t ended;
    do {
        ended = wait4(process, status, 0, &usage);
    } while (ended < 0 && errno == EINTR);
    *peak_memory = (uint64_t)usage.ru_maxrss * 1024;
    return ended < 0 ? -1 : 0;
}

uint64_t clx_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
void clx_store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
uint64_t clx_fetch_add(uint64_t *word, uint64_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
}
