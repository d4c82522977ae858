#include "disco/pack.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/text.h"

static void count_size(disco__pack_t *pack, size_t *total, size_t more)
{
    if (!disco__size_add(*total, more, total))
        pack->overflow = true;
}

const char *disco__pack_text(disco__pack_t *pack, const char *text)
{
    size_t size;
    char *copy;

    text = disco__text_or_empty(text);
    size = strlen(text) + 1;
    if (pack->text == NULL) {
        count_size(pack, &pack->text_size, size);
        return NULL;
    }
    copy = pack->text;
    memcpy(copy, text, size);
    pack->text += size;
    return copy;
}

/* qsort() is not stable: of equal schemes the one that came last is told by its address. */
static int compare_ports(const void *a, const void *b)
{
    const disco_port_t *const *first = a;
    const disco_port_t *const *second = b;
    int order =
        strcmp(disco__text_or_empty((*first)->scheme), disco__text_or_empty((*second)->scheme));

    if (order != 0 || *first == *second)
        return order;
    return *first < *second ? -1 : 1;
}

/* Room for the ports and, behind them, for the pointers that are sorted. */
#define PORT_ROOM (sizeof(disco_port_t) + sizeof(const disco_port_t *))

static void measure_ports(disco__pack_t *pack, const disco_port_t *ports, size_t count)
{
    size_t room;
    size_t i;

    /* One more tells a list without ports from none: both lie at an address of their own. */
    if (!disco__size_add(count, 1, &room) || !disco__size_mul(room, PORT_ROOM, &room))
        pack->overflow = true;
    else
        count_size(pack, &pack->ports_size, room);
    for (i = 0; i < count && !pack->overflow; i++) {
        (void)disco__pack_text(pack, ports[i].scheme);
        (void)disco__pack_text(pack, ports[i].port);
    }
}

const disco_port_t *disco__pack_ports(disco__pack_t *pack, const disco_port_t *ports, size_t *count)
{
    const disco_port_t **sorted;
    disco_port_t *copy;
    size_t kept = 0;
    size_t i;

    if (ports == NULL)
        *count = 0;
    if (ports == NULL)
        return NULL;
    if (pack->ports == NULL) {
        measure_ports(pack, ports, *count);
        return NULL;
    }
    copy = (void *)pack->ports;
    sorted = (void *)(copy + *count + 1);
    for (i = 0; i < *count; i++)
        sorted[i] = &ports[i];
    qsort(sorted, *count, sizeof(const disco_port_t *), compare_ports);
    for (i = 0; i < *count; i++) {
        if (i + 1 < *count && disco__text_equal(sorted[i]->scheme, sorted[i + 1]->scheme))
            continue;
        copy[kept].scheme = disco__pack_text(pack, sorted[i]->scheme);
        copy[kept++].port = disco__pack_text(pack, sorted[i]->port);
    }
    pack->ports += (*count + 1) * PORT_ROOM;
    *count = kept;
    return copy;
}

bool disco__ports_are_sorted(const disco_port_t *ports, size_t count)
{
    size_t i;

    for (i = 1; i < count; i++) {
        if (strcmp(ports[i - 1].scheme, ports[i].scheme) >= 0)
            return false;
    }
    return true;
}

int disco__ports_sort(disco_port_t *ports, size_t *count)
{
    disco_port_t *copy;
    const disco_port_t **sorted;
    size_t kept = 0;
    size_t i;

    copy = disco__calloc(*count, PORT_ROOM);
    if (copy == NULL)
        return UV_ENOMEM;
    memcpy(copy, ports, *count * sizeof *copy);
    sorted = (void *)(copy + *count);
    for (i = 0; i < *count; i++)
        sorted[i] = &copy[i];
    qsort(sorted, *count, sizeof(const disco_port_t *), compare_ports);
    for (i = 0; i < *count; i++) {
        if (i + 1 == *count || strcmp(sorted[i]->scheme, sorted[i + 1]->scheme) != 0)
            ports[kept++] = *sorted[i];
    }
    *count = kept;
    disco__free(copy);
    return 0;
}

void *disco__pack_allocate(disco__pack_t *pack, size_t header, size_t *size)
{
    size_t total = header;
    char *block;

    count_size(pack, &total, pack->ports_size);
    count_size(pack, &total, pack->text_size);
    if (pack->overflow)
        return NULL;
    block = disco__calloc(1, total);
    if (block == NULL)
        return NULL;
    pack->ports = block + header;
    pack->text = block + header + pack->ports_size;
    *size = total;
    return block;
}

bool disco__ports_equal(const disco_port_t *a, size_t a_count, const disco_port_t *b,
                        size_t b_count)
{
    size_t i;

    if (a_count != b_count || (a == NULL) != (b == NULL))
        return false;
    if (a == NULL || b == NULL)
        return true;
    for (i = 0; i < a_count; i++) {
        if (!disco__text_equal(a[i].scheme, b[i].scheme) ||
            !disco__text_equal(a[i].port, b[i].port))
            return false;
    }
    return true;
}
