/* Where a string of JSON stops: the one question that is asked of every byte. */
#ifndef DISCO_JSON_STOP_H
#define DISCO_JSON_STOP_H

#include <stdbool.h>

/* The first '"', '\\' or control byte (below 0x20) from at on, or end. *high is set, and else left,
 * when a byte over 0x7f comes before it. This one uses no instructions of the machine's own. */
const char *disco__json_stop_portable(const char *at, const char *end, bool *high);

/* The same for a string that is likely long. */
const char *disco__json_stop_far(const char *at, const char *end, bool *high);

#if defined(__SSE2__) && (defined(__GNUC__) || defined(__clang__))

#include <emmintrin.h>

/* The same sixteen bytes at a time; inline, since most strings end within the first sixteen. */
static inline const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    bool last = false; /* of its own, so that the caller's can stay in a register */

    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const void *)at);
        __m128i stops = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
        unsigned found = (unsigned)_mm_movemask_epi8(stops);
        unsigned over = (unsigned)_mm_movemask_epi8(bytes);

        if (found != 0) {
            if ((over & (found - 1) & ~found) != 0) /* those below the first one found */
                *high = true;
            return at + __builtin_ctz(found);
        }
        if (over != 0)
            *high = true;
        at += 16;
    }
    at = disco__json_stop_portable(at, end, &last);
    if (last)
        *high = true;
    return at;
}

#else

static inline const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    return disco__json_stop_portable(at, end, high);
}

#endif

#endif
