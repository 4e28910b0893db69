#ifndef VENCEJO_CCURL_H
#define VENCEJO_CCURL_H

// libcurl without its variadic calls, and without linking to it: the library is looked for when the first shared store is
// opened. A server without one pays neither the start of some thirty libraries nor their memory, and a build needs no
// headers of it. The numbers below are of libcurl's stable interface (libcurl.so.4, unchanged since 2006); where
// <curl/curl.h> is installed, the compiler compares them with it.
#include <stddef.h>
#include <stdint.h>

enum {
    VENCEJO_CURL_URL = 10002,
    VENCEJO_CURL_PROXY = 10004,
    VENCEJO_CURL_USERPWD = 10005,
    VENCEJO_CURL_CUSTOM_REQUEST = 10036,
    VENCEJO_CURL_HEADERS = 10023,
    VENCEJO_CURL_CA_FILE = 10065,
    VENCEJO_CURL_POST_FIELDS = 10015,
    VENCEJO_CURL_AWS_SIGV4 = 10305,
    VENCEJO_CURL_NO_PROXY = 10177,
    VENCEJO_CURL_NO_BODY = 44,
    VENCEJO_CURL_UPLOAD = 46,
    VENCEJO_CURL_POST = 47,
    VENCEJO_CURL_HTTP_GET = 80,
    VENCEJO_CURL_FOLLOW_LOCATION = 52,
    VENCEJO_CURL_VERIFY_PEER = 64,
    VENCEJO_CURL_VERIFY_HOST = 81,
    VENCEJO_CURL_HTTP_VERSION = 84,
    VENCEJO_CURL_NO_SIGNAL = 99,
    VENCEJO_CURL_PROTOCOLS = 181,
    VENCEJO_CURL_TIMEOUT_MS = 155,
    VENCEJO_CURL_CONNECT_TIMEOUT_MS = 156,
    VENCEJO_CURL_LOW_SPEED_LIMIT = 19,
    VENCEJO_CURL_LOW_SPEED_TIME = 20,
    VENCEJO_CURL_MAX_CONNECTS = 71,
    VENCEJO_CURL_UPLOAD_BYTES = 30115,
    VENCEJO_CURL_POST_BYTES = 30120,
    VENCEJO_CURL_HTTP = 1,
    VENCEJO_CURL_HTTPS = 2,
    VENCEJO_CURL_HTTP_1_1 = 2,
};

// What a request may end with, of some hundred codes.
enum {
    VENCEJO_CURL_OK = 0,
    VENCEJO_CURL_BAD_URL = 3,
    VENCEJO_CURL_NO_HOST = 6,
    VENCEJO_CURL_NO_CONNECTION = 7,
    VENCEJO_CURL_CUT = 18,
    VENCEJO_CURL_WRITE_REFUSED = 23,
    VENCEJO_CURL_READ_FAILED = 26,
    VENCEJO_CURL_TIMED_OUT = 28,
    VENCEJO_CURL_TLS_FAILED = 35,
    VENCEJO_CURL_ABORTED = 42,
    VENCEJO_CURL_EMPTY_ANSWER = 52,
    VENCEJO_CURL_SEND_FAILED = 55,
    VENCEJO_CURL_RECEIVE_FAILED = 56,
    VENCEJO_CURL_NOT_TRUSTED = 60,
    VENCEJO_CURL_NO_CA_FILE = 77,
};

// Where the bytes of a request come from and those of its answer go to. A count that is not the one offered ends the
// transfer; `read` returns -1 for a failure.
struct vencejo_curl_callbacks {
    void *context;
    size_t (*body)(void *context, const uint8_t *bytes, size_t count);
    size_t (*header)(void *context, const uint8_t *bytes, size_t count);
    ptrdiff_t (*read)(void *context, uint8_t *bytes, size_t count);
    // Goes back to the first byte; not 0 for a failure.
    int (*rewind)(void *context);
    // Asked about once a second: not 0 ends the transfer.
    int (*is_stopped)(void *context);
    // Whether addresses that only this host reaches (169.254.0.0/16, fe80::/10, fd00:ec2::/32) may be connected to: the
    // clouds' metadata services live there, and nothing else that is to be asked.
    int allows_link_local;
    // Set if such an address was refused.
    int has_refused;
};

// Looks for libcurl. 0, or -1 where there is none or it is too old (since 7.87 its AWS signatures take the hash of the
// body that is sent along). Safe from any thread.
int vencejo_curl_load(void);
// Such as "libcurl/7.88.1 OpenSSL/3.0.15"; "" before it is loaded.
const char *vencejo_curl_version(void);

// A handle, with its connections: used by one thread at a time. NULL without memory.
void *vencejo_curl_open(void);
void vencejo_curl_close(void *handle);
// Forgets all options, and keeps the connections.
void vencejo_curl_reset(void *handle);
// Options: 0 or a code.
int vencejo_curl_set_number(void *handle, int option, long value);
int vencejo_curl_set_size(void *handle, int option, int64_t value);
int vencejo_curl_set_text(void *handle, int option, const char *text);
int vencejo_curl_set_list(void *handle, int option, void *list);
// `callbacks` is used until the next reset.
int vencejo_curl_set_callbacks(void *handle, struct vencejo_curl_callbacks *callbacks);
// Blocks until the answer is there: 0 or a code.
int vencejo_curl_perform(void *handle);
// The status of the last answer.
int vencejo_curl_status(void *handle);
// A sentence for a code.
const char *vencejo_curl_text(int code);

// A list of lines: the longer list, or NULL without memory (the old one is still there then).
void *vencejo_curl_append(void *list, const char *line);
void vencejo_curl_free(void *list);

#endif
