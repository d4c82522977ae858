#include "base/random.h"

#include <uv.h>

int disco__random_init(disco__random_t *random)
{
    int rv = uv_random(NULL, NULL, random->state, sizeof random->state, 0, NULL);

    if (rv != 0)
        return rv;
    random->state[0] |= 1; /* all zero is the one state that the generator cannot leave */
    return 0;
}

void disco__random_fork(disco__random_t *random, disco__random_t *from)
{
    random->state[0] = disco__random_next(from) | 1;
    random->state[1] = disco__random_next(from);
}

/* xorshift128+ (S. Vigna, 2014). */
uint64_t disco__random_next(disco__random_t *random)
{
    uint64_t a = random->state[0];
    uint64_t b = random->state[1];

    random->state[0] = b;
    a ^= a << 23;
    random->state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return random->state[1] + b;
}

uint64_t disco__random_below(disco__random_t *random, uint64_t bound)
{
    uint64_t limit;
    uint64_t value;

    if (bound == 0)
        return 0;
    limit = UINT64_MAX - UINT64_MAX % bound; /* over it, some results would come more often */
    do
        value = disco__random_next(random);
    while (value >= limit);
    return value % bound;
}

int disco__uuid(char text[DISCO_UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    size_t i;
    char *at = text;
    int rv = uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);

    if (rv != 0)
        return rv;
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[bytes[i] >> 4];
        *at++ = hex[bytes[i] & 15];
    }
    *at = '\0';
    return 0;
}
