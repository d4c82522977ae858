/* Where a string of JSON stops: the one question that is asked of every byte. */
#ifndef DISCO_JSON_STOP_H
#define DISCO_JSON_STOP_H

#include <stdbool.h>
#include <stddef.h>

/* The first '"', '\\' or control byte (below 0x20) from at on, or end. *high is set, and else left,
 * when a byte over 0x7f comes before it. This one uses no instructions of the machine's own. */
const char *disco__json_stop_portable(const char *at, const char *end, bool *high);

/* The same for a string that is likely long. */
const char *disco__json_stop_far(const char *at, const char *end, bool *high);

#if defined(__SSE2__) && (defined(__GNUC__) || defined(__clang__))

#include <emmintrin.h>

/* A bit for each of sixteen bytes where the string may stop; and in *over for each over 0x7f. */
static inline unsigned disco__json_stops(const char *at, unsigned *over)
{
    const __m128i bytes = _mm_loadu_si128((const void *)at);
    const __m128i stops =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));

    *over = (unsigned)_mm_movemask_epi8(bytes);
    return (unsigned)_mm_movemask_epi8(stops);
}

/* The same sixteen bytes at a time; inline, since most strings end within the first sixteen. What
 * is between first and at may be looked at, too: so that the last bytes can be sixteen. */
static inline const char *disco__json_stop_behind(const char *first, const char *at,
                                                  const char *end, bool *high)
{
    unsigned all_over = 0;
    unsigned over;
    unsigned found = 0;
    size_t gone = 0;

    for (; end - at >= 16; at += 16) {
        found = disco__json_stops(at, &over);
        if (found != 0)
            break;
        all_over |= over;
    }
    if (found == 0) {
        if (end - first < 16) {
            bool last = all_over != 0; /* of its own, so that the caller's can stay in a register */

            at = disco__json_stop_portable(at, end, &last);
            if (last)
                *high = true;
            return at;
        }
        gone = 16 - (size_t)(end - at);
        found = disco__json_stops(end - 16, &over) >> gone | 1u << (16 - gone);
        over >>= gone;
    }
    /* Those below the first one found. */
    if (((over & (found - 1) & ~found) | all_over) != 0)
        *high = true;
    return at + __builtin_ctz(found);
}

static inline const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    return disco__json_stop_behind(at, at, end, high);
}

#else

static inline const char *disco__json_stop_behind(const char *first, const char *at,
                                                  const char *end, bool *high)
{
    (void)first;
    return disco__json_stop_portable(at, end, high);
}

static inline const char *disco__json_stop(const char *at, const char *end, bool *high)
{
    return disco__json_stop_portable(at, end, high);
}

#endif

#endif
