#include "CEventLoop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int add(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int vencejo_epoll_add_connection(int epoll, int fd, uint64_t token) {
    return add(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

int vencejo_epoll_add_source(int epoll, int fd, uint64_t token) { return add(epoll, fd, EPOLLIN, token); }

int vencejo_epoll_remove(int epoll, int fd) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

static int close_keeping_errno(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int vencejo_listen(int family, const char *address, uint16_t port, int backlog) {
    struct sockaddr_storage storage;
    socklen_t length;
    memset(&storage, 0, sizeof storage);
    if (family == 6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) return -2;
        length = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        if (inet_pton(AF_INET, address, &v4->sin_addr) != 1) return -2;
        length = sizeof *v4;
    }
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    int off = 0;
    // A restarted server must not wait for the old one's TIME_WAIT connections.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return close_keeping_errno(fd);
    // Linux hands TCP_NODELAY on to accepted sockets: one call here instead of one a connection.
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return close_keeping_errno(fd);
    // Handed on likewise: how much the kernel takes ahead of what it can send. Without it a peer that does not read holds
    // up to tcp_wmem's 4 MB of kernel memory.
    int unsent = 256 << 10;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) != 0) return close_keeping_errno(fd);
    // "::" serves IPv4 as well, whatever the host's net.ipv6.bindv6only says.
    if (family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) return close_keeping_errno(fd);
    if (bind(fd, (struct sockaddr *)&storage, length) != 0) return close_keeping_errno(fd);
    if (listen(fd, backlog) != 0) return close_keeping_errno(fd);
    return fd;
}

int vencejo_bound_port(int fd) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(fd, (struct sockaddr *)&storage, &length) != 0) return -1;
    if (storage.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
    return ntohs(((struct sockaddr_in *)&storage)->sin_port);
}

int vencejo_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

ssize_t vencejo_receive(int fd, void *bytes, size_t count) { return recv(fd, bytes, count, MSG_DONTWAIT); }

ssize_t vencejo_send(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void vencejo_drop_unsent(int fd) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

int vencejo_half_close(int fd) { return shutdown(fd, SHUT_WR); }

static void fill(sigset_t *set, const int *signals, size_t count) {
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int vencejo_block_signals(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

int vencejo_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

int vencejo_next_signal(int fd) {
    struct signalfd_siginfo info;
    for (;;) {
        ssize_t got = read(fd, &info, sizeof info);
        if (got == (ssize_t)sizeof info) return (int)info.ssi_signo;
        if (got < 0 && errno == EINTR) continue;
        return -1;
    }
}

int vencejo_name_thread(const char *name) {
    char bounded[16];  // the kernel's limit, with the final zero
    strncpy(bounded, name, sizeof bounded - 1);
    bounded[sizeof bounded - 1] = 0;
    return pthread_setname_np(pthread_self(), bounded);
}
