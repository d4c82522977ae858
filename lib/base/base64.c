#include "base/base64.h"

#include <uvdisco/error.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <tmmintrin.h>
#define WITH_SSSE3 1
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

#ifdef WITH_SSSE3
/* The same, four groups at a time. A byte is a digit when the bit of its upper half is set in what
 * belongs to its lower half; and by its upper half alone it is told how far it lies from its value,
 * but for '/', which shares it with '+'. Sixteen bytes are written where twelve are meant: those
 * behind lie in the room of what is not read yet, or was. */
__attribute__((target("ssse3"))) static size_t decode_many(char *to, const char *text, size_t size)
{
    const __m128i half = _mm_set1_epi8(0x0f);
    const __m128i upper_bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i digits_of_lower = _mm_setr_epi8(
        (char)0xa8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf8,
        (char)0xf8, (char)0xf8, (char)0xf8, (char)0xf0, 0x54, 0x50, 0x50, 0x50, 0x54);
    const __m128i distances = _mm_setr_epi8(0, 0, 62 - '+', 52 - '0', -'A', -'A', 26 - 'a',
                                            26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i slash = _mm_set1_epi8('/');
    const __m128i slash_is_nearer = _mm_set1_epi8((63 - '/') - (62 - '+'));
    const __m128i pairs = _mm_set1_epi16(0x0140);
    const __m128i fours = _mm_set1_epi32(0x00011000);
    const __m128i bytes = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    size_t i;

    for (i = 0; size - i >= 16; i += 16, to += 12) {
        __m128i in = _mm_loadu_si128((const void *)(text + i));
        __m128i upper = _mm_and_si128(_mm_srli_epi16(in, 4), half);
        __m128i known = _mm_and_si128(_mm_shuffle_epi8(upper_bits, upper),
                                      _mm_shuffle_epi8(digits_of_lower, _mm_and_si128(in, half)));
        __m128i distance = _mm_shuffle_epi8(distances, upper);

        if (_mm_movemask_epi8(_mm_cmpeq_epi8(known, _mm_setzero_si128())) != 0)
            break;
        distance =
            _mm_add_epi8(distance, _mm_and_si128(_mm_cmpeq_epi8(in, slash), slash_is_nearer));
        in = _mm_maddubs_epi16(_mm_add_epi8(in, distance), pairs);
        in = _mm_shuffle_epi8(_mm_madd_epi16(in, fours), bytes);
        _mm_storeu_si128((void *)to, in);
    }
    return i;
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

#ifdef WITH_SSSE3
    if (*size >= 16 && __builtin_cpu_supports("ssse3"))
        used = decode_many(to, text, *size);
#endif
    return decode_behind(to, text, size, used);
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
