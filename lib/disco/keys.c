#include "disco/keys.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "disco/model.h"

/* Percent-encoded three times as long, it still fits in etcd's longest request line. */
#define KEY_MOST 1024

/* No larger than it must be: there is one for each host and each view. */
static char *join(const char *prefix, const char *service, const char *uuid)
{
    const char *parts[] = {prefix, service, uuid != NULL ? "/" : "", uuid != NULL ? uuid : ""};
    size_t sizes[4];
    size_t total = 1;
    size_t i;
    char *key;
    char *at;

    for (i = 0; i < 4; i++) {
        sizes[i] = strlen(parts[i]);
        if (!disco__size_add(total, sizes[i], &total))
            return NULL;
    }
    key = disco__malloc(total);
    if (key == NULL)
        return NULL;
    for (at = key, i = 0; i < 4; at += sizes[i], i++)
        memcpy(at, parts[i], sizes[i]);
    *at = '\0';
    return key;
}

char *disco__key_of_info(const char *service)
{
    return join("/services_infos/", service, NULL);
}

char *disco__key_of_hosts(const char *service)
{
    return join("/services/", service, NULL);
}

char *disco__key_of_host(const char *service, const char *uuid)
{
    return join("/services/", service, uuid);
}

/* The rest of text behind directory and its '/', or NULL when text does not lie in it. */
static const char *inside(const char *text, const char *directory)
{
    size_t size = strlen(directory);

    while (size > 0 && directory[size - 1] == '/')
        size--;
    if (strncmp(text, directory, size) != 0 || text[size] != '/' || text[size + 1] == '\0')
        return NULL;
    return text + size + 1;
}

disco__key_relation_t disco__key_relation(const char *key, const char *base)
{
    const char *rest = inside(key, base);

    if (rest != NULL)
        return strchr(rest, '/') != NULL ? DISCO__KEY_BELOW : DISCO__KEY_CHILD;
    if (strcmp(key, base) == 0)
        return DISCO__KEY_SAME;
    return inside(base, key) != NULL ? DISCO__KEY_ABOVE : DISCO__KEY_ELSEWHERE;
}

size_t disco__key_child(const char **name, const char *key, size_t size, const char *directory,
                        size_t directory_size)
{
    if (size <= directory_size + 1 || memcmp(key, directory, directory_size) != 0 ||
        key[directory_size] != '/')
        return 0;
    *name = key + directory_size + 1;
    size -= directory_size + 1;
    return memchr(*name, '/', size) == NULL ? size : 0;
}

const char *disco__key_last_segment(const char *key)
{
    const char *slash = strrchr(key, '/');

    return slash != NULL ? slash + 1 : key;
}

static int segment_check(const char *segment, size_t size)
{
    char name[256];

    if (size >= sizeof name)
        return DISCO_ENAME;
    memcpy(name, segment, size);
    name[size] = '\0';
    return disco__name_check(name);
}

int disco__key_check(const char *key)
{
    if (key[0] != '/' || strlen(key) > KEY_MOST)
        return DISCO_ENAME;
    if (key[1] == '\0')
        return 0;
    while (*key == '/') {
        size_t size = strcspn(key + 1, "/");

        if (segment_check(key + 1, size) != 0)
            return DISCO_ENAME;
        key += 1 + size;
    }
    return 0;
}
