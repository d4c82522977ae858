#include "base/base64.h"

#include <stdbool.h>
#include <string.h>

#include <uvdisco/error.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define WITH_VECTORS 1
#endif

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int disco__base64_encode(disco__buffer_t *out, const void *bytes, size_t size)
{
    const unsigned char *in = bytes;
    size_t i;

    for (i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)in[i] << 16;
        char text[4];

        if (i + 1 < size)
            group |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < size)
            group |= in[i + 2];
        text[0] = alphabet[group >> 18];
        text[1] = alphabet[(group >> 12) & 63];
        text[2] = i + 1 < size ? alphabet[(group >> 6) & 63] : '=';
        text[3] = i + 2 < size ? alphabet[group & 63] : '=';
        disco__buffer_append(out, text, sizeof text);
    }
    return out->error;
}

/* What a byte stands for at one of the four places of a group. */
#define NO_DIGIT (1u << 24)
#define IS_IN(c, first, last) ((c) >= (first) && (c) <= (last))
#define AT(c, shift, first, value) ((uint32_t)((c) - (first) + (value)) << (shift))
#define DIGIT(c, shift)                                                                            \
    (IS_IN(c, 'A', 'Z')   ? AT(c, shift, 'A', 0)                                                   \
     : IS_IN(c, 'a', 'z') ? AT(c, shift, 'a', 26)                                                  \
     : IS_IN(c, '0', '9') ? AT(c, shift, '0', 52)                                                  \
     : (c) == '+'         ? AT(c, shift, '+', 62)                                                  \
     : (c) == '/'         ? AT(c, shift, '/', 63)                                                  \
                          : NO_DIGIT)
#define DIGITS_4(c, shift)                                                                         \
    DIGIT(c, shift), DIGIT((c) + 1, shift), DIGIT((c) + 2, shift), DIGIT((c) + 3, shift)
#define DIGITS_16(c, shift)                                                                        \
    DIGITS_4(c, shift), DIGITS_4((c) + 4, shift), DIGITS_4((c) + 8, shift),                        \
        DIGITS_4((c) + 12, shift)
#define DIGITS_64(c, shift)                                                                        \
    DIGITS_16(c, shift), DIGITS_16((c) + 16, shift), DIGITS_16((c) + 32, shift),                   \
        DIGITS_16((c) + 48, shift)
#define DIGITS(shift)                                                                              \
    {                                                                                              \
        DIGITS_64(0, shift), DIGITS_64(64, shift), DIGITS_64(128, shift), DIGITS_64(192, shift)    \
    }
static const uint32_t digits[4][256] = {DIGITS(18), DIGITS(12), DIGITS(6), DIGITS(0)};

/* Whole groups, up to the first byte that is no digit. Gives how many digits they have. */
static size_t decode_groups(char *to, const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t i;

    for (i = 0; size - i >= 4; i += 4) {
        uint32_t group =
            digits[0][at[i]] | digits[1][at[i + 1]] | digits[2][at[i + 2]] | digits[3][at[i + 3]];

        if (group >= NO_DIGIT)
            break;
        *to++ = (char)(group >> 16);
        *to++ = (char)(group >> 8);
        *to++ = (char)group;
    }
    return i;
}

#ifdef WITH_VECTORS
/* Four groups at a time. A byte is a digit when the bit of its upper half is set in what belongs to
 * its lower half; and by its upper half alone it is told how far it lies from its value, but for
 * '/', which shares it with '+', and has the place before. */
#define UPPER_BITS 1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0
#define DIGITS_OF_LOWER                                                                            \
    (char)0xa8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8,            \
        (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf0, 0x54, 0x50, 0x50, 0x50, 0x54
#define DISTANCES                                                                                  \
    0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0
#define PAIRS 0x0140
#define FOURS 0x00011000
#define BYTES 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

/* Sixteen digits become twelve bytes and four NULs. */
__attribute__((target("ssse3"))) static inline bool decode_16(__m128i in, __m128i *out)
{
    const __m128i half = _mm_set1_epi8(0x0f);
    __m128i upper = _mm_and_si128(_mm_srli_epi16(in, 4), half);
    __m128i known =
        _mm_and_si128(_mm_shuffle_epi8(_mm_setr_epi8(UPPER_BITS), upper),
                      _mm_shuffle_epi8(_mm_setr_epi8(DIGITS_OF_LOWER), _mm_and_si128(in, half)));
    __m128i place = _mm_add_epi8(upper, _mm_cmpeq_epi8(in, _mm_set1_epi8('/')));

    if (_mm_movemask_epi8(_mm_cmpeq_epi8(known, _mm_setzero_si128())) != 0)
        return false;
    in = _mm_add_epi8(in, _mm_shuffle_epi8(_mm_setr_epi8(DISTANCES), place));
    in = _mm_maddubs_epi16(in, _mm_set1_epi16(PAIRS));
    in = _mm_madd_epi16(in, _mm_set1_epi32(FOURS));
    *out = _mm_shuffle_epi8(in, _mm_setr_epi8(BYTES));
    return true;
}

/* Eight groups at a time: 32 digits become 24 bytes and eight NULs; those of each half lie side by
 * side in the end. */
__attribute__((target("avx2"))) static inline __m256i bytes_of_32(__m256i values)
{
    __m256i fours = _mm256_madd_epi16(_mm256_maddubs_epi16(values, _mm256_set1_epi16(PAIRS)),
                                      _mm256_set1_epi32(FOURS));

    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(fours, _mm256_setr_epi8(BYTES, BYTES)),
                                       _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

/* What each digit stands for; *none has all bits of a byte that is none. */
__attribute__((target("avx2"))) static inline __m256i values_of_32(__m256i in, __m256i *none)
{
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(in, 4), half);
    __m256i known =
        _mm256_and_si256(_mm256_shuffle_epi8(_mm256_setr_epi8(UPPER_BITS, UPPER_BITS), upper),
                         _mm256_shuffle_epi8(_mm256_setr_epi8(DIGITS_OF_LOWER, DIGITS_OF_LOWER),
                                             _mm256_and_si256(in, half)));
    /* A slash has the place before its own, which no digit has. */
    __m256i place = _mm256_add_epi8(upper, _mm256_cmpeq_epi8(in, _mm256_set1_epi8('/')));

    *none = _mm256_cmpeq_epi8(known, _mm256_setzero_si256());
    return _mm256_add_epi8(in, _mm256_shuffle_epi8(_mm256_setr_epi8(DISTANCES, DISTANCES), place));
}

/* Like the sixteen, 32 bytes are written where fewer are meant: those behind lie in the room of
 * what is not read yet, or was. */
__attribute__((target("avx2"))) static size_t decode_by_32(char *to, const char *text, size_t size)
{
    size_t i;

    for (i = 0; size - i >= 32; i += 32, to += 24) {
        __m256i none;
        __m256i values = values_of_32(_mm256_loadu_si256((const void *)(text + i)), &none);

        if (_mm256_movemask_epi8(none) != 0)
            break;
        _mm256_storeu_si256((void *)to, bytes_of_32(values));
    }
    return i;
}

/* Up to the first byte that is no digit, which *ended tells, or as far as there are 32 of text and
 * room. Gives how many digits there are. */
__attribute__((target("avx2"))) static size_t take_by_32(char *to, size_t room, const char *text,
                                                         size_t size, bool *ended)
{
    size_t blocks = room < 32 ? 0 : (room - 8) / 24;
    const char *at = text;
    const char *last;

    if (blocks > size / 32)
        blocks = size / 32;
    for (last = text + blocks * 32; at < last; at += 32, to += 24) {
        __m256i none;
        __m256i values = values_of_32(_mm256_loadu_si256((const void *)at), &none);
        unsigned others = (unsigned)_mm256_movemask_epi8(none);

        if (others != 0) {
            _mm256_storeu_si256((void *)to, bytes_of_32(_mm256_andnot_si256(none, values)));
            *ended = true;
            return (size_t)(at - text) + (size_t)__builtin_ctz(others);
        }
        _mm256_storeu_si256((void *)to, bytes_of_32(values));
    }
    return (size_t)(at - text);
}

static size_t padding_of(const char *text, size_t size)
{
    if (size % 4 != 0 || text[size - 1] != '=')
        return 0;
    return text[size - 2] == '=' ? 2 : 1;
}

/* The last digits, fewer than 16: `last` are the text's last sixteen bytes, which end with them and
 * `behind` more. Missing ones are made up by zeros. */
__attribute__((target("ssse3"))) static inline bool decode_last(char *to, __m128i last,
                                                                size_t count, size_t behind)
{
    static const char moves[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                   -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m128i move = _mm_loadu_si128((const void *)(moves + (16 - count - behind)));
    __m128i there = _mm_cmpgt_epi8(_mm_set1_epi8((char)count), places);
    __m128i in = _mm_or_si128(_mm_and_si128(there, _mm_shuffle_epi8(last, move)),
                              _mm_andnot_si128(there, _mm_set1_epi8('A')));
    char room[16];
    __m128i out;

    if (count % 4 == 1 || !decode_16(in, &out))
        return false;
    _mm_storeu_si128((void *)room, out);
    memcpy(to, room, count * 3 / 4);
    return true;
}

/* At least sixteen bytes, as they stand in nearly every text: digits, and padding. Gives how many
 * digits were read from the front, in groups of four, or *whole. */
__attribute__((target("ssse3"))) static size_t decode_quickly(char *to, const char *text,
                                                              size_t size, bool *whole)
{
    const __m128i last = _mm_loadu_si128((const void *)(text + size - 16)); /* before it is gone */
    size_t padding = padding_of(text, size);
    size_t count = size - padding;
    size_t i = 0;

    if (count >= 32 && __builtin_cpu_supports("avx2"))
        i = decode_by_32(to, text, count);
    for (; count - i >= 16; i += 16) {
        __m128i out;

        if (!decode_16(_mm_loadu_si128((const void *)(text + i)), &out))
            return i;
        _mm_storeu_si128((void *)(to + i / 4 * 3), out);
    }
    *whole = decode_last(to + i / 4 * 3, last, count - i, padding);
    return *whole ? count : i;
}
#endif

/* What is left behind whole groups: the end, with its padding, or what is folded. */
static int decode_rest(char *to, const char *text, size_t size, size_t *written)
{
    uint32_t group = 0;
    unsigned count = 0;
    unsigned padding = 0;
    size_t i;

    *written = 0;
    for (i = 0; i < size; i++) {
        uint32_t digit = digits[3][(unsigned char)text[i]];

        if (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n')
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (digit == NO_DIGIT || padding > 0)
            return DISCO_EBASE64;
        group = group << 6 | digit;
        if (++count % 4 == 0) {
            to[(*written)++] = (char)(group >> 16);
            to[(*written)++] = (char)(group >> 8);
            to[(*written)++] = (char)group;
            group = 0;
        }
    }
    count %= 4;
    if (count == 1 || padding > 2 || (padding > 0 && count + padding != 4))
        return DISCO_EBASE64;
    if (count >= 2)
        to[(*written)++] = (char)(group >> (count == 2 ? 4 : 10));
    if (count == 3)
        to[(*written)++] = (char)(group >> 2);
    return 0;
}

static int decode_behind(char *to, const char *text, size_t *size, size_t used)
{
    size_t written;
    size_t more;
    int rv;

    used += decode_groups(to + used / 4 * 3, text + used, *size - used);
    written = used / 4 * 3;
    rv = decode_rest(to + written, text + used, *size - used, &more);
    if (rv == 0)
        *size = written + more;
    return rv;
}

int disco__base64_decode_portable(char *to, const char *text, size_t *size)
{
    return decode_behind(to, text, size, 0);
}

int disco__base64_decode_to(char *to, const char *text, size_t *size)
{
    size_t used = 0;

#ifdef WITH_VECTORS
    if (*size >= 16 && __builtin_cpu_supports("ssse3")) {
        bool whole = false;

        used = decode_quickly(to, text, *size, &whole);
        if (whole) {
            *size = used / 4 * 3 + (used % 4 != 0 ? used % 4 - 1 : 0);
            return 0;
        }
    }
#endif
    return decode_behind(to, text, size, used);
}

/* The same behind `count` digits, whole groups, as far as there is text and room. */
static size_t take_by_groups(char *to, size_t room, const char *text, size_t size, size_t count)
{
    size_t left = size - count;
    size_t most = (room - count / 4 * 3) / 3 * 4;
    uint32_t group = 0;
    size_t i;

    count += decode_groups(to + count / 4 * 3, text + count, left < most ? left : most);
    to += count / 4 * 3;
    room -= count / 4 * 3;
    for (i = 0; i < 3 && room >= 2 && count + i < size; i++) {
        uint32_t digit = digits[i][(unsigned char)text[count + i]];

        if (digit == NO_DIGIT)
            break;
        group |= digit;
    }
    if (i >= 2) {
        to[0] = (char)(group >> 16);
        to[1] = (char)(group >> 8);
    }
    return count + i;
}

size_t disco__base64_take(char *to, size_t room, const char *text, size_t size, size_t *written)
{
    bool ended = false;
    size_t count = 0;
    size_t over;

#ifdef WITH_VECTORS
    if (__builtin_cpu_supports("avx2"))
        count = take_by_32(to, room, text, size, &ended);
#endif
    if (!ended)
        count = take_by_groups(to, room, text, size, count);
    over = count % 4;
    *written = count / 4 * 3 + (over > 0 ? over - 1 : 0);
    if (over == 0)
        return count;
    if (over == 1 || size - count < 4 - over || memcmp(text + count, "==", 4 - over) != 0)
        return 0;
    return count + 4 - over;
}

int disco__base64_decode_in_place(char *text, size_t *size)
{
    return disco__base64_decode_to(text, text, size);
}

int disco__base64_decode(disco__buffer_t *out, const char *text, size_t size)
{
    size_t before = out->size;
    size_t decoded = size;
    int rv = disco__buffer_append(out, text, size);

    if (rv != 0 || size == 0)
        return rv;
    rv = disco__base64_decode_in_place(out->bytes + before, &decoded);
    out->size = before + (rv == 0 ? decoded : 0);
    out->bytes[out->size] = '\0';
    return rv;
}
