#include "json/stop.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define WITH_AVX2 1
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

#ifdef WITH_AVX2
/* Not zero where the string may stop. */
__attribute__((target("avx2"))) static inline __m256i stops_in(__m256i bytes)
{
    __m256i ends = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                                   _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')));

    return _mm256_or_si256(
        ends, _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes));
}

/* 64 bytes at a time, up to those among which it stops. */
__attribute__((target("avx2"))) static const char *skip_by_64(const char *at, const char *end,
                                                              bool *high)
{
    __m256i seen = _mm256_setzero_si256();

    for (; end - at >= 64; at += 64) {
        __m256i first = _mm256_loadu_si256((const void *)at);
        __m256i second = _mm256_loadu_si256((const void *)(at + 32));

        if (_mm256_movemask_epi8(_mm256_or_si256(stops_in(first), stops_in(second))) != 0)
            break;
        seen = _mm256_or_si256(seen, _mm256_or_si256(first, second));
    }
    if (_mm256_movemask_epi8(seen) != 0)
        *high = true;
    return at;
}
#endif

const char *disco__json_stop_far(const char *at, const char *end, bool *high)
{
#ifdef WITH_AVX2
    if (__builtin_cpu_supports("avx2"))
        at = skip_by_64(at, end, high);
#endif
    return disco__json_stop(at, end, high);
}
