// Open-loop load over HTTP/1.1: requests leave on a fixed schedule, whatever becomes of those before them.
//
//     open_loop PORT CONNECTIONS RATE WARMUP_SECONDS SECONDS REQUESTS_FILE [ANSWERS_FILE|- [CONNECTIONS REQUESTS_FILE]]
//
// Request i belongs to the moment start + i / RATE. Its latency counts from that moment, also where no connection was
// free and it left later: a server that pauses is charged for everyone who would have come meanwhile. Otherwise the
// pause would be seen once, by those who happened to be waiting (known as coordinated omission).
// REQUESTS_FILE holds requests, each after its length in decimal and a line feed; they are sent in turn. ANSWERS_FILE has a
// line a request: what may stand behind "prediction": in its answer, with a blank before each and after the last. The last two
// are connections that ask in a closed loop beside the schedule, each again as soon as it has its answer; they are counted and
// not timed. The generator never sleeps: give it a core of its own. Only where it is scheduled before everything else (SCHED_FIFO) it does, since
// the kernel would stop it for the others' sake; waking up then adds some 50 us. It prints one line of JSON; latencies in
// microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS_MAX = 4096, CONNECTIONS_MAX = 4096, BUFFER_BYTES = 16384 };

// Latencies in nanoseconds, in buckets no wider than 1/128 of their value (as in an HDR histogram).
enum { STEPS = 128, BUCKETS = 58 * STEPS };
static uint64_t histogram[BUCKETS], largest;

static size_t bucket_of(uint64_t value) {
    if (value < STEPS) return (size_t)value;
    int shift = 63 - __builtin_clzll(value) - 7;
    return (size_t)(shift + 1) * STEPS + (size_t)((value >> shift) - STEPS);
}

static uint64_t end_of_bucket(size_t bucket) {
    if (bucket < STEPS) return bucket;
    size_t shift = bucket / STEPS - 1;
    return ((uint64_t)(bucket % STEPS + STEPS + 1) << shift) - 1;
}

typedef struct {
    int descriptor;    // -1 once it is lost
    int is_busy;       // whether it carries a request
    uint64_t intended; // of that request
    uint64_t number;   // which one it is
    size_t have;       // bytes of the answer so far
    char bytes[BUFFER_BYTES];
} Connection;

typedef struct {
    const char *bytes;
    size_t count;
} Request;

typedef struct {
    Request all[REQUESTS_MAX];
    int count;
} Requests;

static Connection *connections; // those of the schedule, then those beside it
static Requests requests, beside;
static char *expected[REQUESTS_MAX]; // all null without a file of answers
static int connection_count, beside_count, *idle, idle_first, idle_count, open_count, in_flight;
static uint64_t sent, answered, measured, late, failed_status, failed_connection, wrong;
static uint64_t beside_sent, beside_answered, beside_failed;
static struct sockaddr_in server = {.sin_family = AF_INET};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void read_requests(const char *path, Requests *into) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path);
    size_t length;
    while (into->count < REQUESTS_MAX && fscanf(file, "%zu", &length) == 1) {
        fgetc(file);
        char *bytes = malloc(length);
        if (bytes == NULL || fread(bytes, 1, length, file) != length) fail(path);
        into->all[into->count++] = (Request){bytes, length};
    }
    fclose(file);
    if (into->count == 0) {
        fprintf(stderr, "%s holds no request\n", path);
        exit(2);
    }
}

static void read_answers(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path);
    for (int index = 0; index < requests.count; index++) {
        size_t room = 0;
        if (getline(&expected[index], &room, file) < 0) {
            fprintf(stderr, "%s holds fewer answers than there are requests\n", path);
            exit(2);
        }
    }
    fclose(file);
}

// Whether the answer, which is whole, has one of the predictions that its request may have.
static int is_expected(Connection *connection) {
    const char *allowed = expected[connection->number % (uint64_t)requests.count];
    if (allowed == NULL) return 1;
    static const char key[] = "\"prediction\":";
    char *found = memmem(connection->bytes, connection->have, key, sizeof key - 1);
    if (found == NULL) return 0;
    // The number between two blanks, as it stands in the list.
    char text[64] = " ";
    size_t length = 1, from = (size_t)(found - connection->bytes) + sizeof key - 1;
    while (from < connection->have && length < sizeof text - 2 && strchr(",} \r\n", connection->bytes[from]) == NULL)
        text[length++] = connection->bytes[from++];
    text[length++] = ' ';
    text[length] = 0;
    return strstr(allowed, text) != NULL;
}

// Takes the connections in turn, so that all of them work.
static int take_idle(void) {
    int index = idle[idle_first];
    idle_first = (idle_first + 1) % connection_count;
    idle_count--;
    return index;
}

static void give_idle(int index) { idle[(idle_first + idle_count++) % connection_count] = index; }

// An answer that will not come: it counts as an error, and its connection is not used again.
static void lose(Connection *connection) {
    close(connection->descriptor);
    connection->descriptor = -1;
    open_count--;
    in_flight -= connection->is_busy;
    failed_connection++;
}

// Whether the bytes are a whole answer. Heads with Content-Length only, as all servers here send.
static int is_whole(const Connection *connection) {
    const char *end = memmem(connection->bytes, connection->have, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    for (const char *line = connection->bytes; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end + 2 - line));
        if (line == NULL) return 0;
        if (strncasecmp(line + 1, "content-length:", 15) == 0)
            return connection->have >= (size_t)(end + 4 - connection->bytes) + strtoul(line + 16, NULL, 10);
    }
    return 0;
}

// Asks again on a connection beside the schedule.
static void ask_beside(Connection *connection) {
    const Request *request = &beside.all[beside_sent++ % (uint64_t)beside.count];
    connection->have = 0;
    if (send(connection->descriptor, request->bytes, request->count, MSG_NOSIGNAL) == (ssize_t)request->count) return;
    close(connection->descriptor);
    connection->descriptor = -1;
    beside_failed++;
}

// Whether an answer is whole now; one that will never be is `lost`.
static int take_bytes(Connection *connection, int *lost) {
    ssize_t got = recv(
        connection->descriptor, connection->bytes + connection->have, BUFFER_BYTES - connection->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    connection->have += got > 0 ? (size_t)got : 0;
    if (got > 0 && is_whole(connection)) return 1;
    *lost = got <= 0 || connection->have == BUFFER_BYTES;
    return 0;
}

static void receive_beside(Connection *connection, int is_over) {
    int lost = 0;
    if (take_bytes(connection, &lost)) {
        beside_answered++;
        if (memcmp(connection->bytes, "HTTP/1.1 200", 12) != 0) beside_failed++;
        if (!is_over) ask_beside(connection);
    } else if (lost) {
        close(connection->descriptor);
        connection->descriptor = -1;
        beside_failed++;
    }
}

static void receive(int index, uint64_t measured_from) {
    Connection *connection = &connections[index];
    int lost = 0;
    if (!take_bytes(connection, &lost)) {
        if (lost) lose(connection);
        return;
    }
    answered++;
    if (memcmp(connection->bytes, "HTTP/1.1 200", 12) != 0) failed_status++;
    else if (!is_expected(connection)) wrong++;
    if (connection->intended >= measured_from) {
        uint64_t latency = now() - connection->intended;
        histogram[bucket_of(latency)]++;
        measured++;
        if (latency > largest) largest = latency;
    }
    connection->have = 0;
    connection->is_busy = 0;
    in_flight--;
    give_idle(index);
}

static double percentile(double share) {
    uint64_t rank = (uint64_t)(share * (double)measured + 0.5), seen = 0;
    if (rank == 0) rank = 1;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram[bucket];
        if (seen >= rank) {
            uint64_t value = end_of_bucket(bucket);
            return (double)(value < largest ? value : largest) / 1000;
        }
    }
    return (double)largest / 1000;
}

int main(int count, char **arguments) {
    if (count != 7 && count != 8 && count != 10) {
        fprintf(stderr, "usage: open_loop PORT CONNECTIONS RATE WARMUP_SECONDS SECONDS REQUESTS_FILE "
            "[ANSWERS_FILE|- [CONNECTIONS REQUESTS_FILE]]\n");
        return 2;
    }
    server.sin_port = htons((unsigned short)atoi(arguments[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection_count = atoi(arguments[2]);
    double rate = atof(arguments[3]), warmup = atof(arguments[4]), seconds = atof(arguments[5]);
    if (count == 10) beside_count = atoi(arguments[8]);
    if (connection_count < 1 || connection_count + beside_count > CONNECTIONS_MAX || rate <= 0 || seconds <= 0) {
        fprintf(stderr, "connections: 1 to %d; rate and seconds: above 0\n", CONNECTIONS_MAX);
        return 2;
    }
    read_requests(arguments[6], &requests);
    if (count > 7 && strcmp(arguments[7], "-") != 0) read_answers(arguments[7]);
    if (count == 10) read_requests(arguments[9], &beside);
    int all_count = connection_count + beside_count;
    connections = calloc((size_t)all_count, sizeof *connections);
    idle = calloc((size_t)connection_count, sizeof *idle);
    if (connections == NULL || idle == NULL) fail("calloc");

    int poller = epoll_create1(0), one = 1;
    for (int index = 0; index < all_count; index++) {
        int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&server, sizeof server) != 0) fail("connect");
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[index].descriptor = descriptor;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
        epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
        if (index >= connection_count) {
            ask_beside(&connections[index]);
            continue;
        }
        give_idle(index);
        open_count++;
    }

    uint64_t total = (uint64_t)(rate * (warmup + seconds));
    uint64_t start = now() + 1000000, measured_from = start + (uint64_t)(warmup * 1e9);
    // Whatever has not come ten seconds after the last request left will not come.
    uint64_t give_up = start + (uint64_t)((warmup + seconds) * 1e9) + 10000000000u, last = start;
    int sleeps = sched_getscheduler(0) != SCHED_OTHER;
    struct epoll_event events[256];
    while (sent < total || in_flight > 0) {
        uint64_t time = now();
        if (time > give_up || open_count == 0) break;
        while (sent < total && idle_count > 0) {
            uint64_t intended = start + (uint64_t)((double)sent * 1e9 / rate);
            if (intended > time) break;
            // More than 100 us after its moment: the generator or all connections were busy.
            if (time - intended > 100000) late++;
            Connection *connection = &connections[take_idle()];
            if (connection->descriptor < 0) continue;
            const Request *request = &requests.all[sent % (uint64_t)requests.count];
            connection->intended = intended;
            connection->number = sent;
            connection->is_busy = 1;
            in_flight++;
            sent++;
            if (send(connection->descriptor, request->bytes, request->count, MSG_NOSIGNAL) != (ssize_t)request->count)
                lose(connection);
            last = time;
        }
        struct timespec pause = {0, 0};
        if (sleeps) {
            time = now();
            uint64_t due = start + (uint64_t)((double)sent * 1e9 / rate);
            if (sent == total || idle_count == 0) pause.tv_nsec = 1000000;
            else if (due > time) pause.tv_nsec = due - time < 100000000 ? (long)(due - time) : 100000000;
        }
        int ready = epoll_pwait2(poller, events, 256, &pause, NULL);
        for (int index = 0; index < ready; index++) {
            int number = (int)events[index].data.u32;
            if (connections[number].descriptor < 0) continue;
            if (number >= connection_count) receive_beside(&connections[number], sent == total);
            else receive(number, measured_from);
        }
    }
    printf(
        "{\"planned\": %llu, \"sent\": %llu, \"answered\": %llu, \"measured\": %llu, \"late\": %llu, \"status\": %llu, "
        "\"wrong\": %llu, \"connection\": %llu, \"seconds\": %.3f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f, "
        "\"beside\": %llu, \"beside_failed\": %llu}\n",
        (unsigned long long)total, (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)measured,
        (unsigned long long)late, (unsigned long long)failed_status, (unsigned long long)wrong,
        (unsigned long long)failed_connection,
        (double)(last - start) / 1e9, percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999),
        (double)largest / 1000, (unsigned long long)beside_answered, (unsigned long long)beside_failed);
    return 0;
}
