/* Happy path: the comparisons of a transaction are looked at, the operations of one branch done one
 * by one, all at one revision, and the watches told; nested transactions likewise. Failure modes: a
 * put to a lease that is not there fails the transaction as a whole, before anything is done. */
#include <stdlib.h>

#include "support/scripted_internal.h"
#include "support/tiny_v3.h"

bool tiny_v3_is_in(const char *key, const char *begin, const char *end)
{
    if (end == NULL)
        return strcmp(key, begin) == 0;
    return strcmp(key, begin) >= 0 && strcmp(key, end) < 0;
}

void tiny_v3_add_key(text_t *text, const tiny_v3_key_t *key)
{
    char *name = tiny_json_base64(key->key);
    char *value = key->value != NULL ? tiny_json_base64(key->value) : NULL;

    text_addf(text, "{\"key\":%s", name);
    if (key->created != 0)
        text_addf(text, ",\"create_revision\":\"%u\"", key->created);
    text_addf(text, ",\"mod_revision\":\"%u\"", key->modified);
    if (key->version != 0)
        text_addf(text, ",\"version\":\"%u\"", key->version);
    if (value != NULL && *key->value != '\0')
        text_addf(text, ",\"value\":%s", value);
    if (key->lease != 0)
        text_addf(text, ",\"lease\":\"%llu\"", (unsigned long long)key->lease);
    text_add(text, "}");
    free(name);
    free(value);
}

static void free_key(tiny_v3_key_t *key)
{
    free(key->key);
    free(key->value);
}

void tiny_v3_free_keys(tiny_v3_t *v3)
{
    while (v3->key_count > 0)
        free_key(&v3->keys[--v3->key_count]);
}

static void begin_change(tiny_v3_t *v3)
{
    if (!v3->changing)
        v3->revision++;
    v3->changing = true;
}

/* Where the key is, or has to go. */
static size_t place_of(const tiny_v3_t *v3, const char *key)
{
    size_t i = 0;

    while (i < v3->key_count && strcmp(v3->keys[i].key, key) < 0)
        i++;
    return i;
}

static bool is_at(const tiny_v3_t *v3, size_t place, const char *key)
{
    return place < v3->key_count && strcmp(v3->keys[place].key, key) == 0;
}

/* previous: what the answer says of it; NULL: nobody asks. */
static void put(tiny_v3_t *v3, const char *key, const char *value, uint64_t lease,
                text_t *previous_text)
{
    size_t place = place_of(v3, key);
    bool is_there = is_at(v3, place, key);
    tiny_v3_key_t previous = v3->keys[place < TINY_V3_MOST_KEYS ? place : 0];
    tiny_v3_key_t *now = &v3->keys[place];

    begin_change(v3);
    if (is_there && previous_text != NULL) {
        text_add(previous_text, ",\"prev_kv\":");
        tiny_v3_add_key(previous_text, &previous);
    }
    if (!is_there) {
        if (v3->key_count == TINY_V3_MOST_KEYS)
            fail_msg("too many keys");
        memmove(now + 1, now, (v3->key_count++ - place) * sizeof *now);
        *now =
            (tiny_v3_key_t){.key = scripted_take_text(key, strlen(key)), .created = v3->revision};
    }
    now->value = scripted_take_text(value, strlen(value));
    now->modified = v3->revision;
    now->version++;
    now->lease = lease;
    tiny_v3_note(v3, now, false, is_there ? &previous : NULL);
    if (is_there)
        free(previous.value);
}

static void drop(tiny_v3_t *v3, size_t place)
{
    tiny_v3_key_t previous = v3->keys[place];
    tiny_v3_key_t gone = {.key = previous.key};

    begin_change(v3);
    gone.modified = v3->revision;
    v3->key_count--;
    memmove(&v3->keys[place], &v3->keys[place + 1], (v3->key_count - place) * sizeof v3->keys[0]);
    tiny_v3_note(v3, &gone, true, &previous);
    free_key(&previous);
}

void tiny_v3_put(tiny_v3_t *v3, const char *key, const char *value)
{
    put(v3, key, value, 0, NULL);
    tiny_v3_commit(v3);
}

void tiny_v3_delete(tiny_v3_t *v3, const char *key)
{
    size_t place = place_of(v3, key);

    if (is_at(v3, place, key))
        drop(v3, place);
    tiny_v3_commit(v3);
}

void tiny_v3_delete_directory(tiny_v3_t *v3, const char *key)
{
    size_t size = strlen(key);
    size_t i = 0;

    while (i < v3->key_count) {
        if (strncmp(v3->keys[i].key, key, size) == 0 && v3->keys[i].key[size] == '/')
            drop(v3, i);
        else
            i++;
    }
    tiny_v3_commit(v3);
}

void tiny_v3_drop_leased(tiny_v3_t *v3, uint64_t lease)
{
    size_t i = 0;

    while (i < v3->key_count) {
        if (v3->keys[i].lease == lease)
            drop(v3, i);
        else
            i++;
    }
    tiny_v3_commit(v3);
}

/* ,"kvs":[...],"count":"2" without the first comma. */
static void add_range(text_t *text, const tiny_v3_t *v3, tiny_json_t range)
{
    char *begin = tiny_json_bytes(tiny_json_member(range, "key"));
    char *end = tiny_json_bytes(tiny_json_member(range, "range_end"));
    bool counts = tiny_json_is(tiny_json_member(range, "count_only"), "true");
    size_t count = 0;
    size_t i;

    if (tiny_json_member(range, "revision") != NULL)
        fail_msg("the tiny etcd knows no key of the past");
    for (i = 0; i < v3->key_count; i++) {
        if (!tiny_v3_is_in(v3->keys[i].key, begin, end))
            continue;
        count++;
        if (counts)
            continue;
        text_add(text, count == 1 ? ",\"kvs\":[" : ",");
        tiny_v3_add_key(text, &v3->keys[i]);
    }
    if (count > 0)
        text_addf(text, "%s,\"count\":\"%zu\"", counts ? "" : "]", count);
    free(begin);
    free(end);
}

void tiny_v3_handle_range(tiny_v3_t *v3, const server_request_t *request)
{
    text_t text = {NULL, 0};

    text_add(&text, "{");
    tiny_v3_add_header(&text, v3);
    add_range(&text, v3, request->body);
    text_add(&text, "}");
    tiny_v3_answer(v3, request->connection, 200, text);
}

static bool compares(uint64_t is, const char *result, uint64_t to)
{
    if (strncmp(result, "\"EQUAL\"", 7) == 0)
        return is == to;
    if (strncmp(result, "\"GREATER\"", 9) == 0)
        return is > to;
    fail_msg("no comparison by %s", result);
    return false;
}

static bool holds(const tiny_v3_t *v3, tiny_json_t compare)
{
    static const tiny_v3_key_t none = {.value = NULL};
    char *key = tiny_json_bytes(tiny_json_member(compare, "key"));
    char *value = tiny_json_bytes(tiny_json_member(compare, "value"));
    tiny_json_t target = tiny_json_member(compare, "target");
    tiny_json_t result = tiny_json_member(compare, "result");
    size_t place = place_of(v3, key);
    const tiny_v3_key_t *found = is_at(v3, place, key) ? &v3->keys[place] : &none;
    bool is = false;

    if (tiny_json_is(target, "\"CREATE\""))
        is = compares(found->created, result,
                      tiny_json_number(tiny_json_member(compare, "create_revision")));
    else if (tiny_json_is(target, "\"MOD\""))
        is = compares(found->modified, result,
                      tiny_json_number(tiny_json_member(compare, "mod_revision")));
    else if (tiny_json_is(target, "\"LEASE\""))
        is = compares(found->lease, result, tiny_json_number(tiny_json_member(compare, "lease")));
    else if (tiny_json_is(target, "\"VALUE\""))
        is = found->value != NULL && value != NULL && strcmp(found->value, value) == 0;
    else
        fail_msg("no comparison of %s", target);
    free(key);
    free(value);
    return is;
}

static bool all_hold(const tiny_v3_t *v3, tiny_json_t compares_list)
{
    tiny_json_t compare;

    for (compare = tiny_json_first(compares_list); compare != NULL;
         compare = tiny_json_next(compare)) {
        if (!holds(v3, compare))
            return false;
    }
    return true;
}

/* Of all puts, also those in branches that are not taken. */
static bool leases_are_there(const tiny_v3_t *v3, tiny_json_t operations)
{
    tiny_json_t at;

    for (at = tiny_json_first(operations); at != NULL; at = tiny_json_next(at)) {
        tiny_json_t nested = tiny_json_member(at, "request_txn");
        uint64_t lease =
            tiny_json_number(tiny_json_member(tiny_json_member(at, "request_put"), "lease"));

        if (lease != 0 && !tiny_v3_has_lease(v3, lease))
            return false;
        if (!leases_are_there(v3, tiny_json_member(nested, "success")))
            return false;
    }
    return true;
}

static void do_put(tiny_v3_t *v3, tiny_json_t request, text_t *text)
{
    char *key = tiny_json_bytes(tiny_json_member(request, "key"));
    char *value = tiny_json_bytes(tiny_json_member(request, "value"));
    bool previous = tiny_json_is(tiny_json_member(request, "prev_kv"), "true");
    text_t found = {NULL, 0};

    put(v3, key, value != NULL ? value : "", tiny_json_number(tiny_json_member(request, "lease")),
        previous ? &found : NULL);
    text_addf(text, "{\"response_put\":{\"header\":{\"revision\":\"%u\"}", v3->revision);
    if (found.bytes != NULL)
        text_add(text, found.bytes);
    text_add(text, "}}");
    free(found.bytes);
    free(key);
    free(value);
}

static void do_delete(tiny_v3_t *v3, tiny_json_t request, text_t *text)
{
    char *begin = tiny_json_bytes(tiny_json_member(request, "key"));
    char *end = tiny_json_bytes(tiny_json_member(request, "range_end"));
    text_t found = {NULL, 0};
    size_t count = 0;
    size_t i = 0;

    while (i < v3->key_count) {
        if (!tiny_v3_is_in(v3->keys[i].key, begin, end)) {
            i++;
            continue;
        }
        text_add(&found, count++ == 0 ? ",\"prev_kvs\":[" : ",");
        tiny_v3_add_key(&found, &v3->keys[i]);
        drop(v3, i);
    }
    text_addf(text, "{\"response_delete_range\":{\"header\":{\"revision\":\"%u\"}", v3->revision);
    if (count > 0)
        text_addf(text, ",\"deleted\":\"%zu\"", count);
    if (count > 0 && tiny_json_is(tiny_json_member(request, "prev_kv"), "true"))
        text_addf(text, "%s]", found.bytes);
    text_add(text, "}}");
    free(found.bytes);
    free(begin);
    free(end);
}

static void do_txn(tiny_v3_t *v3, tiny_json_t txn, text_t *text);

static void do_operation(tiny_v3_t *v3, tiny_json_t operation, text_t *text)
{
    tiny_json_t range = tiny_json_member(operation, "request_range");
    tiny_json_t nested = tiny_json_member(operation, "request_txn");

    if (range != NULL) {
        text_addf(text, "{\"response_range\":{\"header\":{\"revision\":\"%u\"}", v3->revision);
        add_range(text, v3, range);
        text_add(text, "}}");
    } else if (nested != NULL) {
        text_addf(text, "{\"response_txn\":{\"header\":{}");
        do_txn(v3, nested, text);
        text_add(text, "}}");
    } else if (tiny_json_member(operation, "request_put") != NULL) {
        do_put(v3, tiny_json_member(operation, "request_put"), text);
    } else {
        do_delete(v3, tiny_json_member(operation, "request_delete_range"), text);
    }
}

/* ,"succeeded":true,"responses":[...] */
static void do_txn(tiny_v3_t *v3, tiny_json_t txn, text_t *text)
{
    bool succeeded = all_hold(v3, tiny_json_member(txn, "compare"));
    tiny_json_t operation =
        tiny_json_first(tiny_json_member(txn, succeeded ? "success" : "failure"));

    if (succeeded)
        text_add(text, ",\"succeeded\":true");
    text_add(text, ",\"responses\":[");
    while (operation != NULL) {
        do_operation(v3, operation, text);
        operation = tiny_json_next(operation);
        if (operation != NULL)
            text_add(text, ",");
    }
    text_add(text, "]");
}

void tiny_v3_handle_txn(tiny_v3_t *v3, const server_request_t *request)
{
    text_t done = {NULL, 0};
    text_t text = {NULL, 0};

    if (!leases_are_there(v3, tiny_json_member(request->body, "success"))) {
        text_add(&text, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}");
        tiny_v3_answer(v3, request->connection, 404, text);
        return;
    }
    do_txn(v3, request->body, &done);
    text_add(&text, "{");
    tiny_v3_add_header(&text, v3);
    text_add(&text, done.bytes);
    text_add(&text, "}");
    free(done.bytes);
    tiny_v3_commit(v3);
    tiny_v3_answer(v3, request->connection, 200, text);
}
