#include "CEventLoop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
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

// The length of the address, or 0 where the text is none of that family.
static socklen_t ip_address(int family, const char *address, uint16_t port, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (family == 6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return inet_pton(AF_INET6, address, &v6->sin6_addr) == 1 ? sizeof *v6 : 0;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return inet_pton(AF_INET, address, &v4->sin_addr) == 1 ? sizeof *v4 : 0;
}

int vencejo_listen(int family, const char *address, uint16_t port, int backlog) {
    struct sockaddr_storage storage;
    socklen_t length = ip_address(family, address, port, &storage);
    if (length == 0) return -2;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    int off = 0;
    // A restarted server must not wait for the old one's TIME_WAIT connections.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return close_keeping_errno(fd);
    // Linux hands TCP_NODELAY on to accepted sockets: one call here instead of one a connection.
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return close_keeping_errno(fd);
    // Handed on likewise: a peer that has vanished without a word is found out in two minutes, also where nothing is due.
    int idle = 75, interval = 15, probes = 3;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes) != 0)
        return close_keeping_errno(fd);
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

// Whether the path fits, with its final zero.
static int unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof address->sun_path) return 0;
    memcpy(address->sun_path, path, length);
    return 1;
}

// Holds a lock on the directory of `path`, so that of two servers which start together one finds the other's socket
// live, and neither takes it for a stale one between bind and listen. Best effort: -1 where there is no lock to be had.
static int lock_directory(const struct sockaddr_un *address) {
    char directory[sizeof address->sun_path];
    memcpy(directory, address->sun_path, sizeof directory);
    char *slash = strrchr(directory, '/');
    if (slash == NULL) {
        strcpy(directory, ".");
    } else {
        slash[slash == directory] = 0;
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    // Somebody else may hold a lock there for as long as they like: two seconds are enough for another start.
    for (int tries = 0; tries < 200; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
        if (errno != EWOULDBLOCK) break;
        poll(NULL, 0, 10);
    }
    close(fd);
    return -1;
}

// 1 where somebody accepts, 0 where nobody does, -1 with errno.
static int is_live(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int live = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 1 : -1;
    if (live < 0 && errno == EAGAIN) live = 1;  // its backlog is full
    if (live < 0 && (errno == ECONNREFUSED || errno == ENOENT)) live = 0;
    close_keeping_errno(fd);
    return live;
}

static int listen_unix(const struct sockaddr_un *address, unsigned mode, int backlog, struct vencejo_file *file) {
    struct stat status;
    if (lstat(address->sun_path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) return -2;
        int live = is_live(address);
        if (live < 0) return -1;
        if (live > 0) return -3;
        if (unlink(address->sun_path) != 0 && errno != ENOENT) return -1;
    } else if (errno != ENOENT) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    // The file is born with the mode of the socket less the umask, so never with more than was asked for; chmod then
    // gives back what the umask took. Nobody can connect before listen.
    if (fchmod(fd, mode) != 0) return close_keeping_errno(fd);
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) return close_keeping_errno(fd);
    if (lstat(address->sun_path, &status) != 0 || chmod(address->sun_path, mode) != 0 || listen(fd, backlog) != 0) {
        int saved = errno;
        unlink(address->sun_path);
        errno = saved;
        return close_keeping_errno(fd);
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    return fd;
}

int vencejo_listen_unix(const char *path, unsigned mode, int backlog, struct vencejo_file *file) {
    struct sockaddr_un address;
    if (!unix_address(path, &address)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int lock = lock_directory(&address);
    int fd = listen_unix(&address, mode, backlog, file);
    if (lock >= 0) close_keeping_errno(lock);
    return fd;
}

void vencejo_unlink_own(const char *path, const struct vencejo_file *file) {
    struct stat status;
    if (lstat(path, &status) != 0) return;
    if (status.st_dev == file->device && status.st_ino == file->inode) unlink(path);
}

static int connected(const struct sockaddr *address, socklen_t length, int seconds) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct timeval timeout = {.tv_sec = seconds, .tv_usec = 0};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 || connect(fd, address, length) != 0)
        return close_keeping_errno(fd);
    return fd;
}

int vencejo_connect(int family, const char *address, uint16_t port, int seconds) {
    struct sockaddr_storage storage;
    socklen_t length = ip_address(family, address, port, &storage);
    return length == 0 ? -2 : connected((const struct sockaddr *)&storage, length, seconds);
}

int vencejo_connect_unix(const char *path, int seconds) {
    struct sockaddr_un address;
    if (!unix_address(path, &address)) return -2;
    return connected((const struct sockaddr *)&address, sizeof address, seconds);
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

// Not by the function of the C library: musl's does nothing.
int vencejo_idle_thread(void) {
    struct sched_param parameters = {0};
    return (int)syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &parameters);
}
