#include "CCurl.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<curl/curl.h>)
#define VENCEJO_HAS_CURL_HEADER 1
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
SAME(VENCEJO_CURL_URL, CURLOPT_URL);
SAME(VENCEJO_CURL_PROXY, CURLOPT_PROXY);
SAME(VENCEJO_CURL_USERPWD, CURLOPT_USERPWD);
SAME(VENCEJO_CURL_CUSTOM_REQUEST, CURLOPT_CUSTOMREQUEST);
SAME(VENCEJO_CURL_HEADERS, CURLOPT_HTTPHEADER);
SAME(VENCEJO_CURL_CA_FILE, CURLOPT_CAINFO);
SAME(VENCEJO_CURL_POST_FIELDS, CURLOPT_POSTFIELDS);
SAME(VENCEJO_CURL_AWS_SIGV4, CURLOPT_AWS_SIGV4);
SAME(VENCEJO_CURL_NO_PROXY, CURLOPT_NOPROXY);
SAME(VENCEJO_CURL_NO_BODY, CURLOPT_NOBODY);
SAME(VENCEJO_CURL_UPLOAD, CURLOPT_UPLOAD);
SAME(VENCEJO_CURL_POST, CURLOPT_POST);
SAME(VENCEJO_CURL_HTTP_GET, CURLOPT_HTTPGET);
SAME(VENCEJO_CURL_FOLLOW_LOCATION, CURLOPT_FOLLOWLOCATION);
SAME(VENCEJO_CURL_VERIFY_PEER, CURLOPT_SSL_VERIFYPEER);
SAME(VENCEJO_CURL_VERIFY_HOST, CURLOPT_SSL_VERIFYHOST);
SAME(VENCEJO_CURL_HTTP_VERSION, CURLOPT_HTTP_VERSION);
SAME(VENCEJO_CURL_NO_SIGNAL, CURLOPT_NOSIGNAL);
SAME(VENCEJO_CURL_PROTOCOLS, 181);
SAME(VENCEJO_CURL_TIMEOUT_MS, CURLOPT_TIMEOUT_MS);
SAME(VENCEJO_CURL_CONNECT_TIMEOUT_MS, CURLOPT_CONNECTTIMEOUT_MS);
SAME(VENCEJO_CURL_LOW_SPEED_LIMIT, CURLOPT_LOW_SPEED_LIMIT);
SAME(VENCEJO_CURL_LOW_SPEED_TIME, CURLOPT_LOW_SPEED_TIME);
SAME(VENCEJO_CURL_MAX_CONNECTS, CURLOPT_MAXCONNECTS);
SAME(VENCEJO_CURL_UPLOAD_BYTES, CURLOPT_INFILESIZE_LARGE);
SAME(VENCEJO_CURL_POST_BYTES, CURLOPT_POSTFIELDSIZE_LARGE);
SAME(VENCEJO_CURL_HTTP, CURLPROTO_HTTP);
SAME(VENCEJO_CURL_HTTPS, CURLPROTO_HTTPS);
SAME(VENCEJO_CURL_HTTP_1_1, CURL_HTTP_VERSION_1_1);
SAME(VENCEJO_CURL_CUT, CURLE_PARTIAL_FILE);
SAME(VENCEJO_CURL_TIMED_OUT, CURLE_OPERATION_TIMEDOUT);
SAME(VENCEJO_CURL_NOT_TRUSTED, CURLE_PEER_FAILED_VERIFICATION);
#endif
#endif

// The options that take functions, and what belongs to them.
enum {
    OPTION_WRITE_FUNCTION = 20011,
    OPTION_WRITE_DATA = 10001,
    OPTION_READ_FUNCTION = 20012,
    OPTION_READ_DATA = 10009,
    OPTION_HEADER_FUNCTION = 20079,
    OPTION_HEADER_DATA = 10029,
    OPTION_SEEK_FUNCTION = 20167,
    OPTION_SEEK_DATA = 10168,
    OPTION_OPEN_SOCKET_FUNCTION = 20163,
    OPTION_OPEN_SOCKET_DATA = 10164,
    OPTION_NO_PROGRESS = 43,
    OPTION_PROGRESS_FUNCTION = 20219,
    OPTION_PROGRESS_DATA = 10057,
    RESPONSE_CODE = 0x200000 + 2,
    READ_ABORT = 0x10000000,
    SSL_AND_ALL = 3,
};
#ifdef VENCEJO_HAS_CURL_HEADER
SAME(OPTION_WRITE_FUNCTION, CURLOPT_WRITEFUNCTION);
SAME(OPTION_WRITE_DATA, CURLOPT_WRITEDATA);
SAME(OPTION_READ_FUNCTION, CURLOPT_READFUNCTION);
SAME(OPTION_READ_DATA, CURLOPT_READDATA);
SAME(OPTION_HEADER_FUNCTION, CURLOPT_HEADERFUNCTION);
SAME(OPTION_HEADER_DATA, CURLOPT_HEADERDATA);
SAME(OPTION_SEEK_FUNCTION, CURLOPT_SEEKFUNCTION);
SAME(OPTION_SEEK_DATA, CURLOPT_SEEKDATA);
SAME(OPTION_OPEN_SOCKET_FUNCTION, CURLOPT_OPENSOCKETFUNCTION);
SAME(OPTION_OPEN_SOCKET_DATA, CURLOPT_OPENSOCKETDATA);
SAME(OPTION_NO_PROGRESS, CURLOPT_NOPROGRESS);
SAME(OPTION_PROGRESS_FUNCTION, CURLOPT_XFERINFOFUNCTION);
SAME(OPTION_PROGRESS_DATA, CURLOPT_XFERINFODATA);
SAME(RESPONSE_CODE, CURLINFO_RESPONSE_CODE);
SAME(READ_ABORT, CURL_READFUNC_ABORT);
#endif

// struct curl_sockaddr: an address with room for any family behind it.
struct address {
    int family;
    int type;
    int protocol;
    unsigned int length;
    struct sockaddr address;
};

// The beginning of curl_version_info_data, which later versions only add to.
struct version {
    int age;
    const char *text;
    unsigned int number;
};

static struct {
    int is_loaded;
    char version[128];
    int (*global_init)(long);
    const struct version *(*version_info)(int);
    const char *(*version_text)(void);
    void *(*easy_init)(void);
    void (*easy_cleanup)(void *);
    void (*easy_reset)(void *);
    int (*easy_setopt)(void *, int, ...);
    int (*easy_getinfo)(void *, int, ...);
    int (*easy_perform)(void *);
    const char *(*easy_strerror)(int);
    void *(*slist_append)(void *, const char *);
    void (*slist_free_all)(void *);
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    // Debian builds it with OpenSSL and with GnuTLS; both do. It is never closed: its threads and tables stay.
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};
    void *library = NULL;
    for (size_t i = 0; library == NULL && i < sizeof names / sizeof *names; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (library == NULL) return;
    struct {
        const char *name;
        void *place;
    } functions[] = {
        {"curl_global_init", &curl.global_init},     {"curl_version_info", &curl.version_info},
        {"curl_version", &curl.version_text},        {"curl_easy_init", &curl.easy_init},
        {"curl_easy_cleanup", &curl.easy_cleanup},   {"curl_easy_reset", &curl.easy_reset},
        {"curl_easy_setopt", &curl.easy_setopt},     {"curl_easy_getinfo", &curl.easy_getinfo},
        {"curl_easy_perform", &curl.easy_perform},   {"curl_easy_strerror", &curl.easy_strerror},
        {"curl_slist_append", &curl.slist_append},   {"curl_slist_free_all", &curl.slist_free_all},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(library, functions[i].name);
        if (found == NULL) return;
        // A function's address in an object pointer is what dlsym gives on every system that has it.
        memcpy(functions[i].place, &found, sizeof found);
    }
    const struct version *version = curl.version_info(0);
    if (version == NULL || version->number < 0x075700) return;
    if (curl.global_init(SSL_AND_ALL) != 0) return;
    strncpy(curl.version, curl.version_text(), sizeof curl.version - 1);
    curl.is_loaded = 1;
}

int vencejo_curl_load(void) {
    pthread_once(&once, load);
    return curl.is_loaded ? 0 : -1;
}

const char *vencejo_curl_version(void) { return curl.version; }

void *vencejo_curl_open(void) { return curl.easy_init(); }
void vencejo_curl_close(void *handle) { curl.easy_cleanup(handle); }
void vencejo_curl_reset(void *handle) { curl.easy_reset(handle); }

int vencejo_curl_set_number(void *handle, int option, long value) { return curl.easy_setopt(handle, option, value); }

int vencejo_curl_set_size(void *handle, int option, int64_t value) {
    return curl.easy_setopt(handle, option, (int64_t)value);
}

int vencejo_curl_set_text(void *handle, int option, const char *text) { return curl.easy_setopt(handle, option, text); }
int vencejo_curl_set_list(void *handle, int option, void *list) { return curl.easy_setopt(handle, option, list); }

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    struct vencejo_curl_callbacks *callbacks = context;
    return callbacks->body(callbacks->context, (const uint8_t *)bytes, size * count);
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    struct vencejo_curl_callbacks *callbacks = context;
    return callbacks->header(callbacks->context, (const uint8_t *)bytes, size * count);
}

static size_t give_body(char *bytes, size_t size, size_t count, void *context) {
    struct vencejo_curl_callbacks *callbacks = context;
    ptrdiff_t given = callbacks->read(callbacks->context, (uint8_t *)bytes, size * count);
    return given < 0 ? READ_ABORT : (size_t)given;
}

static int seek_body(void *context, int64_t offset, int origin) {
    struct vencejo_curl_callbacks *callbacks = context;
    if (offset != 0 || origin != SEEK_SET) return 2;
    return callbacks->rewind(callbacks->context) == 0 ? 0 : 1;
}

static int ask_whether_stopped(void *context, int64_t total, int64_t done, int64_t send_total, int64_t sent) {
    struct vencejo_curl_callbacks *callbacks = context;
    (void)total, (void)done, (void)send_total, (void)sent;
    return callbacks->is_stopped(callbacks->context);
}

static int is_link_local(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return (ntohl(v4.sin_addr.s_addr) >> 16) == 0xa9fe;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        const uint8_t *bytes = v6.sin6_addr.s6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return bytes[12] == 169 && bytes[13] == 254;
        static const uint8_t amazon[] = {0xfd, 0x00, 0x0e, 0xc2};
        return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || memcmp(bytes, amazon, sizeof amazon) == 0;
    }
    return 0;
}

// Asked with the address that a name has been resolved to, so that no name gets around it.
static int open_socket(void *context, int purpose, struct address *address) {
    struct vencejo_curl_callbacks *callbacks = context;
    (void)purpose;
    if (!callbacks->allows_link_local && is_link_local(&address->address)) {
        callbacks->has_refused = 1;
        return -1;
    }
    return socket(address->family, address->type | SOCK_CLOEXEC, address->protocol);
}

int vencejo_curl_set_callbacks(void *handle, struct vencejo_curl_callbacks *callbacks) {
    int code = 0;
    const struct {
        int option;
        void *value;
    } data[] = {
        {OPTION_WRITE_DATA, callbacks}, {OPTION_READ_DATA, callbacks},        {OPTION_HEADER_DATA, callbacks},
        {OPTION_SEEK_DATA, callbacks},  {OPTION_OPEN_SOCKET_DATA, callbacks}, {OPTION_PROGRESS_DATA, callbacks},
    };
    for (size_t i = 0; code == 0 && i < sizeof data / sizeof *data; i++) {
        code = curl.easy_setopt(handle, data[i].option, data[i].value);
    }
    if (code == 0) code = curl.easy_setopt(handle, OPTION_WRITE_FUNCTION, take_body);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_HEADER_FUNCTION, take_header);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_READ_FUNCTION, give_body);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_SEEK_FUNCTION, seek_body);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_OPEN_SOCKET_FUNCTION, open_socket);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_PROGRESS_FUNCTION, ask_whether_stopped);
    if (code == 0) code = curl.easy_setopt(handle, OPTION_NO_PROGRESS, 0L);
    return code;
}

int vencejo_curl_perform(void *handle) { return curl.easy_perform(handle); }

int vencejo_curl_status(void *handle) {
    long status = 0;
    return curl.easy_getinfo(handle, RESPONSE_CODE, &status) == 0 ? (int)status : 0;
}

const char *vencejo_curl_text(int code) { return curl.easy_strerror(code); }

void *vencejo_curl_append(void *list, const char *line) { return curl.slist_append(list, line); }
void vencejo_curl_free(void *list) {
    if (list != NULL) curl.slist_free_all(list);
}
