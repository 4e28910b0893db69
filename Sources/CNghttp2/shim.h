#if defined(__has_include)
#if !__has_include(<nghttp2/nghttp2.h>)
#error "Vencejo needs libnghttp2: apt-get install libnghttp2-dev"
#endif
#endif
#include <nghttp2/nghttp2.h>

// The bounds on floods of resets and CONTINUATION frames (CVE-2023-44487, CVE-2024-28182) came with libnghttp2 1.57 and
// 1.61. Debian carries both in its 1.52, so the version says nothing; but an older header has no such name, and then
// this is where the compiler stops: install libnghttp2 1.61 or later, or Debian's 1.52.0-1+deb12u2 or later.
enum {
    vencejo_needs_a_libnghttp2_that_bounds_resets_and_continuations = NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
};
