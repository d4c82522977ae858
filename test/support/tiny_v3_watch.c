/* Happy path: a stream is opened with a request for each watch; each is answered, gets what it has
 * missed, and from then on a message for each revision in which its keys change. That its
 * connection is closed is not noticed: what is sent there is lost. Failure modes: what it has
 * missed is forgotten: it is told so, and is over. */
#include <stdlib.h>

#include "support/scripted_internal.h"
#include "support/tiny_v3.h"

typedef struct tiny_v3_change_s {
    struct tiny_v3_change_s *next;
    unsigned revision;
    char *key;
    char *event;    /* without its end */
    char *previous; /* NULL: the key was new */
} change_t;

typedef struct tiny_v3_watch_s {
    struct tiny_v3_watch_s *next;
    size_t connection;
    uint64_t id;
    char *begin;
    char *end; /* NULL: one key */
    bool previous;
} watch_t;

void tiny_v3_note(tiny_v3_t *v3, const tiny_v3_key_t *now, bool deleted,
                  const tiny_v3_key_t *previous)
{
    change_t **end = &v3->changes;
    text_t event = {NULL, 0};
    text_t before = {NULL, 0};

    text_add(&event, deleted ? "{\"type\":\"DELETE\",\"kv\":" : "{\"kv\":");
    tiny_v3_add_key(&event, now);
    if (previous != NULL)
        tiny_v3_add_key(&before, previous);
    while (*end != NULL)
        end = &(*end)->next;
    *end = scripted_take(sizeof **end);
    **end = (change_t){.revision = v3->revision,
                       .key = scripted_take_text(now->key, strlen(now->key)),
                       .event = event.bytes,
                       .previous = before.bytes};
}

static void free_change(change_t *change)
{
    free(change->key);
    free(change->event);
    free(change->previous);
    free(change);
}

static void add_chunk(text_t *text, text_t message)
{
    text_addf(text, "%zx\r\n", message.size);
    text_add(text, message.bytes);
    text_add(text, "\r\n");
    free(message.bytes);
}

/* {"result":{"header":...,"watch_id":... */
static text_t message_of(const tiny_v3_t *v3, const watch_t *watch)
{
    text_t text = {NULL, 0};

    text_add(&text, "{\"result\":{");
    tiny_v3_add_header(&text, v3);
    if (watch->id != 0)
        text_addf(&text, ",\"watch_id\":\"%llu\"", (unsigned long long)watch->id);
    return text;
}

/* What has changed from a revision on; a message, or nothing. */
static void add_changes(text_t *text, const tiny_v3_t *v3, const watch_t *watch, uint64_t from)
{
    text_t message = message_of(v3, watch);
    const change_t *change;
    size_t count = 0;

    for (change = v3->changes; change != NULL; change = change->next) {
        if (change->revision < from || !tiny_v3_is_in(change->key, watch->begin, watch->end))
            continue;
        text_add(&message, count++ == 0 ? ",\"events\":[" : ",");
        text_add(&message, change->event);
        if (watch->previous && change->previous != NULL)
            text_addf(&message, ",\"prev_kv\":%s", change->previous);
        text_add(&message, "}");
    }
    text_add(&message, "]}}\n");
    if (count > 0)
        add_chunk(text, message);
    else
        free(message.bytes);
}

void tiny_v3_commit(tiny_v3_t *v3)
{
    watch_t *watch;

    if (!v3->changing)
        return;
    v3->changing = false;
    for (watch = v3->watches; watch != NULL; watch = watch->next) {
        text_t text = {NULL, 0};

        add_changes(&text, v3, watch, v3->revision);
        if (text.bytes != NULL)
            tiny_send(v3->sender, watch->connection, text);
    }
}

static void free_watch(watch_t *watch)
{
    free(watch->begin);
    free(watch->end);
    free(watch);
}

static void add_watch(tiny_v3_t *v3, size_t connection, tiny_json_t create, text_t *text)
{
    watch_t *watch = scripted_take(sizeof *watch);
    uint64_t start = tiny_json_number(tiny_json_member(create, "start_revision"));
    text_t message;

    *watch = (watch_t){
        .next = v3->watches,
        .connection = connection,
        .id = tiny_json_number(tiny_json_member(create, "watch_id")),
        .begin = tiny_json_bytes(tiny_json_member(create, "key")),
        .end = tiny_json_bytes(tiny_json_member(create, "range_end")),
        .previous = tiny_json_is(tiny_json_member(create, "prev_kv"), "true"),
    };
    v3->watches = watch;
    message = message_of(v3, watch);
    text_add(&message, ",\"created\":true}}\n");
    add_chunk(text, message);
    if (start > v3->compacted) {
        add_changes(text, v3, watch, start);
    } else if (start > 0) {
        v3->watches = watch->next;
        message = message_of(v3, watch);
        text_addf(&message, ",\"canceled\":true,\"compact_revision\":\"%u\"}}\n", v3->compacted);
        add_chunk(text, message);
        free_watch(watch);
    }
}

void tiny_v3_handle_watch(tiny_v3_t *v3, const server_request_t *request)
{
    tiny_json_t at;
    text_t text = {NULL, 0};

    text_add(&text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
    for (at = request->body; at != NULL; at = tiny_json_next(at)) {
        tiny_json_t create = tiny_json_member(at, "create_request");

        assert_non_null(create);
        add_watch(v3, request->connection, create, &text);
    }
    tiny_send(v3->sender, request->connection, text);
}

/* What came later has never been. */
void tiny_v3_set_revision(tiny_v3_t *v3, unsigned revision)
{
    change_t **at = &v3->changes;

    while (*at != NULL) {
        change_t *change = *at;

        if (change->revision <= revision) {
            at = &change->next;
            continue;
        }
        *at = change->next;
        free_change(change);
    }
    v3->revision = revision;
}

void tiny_v3_free_watches(tiny_v3_t *v3)
{
    tiny_v3_set_revision(v3, 0);
    while (v3->watches != NULL) {
        watch_t *watch = v3->watches;

        v3->watches = watch->next;
        free_watch(watch);
    }
}
