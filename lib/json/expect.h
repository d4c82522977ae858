/* The quick way through JSON whose writer is known: what is expected comes, or it does not, which
 * says nothing about it: then it is to be read by json/scan.h from where it began. */
#ifndef DISCO_JSON_EXPECT_H
#define DISCO_JSON_EXPECT_H

#include "json/scan.h"

static inline bool disco__take(disco__scan_t *scan, const char *bytes, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, bytes, size) != 0)
        return false;
    scan->at += size;
    return true;
}

/* These very bytes. */
#define DISCO__TAKE(scan, literal) disco__take(scan, literal, sizeof(literal) - 1)

/* The digits at the front, eight at most: gives how many there are. */
static inline size_t disco__eight_digits(const char *at, size_t left, uint64_t *number)
{
    size_t i;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&                        \
    (defined(__GNUC__) || defined(__clang__))
    /* All at once: first each with its neighbour, then pairs, then fours. */
    if (left >= 8) {
        uint64_t digits;
        uint64_t others;
        uint64_t pairs;
        uint64_t fours;

        memcpy(&digits, at, sizeof digits);
        digits ^= 0x3030303030303030u;
        /* Right up to the first that is none, from which on a carry may be passed. */
        others = (digits | (digits + 0x0606060606060606u)) & 0xf0f0f0f0f0f0f0f0u;
        i = others != 0 ? (size_t)__builtin_ctzll(others) / 8 : 8;
        if (i == 0)
            return 0;
        digits <<= 64 - 8 * i;
        pairs = (digits & 0x00ff00ff00ff00ffu) * 10 + (digits >> 8 & 0x00ff00ff00ff00ffu);
        fours = (pairs & 0x0000ffff0000ffffu) * 100 + (pairs >> 16 & 0x0000ffff0000ffffu);
        *number = (fours & 0xffffffffu) * 10000 + (fours >> 32);
        return i;
    }
#endif
    *number = 0;
    for (i = 0; i < 8 && i < left && at[i] >= '0' && at[i] <= '9'; i++)
        *number = *number * 10 + (uint64_t)(at[i] - '0');
    return i;
}

/* digits: from 1 to 8. */
static inline uint64_t disco__power_of_ten(size_t digits)
{
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

    return digits == 8 ? 100000000 : powers[digits & 7];
}

/* The digits at the front. Gives how many there are; 0: none, or more than a number has. */
static inline size_t disco__digits(const char *at, size_t left, uint64_t *number)
{
    size_t count = disco__eight_digits(at, left, number);
    size_t more = count;

    while (more == 8) {
        uint64_t part;
        uint64_t power;

        more = disco__eight_digits(at + count, left - count, &part);
        if (more == 0)
            break;
        count += more;
        power = disco__power_of_ten(more);
        if (count > 19 && (count > 20 || *number > (UINT64_MAX - part) / 10000)) /* the last four */
            return 0;
        *number = *number * power + part;
    }
    return count;
}

/* A whole number of at most fifteen digits, and not the last byte that there is. */
static inline bool disco__take_digits(disco__scan_t *scan, uint64_t *number)
{
    const char *first = scan->at;
    size_t count = disco__digits(first, (size_t)(scan->end - first), number);

    scan->at += count;
    return count > 0 && count <= 15 && scan->at < scan->end && (*first != '0' || count == 1);
}

/* As many items of an array as `take` takes, which may fail the scanner, one behind the other; the
 * scanner is behind the last. False: none. */
static inline bool disco__take_row(disco__scan_t *scan,
                                   bool (*take)(void *data, disco__scan_t *scan), void *data)
{
    const char *first = scan->at;
    const char *behind = first;

    while (take(data, scan)) {
        behind = scan->at;
        scan->fresh = false;
        if (scan->status != 0 || !DISCO__TAKE(scan, ","))
            break;
    }
    scan->at = behind;
    return behind > first;
}

#endif
