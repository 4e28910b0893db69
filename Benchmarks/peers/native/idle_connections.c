// Opens connections, sends one request on each, reads its answer, and then keeps them all open and silent.
//
//     idle_connections PORT CONNECTIONS REQUEST_FILE
//
// It prints `open N` when all have been answered, and ends when its input is closed. Every 8192 connections have a
// loopback address of their own, so that ports never run short, and all are reset at the end, so that none lingers.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: idle_connections PORT CONNECTIONS REQUEST_FILE\n");
        return 2;
    }
    int wanted = atoi(arguments[2]), opened = 0;
    rlim_t descriptors = (rlim_t)wanted + 64;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < descriptors) limit.rlim_max = descriptors; // only root may
    limit.rlim_cur = descriptors;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("descriptors");
    FILE *file = fopen(arguments[3], "rb");
    if (file == NULL) fail(arguments[3]);
    char request[4096], answer[16384];
    size_t length = fread(request, 1, sizeof request, file);
    fclose(file);

    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int *descriptors_open = calloc((size_t)wanted, sizeof *descriptors_open), one = 1;
    if (descriptors_open == NULL) fail("calloc");
    for (; opened < wanted; opened++) {
        int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (descriptor < 0) fail("socket");
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        struct timeval patience = {.tv_sec = 10};
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        struct sockaddr_in own = {.sin_family = AF_INET};
        own.sin_addr.s_addr = htonl(0x7F000002u + (unsigned)opened / 8192);
        if (bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
        if (connect(descriptor, (struct sockaddr *)&server, sizeof server) != 0) fail("connect");
        if (send(descriptor, request, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
        // A small answer comes in one piece; what would be left of it changes nothing.
        ssize_t got = recv(descriptor, answer, sizeof answer, 0);
        if (got < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0) {
            fprintf(stderr, "connection %d got no 200\n", opened + 1);
            return 1;
        }
        descriptors_open[opened] = descriptor;
    }
    printf("open %d\n", opened);
    fflush(stdout);
    while (read(0, answer, sizeof answer) > 0) {}
    int closed = 0;
    for (int index = 0; index < opened; index++) {
        ssize_t got = recv(descriptors_open[index], answer, sizeof answer, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) closed++;
    }
    printf("closed by the server %d\n", closed);
    return 0;
}
