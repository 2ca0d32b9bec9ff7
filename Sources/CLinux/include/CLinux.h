/* System calls and C macros that Swift cannot reach. Every function returns -1 and sets errno on
 * failure, as the call behind it does. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

/** An anonymous file in memory that can be sealed. */
int clx_memory_file(const char *name);
/** Forbids writing, growing and shrinking, and further seals. */
int clx_seal(int fd);
/** A descriptor that becomes readable when the process ends. */
int clx_pidfd_open(pid_t pid);
/** SIGKILL through the descriptor, so that a reused number is never hit. */
int clx_pidfd_kill(int pidfd);

/** Sends `length` bytes and up to 200 descriptors in one message; all or -1. */
int clx_send(int socket, const void *bytes, uint64_t length, const int *fds, uint32_t fd_count);
/** Receives up to `capacity` bytes; `*fd_count` is room in, number received out. 0 when the other
 * side is gone; CLX_NOTHING_YET when `waits` is 0 and nothing has come. */
#define CLX_NOTHING_YET (-2)
int64_t clx_receive(int socket, void *bytes, uint64_t capacity, int *fds, uint32_t *fd_count,
                    int waits);

/** Asks for SIGKILL when the parent thread ends. */
int clx_die_with_parent(void);
int clx_no_new_privileges(void);
/** Highest landlock ABI of the kernel, or -1. */
int clx_landlock_version(void);
/** Confines the process to reading (and mapping as code) below the given folders and files. */
int clx_landlock_restrict(const char *const *paths, uint32_t path_count);
/** Refuses sockets, exec, fork, ptrace and the rest of abi.md's list with EPERM. */
int clx_seccomp_restrict(void);

/** Calls the entry point of a plugin. */
const void *clx_call_entry(void *symbol);

/** Status words of waitpid. */
int clx_exited(int status);
int clx_exit_code(int status);
int clx_term_signal(int status);

/** Most bytes this process has held, in physical memory. */
uint64_t clx_peak_memory(void);

/** Bytes of the heap that are in use, in all arenas and mappings. */
uint64_t clx_heap_bytes(void);

/** Waits for a child; gives its status and the most bytes it held. -1 when there is no such child. */
int clx_wait(int process, int *status, uint64_t *peak_memory);

/** Relaxed atomic access to words in shared memory. */
uint64_t clx_load(const uint64_t *word);
void clx_store(uint64_t *word, uint64_t value);
uint64_t clx_fetch_add(uint64_t *word, uint64_t value);

#endif
