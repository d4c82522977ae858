#include "json/stop.h"

#include <stdint.h>
#include <string.h>

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
