#include "json/stop.h"

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && (defined(__GNUC__) || defined(__clang__))
#include <emmintrin.h>
#define WITH_SSE2 1
#endif

static const char *stop_by_bytes(const char *at, const char *end, bool *high)
{
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '"' || c == '\\' || c < 0x20)
            break;
        if (c > 0x7f)
            *high = true;
    }
    return at;
}

#define EACH(byte) (UINT64_MAX / 0xff * (byte))

/* Not 0 when one of eight bytes is below n, at most 0x80, and none is over 0x7f (which is asked
 * first). */
static uint64_t has_less(uint64_t word, unsigned n)
{
    return (word - EACH(n)) & ~word & EACH(0x80u);
}

/* Eight bytes at a time, as long as there is nothing among them. */
const char *disco__json_stop_portable(const char *at, const char *end, bool *high)
{
    while (end - at >= 8) {
        uint64_t word;

        memcpy(&word, at, sizeof word);
        if ((word & EACH(0x80u)) != 0 || has_less(word, 0x20) != 0 ||
            has_less(word ^ EACH('"'), 1) != 0 || has_less(word ^ EACH('\\'), 1) != 0) {
            const char *stop = stop_by_bytes(at, at + 8, high);

            if (stop < at + 8)
                return stop;
        }
        at += 8;
    }
    return stop_by_bytes(at, end, high);
}

#ifdef WITH_SSE2
const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);

    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const void *)at);
        __m128i stops = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
        unsigned found = (unsigned)_mm_movemask_epi8(stops);
        unsigned over = (unsigned)_mm_movemask_epi8(bytes);

        if (found != 0) {
            unsigned place = (unsigned)__builtin_ctz(found);

            if ((over & ((1u << place) - 1)) != 0)
                *high = true;
            return at + place;
        }
        if (over != 0)
            *high = true;
        at += 16;
    }
    return stop_by_bytes(at, end, high);
}
#else
const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    return disco__json_stop_portable(at, end, high);
}
#endif
