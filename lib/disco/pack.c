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

/* Room for a port and, behind all ports, for a pointer that is sorted. */
#define PORT_ROOM (sizeof(disco_port_t) + sizeof(const disco_port_t *))

static bool are_in_order(const disco_port_t *ports, size_t count)
{
    size_t i;

    for (i = 1; i < count; i++) {
        if (strcmp(disco__text_or_empty(ports[i - 1].scheme),
                   disco__text_or_empty(ports[i].scheme)) >= 0)
            return false;
    }
    return true;
}

/* False: it does not fit in a size_t. */
static bool ports_room(const disco_port_t *ports, size_t count, size_t *room)
{
    /* One tells a list without ports from none: both lie at an address of their own. */
    if (count == 0)
        count = 1;
    else if (!are_in_order(ports, count))
        return disco__size_mul(count, PORT_ROOM, room);
    return disco__size_mul(count, sizeof *ports, room);
}

static void measure_ports(disco__pack_t *pack, const disco_port_t *ports, size_t count)
{
    size_t room;
    size_t i;

    if (!ports_room(ports, count, &room))
        pack->overflow = true;
    else
        count_size(pack, &pack->ports_size, room);
    for (i = 0; i < count && !pack->overflow; i++) {
        (void)disco__pack_text(pack, ports[i].scheme);
        (void)disco__pack_text(pack, ports[i].port);
    }
}

static void pack_port(disco__pack_t *pack, disco_port_t *copy, const disco_port_t *port)
{
    copy->scheme = disco__pack_text(pack, port->scheme);
    copy->port = disco__pack_text(pack, port->port);
}

/* Gives how many are left of them. */
static uint16_t pack_sorted(disco__pack_t *pack, disco_port_t *copy, const disco_port_t *ports,
                            size_t count)
{
    const disco_port_t **sorted = (void *)(copy + count);
    uint16_t kept = 0;
    size_t i;

    for (i = 0; i < count; i++)
        sorted[i] = &ports[i];
    qsort(sorted, count, sizeof(const disco_port_t *), compare_ports);
    for (i = 0; i < count; i++) {
        if (i + 1 == count || !disco__text_equal(sorted[i]->scheme, sorted[i + 1]->scheme))
            pack_port(pack, &copy[kept++], sorted[i]);
    }
    return kept;
}

const disco_port_t *disco__pack_ports(disco__pack_t *pack, const disco_port_t *ports,
                                      uint16_t *count)
{
    disco_port_t *copy = (void *)pack->ports;
    size_t room = 0;
    size_t i;

    if (ports == NULL)
        *count = 0;
    if (ports == NULL)
        return NULL;
    if (pack->ports == NULL) {
        measure_ports(pack, ports, *count);
        return NULL;
    }
    (void)ports_room(ports, *count, &room); /* it was measured */
    pack->ports += room;
    if (are_in_order(ports, *count)) {
        for (i = 0; i < *count; i++)
            pack_port(pack, &copy[i], &ports[i]);
    } else {
        *count = pack_sorted(pack, copy, ports, *count);
    }
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

int disco__ports_sort(disco_port_t *ports, uint16_t *count)
{
    disco_port_t *copy;
    const disco_port_t **sorted;
    uint16_t kept = 0;
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

#define ALIGNMENT sizeof(uint64_t)

void *disco__pack_allocate(disco__pack_t *pack, size_t header, size_t *size)
{
    size_t total = header;
    char *block;

    count_size(pack, &total, pack->ports_size);
    count_size(pack, &total, pack->text_size);
    count_size(pack, &total, ALIGNMENT - 1);
    if (pack->overflow)
        return NULL;
    total -= total % ALIGNMENT;
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
