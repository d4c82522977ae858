#include "streams.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct line_s {
    const char *text;
    size_t size;
    uint64_t index;
} line_t;

typedef struct recording_s {
    bytes_t file;
    line_t *lines;
    size_t count;
} recording_t;

static recording_t v2;
static recording_t v3;
static char cluster[40];
static char term[24];

/* The index in etcd's log is never behind that of a key. */
#define RAFT_AHEAD 100000000ull

/* The number behind a name, in quotes or without; 0: it is not there. */
static uint64_t number_behind(const char *text, size_t size, const char *name)
{
    const char *found = memmem(text, size, name, strlen(name));

    if (found == NULL)
        return 0;
    found += strlen(name);
    return strtoull(*found == '"' ? found + 1 : found, NULL, 10);
}

static void load(recording_t *recording, const char *name, const char *index_name)
{
    size_t room = 0;
    const char *end;
    const char *next;

    if (name == NULL)
        return;
    bytes_read_file(&recording->file, name);
    bytes_append(&recording->file, "", 1);
    end = recording->file.data + recording->file.size - 1;
    for (next = recording->file.data; next < end;) {
        const char *stop = memchr(next, '\n', (size_t)(end - next));
        line_t *line;

        if (stop == NULL)
            bench_fail("%s: the last line has no end", name);
        if (recording->count == room) {
            room = room * 2 + 1024;
            recording->lines = realloc(recording->lines, room * sizeof *recording->lines);
            if (recording->lines == NULL)
                bench_fail("out of memory");
        }
        line = &recording->lines[recording->count++];
        line->text = next;
        line->size = (size_t)(stop - next);
        line->index = number_behind(line->text, line->size, index_name);
        if (line->index == 0)
            bench_fail("%s: line %zu has no index", name, recording->count);
        next = stop + 1;
    }
}

void streams_load(const char *v2_file, const char *v3_file)
{
    load(&v2, v2_file, "\"modifiedIndex\":");
    load(&v3, v3_file, "\"mod_revision\":");
}

static size_t first_from(const recording_t *recording, uint64_t index)
{
    size_t low = 0;
    size_t high = recording->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (recording->lines[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int streams_is_v2_wait(const bytes_t *request)
{
    return v2.count > 0 && memmem(request->data, request->size, "wait=true", 9) != NULL &&
           strncmp(request->data, "GET /v2/keys/", 13) == 0;
}

int streams_is_v3_watch(const bytes_t *request)
{
    return v3.count > 0 && strncmp(request->data, "POST /v3/watch\n", 15) == 0;
}

/* Copies the value of a header, up to the end of its line. */
static void copy_header(char *value, size_t size, const bytes_t *answer, const char *name)
{
    const char *found = memmem(answer->data, answer->size, name, strlen(name));
    size_t length = 0;

    if (found == NULL)
        return;
    found += strlen(name);
    while (length + 1 < size && found[length] != '\r' && found[length] != '\n')
        length++;
    memcpy(value, found, length);
    value[length] = '\0';
}

void streams_learn(const bytes_t *answer)
{
    copy_header(cluster, sizeof cluster, answer, "X-Etcd-Cluster-Id: ");
    copy_header(term, sizeof term, answer, "X-Raft-Term: ");
}

static void append_v2_head(bytes_t *out, uint64_t index)
{
    char head[500];

    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 200 OK\r\n"
                   "Access-Control-Allow-Headers: accept, content-type, authorization\r\n"
                   "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\n"
                   "Access-Control-Allow-Origin: *\r\n"
                   "Content-Type: application/json\r\n"
                   "X-Etcd-Cluster-Id: %s\r\n"
                   "X-Etcd-Index: %llu\r\n"
                   "X-Raft-Index: %llu\r\n"
                   "X-Raft-Term: %s\r\n"
                   "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n",
                   cluster, (unsigned long long)index, (unsigned long long)index + RAFT_AHEAD,
                   term);
    bytes_append_text(out, head);
}

/* The first event that the poll waits for; NULL: none is recorded. One that waits for whatever
 * comes next, without an index or with 0, begins at the beginning. */
static const line_t *v2_event(const bytes_t *request, uint64_t *index)
{
    size_t place;

    *index = number_behind(request->data, request->size, "waitIndex=");
    place = first_from(&v2, *index);
    if (strncmp(request->data, "GET /v2/keys/services/", 22) != 0 || place == v2.count)
        return NULL;
    return &v2.lines[place];
}

/* That at which the poll waits: the last one of all, if it has no index. */
static uint64_t index_before(uint64_t index)
{
    if (index > 0)
        return index - 1;
    return v2.lines != NULL ? v2.lines[v2.count - 1].index : 0;
}

int streams_v2_answer(const bytes_t *request, bytes_t *out)
{
    uint64_t index;
    const line_t *line = v2_event(request, &index);

    if (line == NULL) {
        append_v2_head(out, index_before(index));
        return 0;
    }
    append_v2_head(out, line->index);
    if (line == v2.lines)
        return 1;
    streams_v2_event(request, out);
    return 0;
}

void streams_v2_event(const bytes_t *request, bytes_t *out)
{
    uint64_t index;
    const line_t *line = v2_event(request, &index);
    char size[20];

    (void)snprintf(size, sizeof size, "%zx\r\n", line->size + 1);
    bytes_append_text(out, size);
    bytes_append(out, line->text, line->size);
    bytes_append_text(out, "\n\r\n0\r\n\r\n");
}

static void append_chunk(bytes_t *out, const char *before, size_t before_size, uint64_t id,
                         const char *after, size_t after_size)
{
    char number[40];
    char size[20];

    number[0] = '\0';
    if (id > 0)
        (void)snprintf(number, sizeof number, "\"watch_id\":\"%llu\",", (unsigned long long)id);
    (void)snprintf(size, sizeof size, "%zx\r\n", before_size + strlen(number) + after_size + 1);
    bytes_append_text(out, size);
    bytes_append(out, before, before_size);
    bytes_append_text(out, number);
    bytes_append(out, after, after_size);
    bytes_append_text(out, "\n\r\n");
}

/* {"result":{"header":{...},"events":[...]}}, as it was recorded of a watch without an id. */
static void append_message(bytes_t *out, const line_t *line, uint64_t id, int created)
{
    const char *events = memmem(line->text, line->size, "\"events\":", 9);
    const char *end = line->text + line->size;

    if (events == NULL)
        bench_fail("a recorded message has no events");
    if (created)
        append_chunk(out, line->text, (size_t)(events - line->text), id, "\"created\":true}}", 16);
    else
        append_chunk(out, line->text, (size_t)(events - line->text), id, events,
                     (size_t)(end - events));
}

typedef struct create_s {
    const char *text;
    size_t size;
    uint64_t id;
} create_t;

/* The next create_request behind this place of the body; 0: there is none. */
static int next_create(const bytes_t *request, create_t *create)
{
    static const char name[] = "\"create_request\"";
    const char *from = create->text != NULL ? create->text : request->data;
    const char *end = request->data + request->size;
    const char *next;

    create->text = memmem(from, (size_t)(end - from), name, sizeof name - 1);
    if (create->text == NULL)
        return 0;
    create->text += sizeof name - 1;
    next = memmem(create->text, (size_t)(end - create->text), name, sizeof name - 1);
    create->size = (size_t)((next != NULL ? next : end) - create->text);
    create->id = number_behind(create->text, create->size, "\"watch_id\":");
    return 1;
}

void streams_v3_answer(const bytes_t *request, bytes_t *out)
{
    create_t create = {NULL, 0, 0};

    bytes_append_text(out, "HTTP/1.1 200 OK\r\n"
                           "Access-Control-Allow-Headers: accept, content-type, authorization\r\n"
                           "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\n"
                           "Access-Control-Allow-Origin: *\r\n"
                           "Content-Type: application/json\r\n"
                           "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n");
    while (next_create(request, &create))
        append_message(out, &v3.lines[0], create.id, 1);
}

void streams_v3_events(const bytes_t *request, bytes_t *out)
{
    create_t create = {NULL, 0, 0};

    while (next_create(request, &create)) {
        size_t place =
            first_from(&v3, number_behind(create.text, create.size, "\"start_revision\":"));

        /* base64 of "/services/" begins so, and that of "/services_infos/" does not. */
        if (memmem(create.text, create.size, "\"L3NlcnZpY2VzL", 14) == NULL)
            continue;
        for (; place < v3.count; place++)
            append_message(out, &v3.lines[place], create.id, 0);
    }
}
