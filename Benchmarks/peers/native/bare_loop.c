// The least that answering a request over TCP can cost: epoll, recv, send, and a fixed answer.
//
//     bare_loop PORT REQUEST_BYTES ANSWER_FILE
//
// Every REQUEST_BYTES that arrive on a connection are one request; nothing is parsed. With 0 the end of the head and
// Content-Length are looked for, since behind a proxy requests differ in length. It trusts its peers: it is a yardstick,
// not a server.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 65536, BUFFER_BYTES = 65536, EVENTS_MAX = 256, ANSWER_BYTES_MAX = 4096 };

static size_t waiting[CONNECTIONS_MAX]; // bytes of a request that is not complete, by descriptor
static char *begun[CONNECTIONS_MAX];    // the same bytes, where they must be looked at
static char buffer[BUFFER_BYTES];
static char answer[ANSWER_BYTES_MAX];
static size_t answer_bytes;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// The length of the request at the front, 0 if it is not complete.
static size_t whole_request(const char *bytes, size_t count) {
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t length = (size_t)(end - bytes) + 4;
    for (const char *line = bytes; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end + 2 - line));
        if (line == NULL) break;
        if (strncasecmp(line + 1, "content-length:", 15) == 0) {
            length += strtoul(line + 16, NULL, 10);
            break;
        }
    }
    return length <= count ? length : 0;
}

static void drop(int connection) {
    waiting[connection] = 0;
    free(begun[connection]);
    begun[connection] = NULL;
    close(connection);
}

// How many requests the bytes in `buffer` complete; what is left is kept.
static size_t complete(int connection, size_t count, size_t request_bytes) {
    size_t requests = 0;
    if (request_bytes > 0) {
        waiting[connection] += count;
        requests = waiting[connection] / request_bytes;
        waiting[connection] %= request_bytes;
        return requests;
    }
    char *bytes = buffer;
    size_t all = count;
    if (waiting[connection] > 0) {
        all = waiting[connection] + count;
        bytes = begun[connection] = realloc(begun[connection], all);
        if (bytes == NULL) fail("realloc");
        memcpy(bytes + waiting[connection], buffer, count);
    }
    size_t used = 0, length;
    while (used < all && (length = whole_request(bytes + used, all - used)) > 0) {
        used += length;
        requests++;
    }
    waiting[connection] = all - used;
    if (waiting[connection] > 0) {
        if (bytes == buffer && (begun[connection] = realloc(begun[connection], all)) == NULL) fail("realloc");
        memmove(begun[connection], bytes + used, waiting[connection]);
    }
    return requests;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: bare_loop PORT REQUEST_BYTES ANSWER_FILE\n");
        return 2;
    }
    size_t request_bytes = strtoul(arguments[2], NULL, 10);
    FILE *file = fopen(arguments[3], "rb");
    if (file == NULL) fail(arguments[3]);
    answer_bytes = fread(answer, 1, sizeof answer, file);
    fclose(file);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    if (listen(listener, 4096) != 0) fail("listen");
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);

    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int index = 0; index < ready; index++) {
            int connection = events[index].data.fd;
            if (connection == listener) {
                connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (connection < 0) continue;
                if (connection >= CONNECTIONS_MAX) {
                    close(connection);
                    continue;
                }
                setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = connection};
                epoll_ctl(poller, EPOLL_CTL_ADD, connection, &event);
                continue;
            }
            ssize_t got = recv(connection, buffer, sizeof buffer, 0);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) {
                drop(connection);
                continue;
            }
            for (size_t left = complete(connection, (size_t)got, request_bytes); left > 0; left--) {
                if (send(connection, answer, answer_bytes, MSG_NOSIGNAL) != (ssize_t)answer_bytes) {
                    drop(connection);
                    break;
                }
            }
        }
    }
}
