#ifndef VENCEJO_CEVENTLOOP_H
#define VENCEJO_CEVENTLOOP_H

// The Linux headers that the Glibc module does not expose, and thin functions around what Swift cannot say:
// packed structs, unions, macros and the calls of <sys/socket.h> whose imported form differs between C libraries.
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/types.h>

// Registers `fd`; `token` comes back with each of its events. Returns 0 or -1 with errno.
int vencejo_epoll_add_connection(int epoll, int fd, uint64_t token);  // both directions, edge-triggered
int vencejo_epoll_add_source(int epoll, int fd, uint64_t token);      // reading, level-triggered
int vencejo_epoll_remove(int epoll, int fd);

// struct epoll_event is packed on x86_64 and its data a union: read by these.
static inline uint64_t vencejo_epoll_token(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t vencejo_epoll_events(const struct epoll_event *event) { return event->events; }

enum {
    VENCEJO_EPOLL_READ = EPOLLIN,
    VENCEJO_EPOLL_WRITE = EPOLLOUT,
    VENCEJO_EPOLL_ERROR = EPOLLERR,
    VENCEJO_EPOLL_HANGUP = EPOLLHUP,
    VENCEJO_EPOLL_PEER_ENDED = EPOLLRDHUP,
};

// A bound, listening, non-blocking TCP socket. `family` is 4 or 6, `address` in text form.
// Returns the descriptor, -1 with errno, or -2 where `address` is not one of that family.
int vencejo_listen(int family, const char *address, uint16_t port, int backlog);
// The port a socket is bound to, or -1 with errno.
int vencejo_bound_port(int fd);

// Which file a path meant when it was looked at.
struct vencejo_file {
    uint64_t device;
    uint64_t inode;
};

// A bound, listening, non-blocking socket at `path`, whose file gets `mode`. A socket file that nobody accepts on is
// replaced; anything else is left alone.
// Returns the descriptor, -1 with errno, -2 where another kind of file is there, or -3 where a server accepts there.
int vencejo_listen_unix(const char *path, unsigned mode, int backlog, struct vencejo_file *file);
// Removes `path` if it still is that file.
void vencejo_unlink_own(const char *path, const struct vencejo_file *file);

// A connected, blocking socket whose calls take at most `seconds` each: the descriptor, -1 with errno, or -2 where the
// address is none.
int vencejo_connect(int family, const char *address, uint16_t port, int seconds);
int vencejo_connect_unix(const char *path, int seconds);

// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
int vencejo_accept(int fd);
// recv and send without blocking and without SIGPIPE.
ssize_t vencejo_receive(int fd, void *bytes, size_t count);
ssize_t vencejo_send(int fd, const void *bytes, size_t count);
int vencejo_half_close(int fd);
// Makes the next close of `fd` drop unsent bytes and send a reset.
void vencejo_drop_unsent(int fd);

// Blocks `signals` in the calling thread (and those it starts later).
int vencejo_block_signals(const int *signals, size_t count);
// A signalfd for `signals`, close-on-exec; blocking reads.
int vencejo_signal_descriptor(const int *signals, size_t count);
// Waits for the next signal on a signalfd: its number, or -1 with errno.
int vencejo_next_signal(int fd);

int vencejo_name_thread(const char *name);
// The calling thread runs when no other one wants the core (SCHED_IDLE). Returns 0 or -1 with errno.
int vencejo_idle_thread(void);

#endif
