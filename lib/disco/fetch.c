/* Happy path: each store is asked for info and hosts by one operation, and hands them over while
 * its answer arrives: with one store they go straight into the service; with several, they are
 * gathered by their keys and united when all have answered. Then done is called. Failure modes: a
 * store that fails leaves the service partial, which is told and logged, unless all do: then done
 * gets the first failure. Once one store has answered, another is waited for only a while, and less
 * when it had failed before. Memory that is too short ends it all. A key that is not there is no
 * failure. */
#include "disco/fetch.h"

#include <string.h>

#include "disco/entry.h"
#include "disco/keys.h"

static void cancel_all(disco__fetch_t *fetch)
{
    size_t i;

    disco__timer_stop(&fetch->client->loop, &fetch->timer);
    for (i = 0; i < fetch->part_count; i++) {
        disco__fetch_part_t *part = &fetch->parts[i];

        if (part->op != NULL)
            part->store->ops->cancel(part->op);
        part->op = NULL;
    }
}

static void part_free(disco__fetch_part_t *part)
{
    disco__info_unref(part->info);
    disco__reader_free(&part->reader);
}

void disco__fetch_end(disco__fetch_t *fetch)
{
    size_t i;

    cancel_all(fetch);
    for (i = 0; i < fetch->part_count; i++)
        part_free(&fetch->parts[i]);
    disco__roster_free(&fetch->members);
    disco_service_unref(fetch->service);
    disco__free(fetch->hosts_key);
}

static void finish(disco__fetch_t *fetch, const disco__failure_t *failure)
{
    disco__failure_t told = *failure;

    cancel_all(fetch);
    fetch->done(fetch, &told);
}

static void finish_with(disco__fetch_t *fetch, int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    finish(fetch, &failure);
}

/* The info of the first store that has one: programs that know v2 alone change theirs nowhere
 * else. */
static void choose_info(disco__fetch_t *fetch)
{
    size_t i;

    for (i = 0; i < fetch->part_count; i++) {
        disco__fetch_part_t *part = &fetch->parts[i];

        if (part->info == NULL)
            continue;
        disco__service_set_info(fetch->service, part->info);
        part->info = NULL;
        return;
    }
}

static int add_united(disco__fetch_t *fetch, disco__member_t *member)
{
    int rv = disco__member_unite(member);

    if (rv != 0)
        return rv;
    if (member->host == NULL) {
        fetch->service->broken++;
        return 0;
    }
    rv = disco__service_reserve(fetch->service);
    if (rv == 0)
        disco__service_add(fetch->service, member->host);
    disco__host_unref(disco__member_own(member));
    return rv;
}

static int unite_hosts(disco__fetch_t *fetch)
{
    disco__roster_t *members = &fetch->members;
    size_t place = disco__roster_next(members, 0);
    int rv = 0;

    for (; rv == 0 && place != DISCO__NO_PLACE; place = disco__roster_next(members, place + 1)) {
        disco__member_t member;

        disco__roster_get(members, place, &member);
        rv = add_united(fetch, &member);
    }
    return rv;
}

/* Said when it begins and when it ends, not with each lookup. */
static void note_health(disco__fetch_t *fetch)
{
    disco_client_t *client = fetch->client;
    size_t i;

    for (i = 0; i < fetch->part_count; i++) {
        const disco__fetch_part_t *part = &fetch->parts[i];
        bool failing = !part->answered;

        if (failing)
            fetch->service->partial = true;
        if (failing == client->failing[i])
            continue;
        client->failing[i] = failing;
        if (failing)
            disco__log(&client->loop.log, DISCO_LOG_WARNING,
                       "the %s registry cannot be read now, lookups go without it: %s%s%s",
                       part->store->api, disco_strerror(part->failure.status),
                       part->failure.endpoint[0] != '\0' ? ": " : "", part->failure.endpoint);
        else
            disco__log(&client->loop.log, DISCO_LOG_INFO, "the %s registry can be read again",
                       part->store->api);
    }
}

/* Of an answer that broke off. One that is removed has another move up to its place. */
static void forget_members(disco__fetch_part_t *part)
{
    disco__roster_t *members = &part->fetch->members;
    disco__held_t *held;
    size_t place = 0;

    while ((place = disco__roster_next(members, place)) != DISCO__NO_PLACE) {
        disco__member_t member;

        disco__roster_get(members, place, &member);
        held = &member.held[part - part->fetch->parts];
        if (!held->there) {
            place++;
            continue;
        }
        disco__host_unref(held->host);
        *held = (disco__held_t){0};
        /* It has a record, so that this needs no memory. */
        (void)disco__roster_set(members, &place, member.name, &member);
    }
}

static void forget_hosts(disco__fetch_part_t *part)
{
    part->is_known = false;
    if (part->fetch->part_count > 1) {
        forget_members(part);
        return;
    }
    disco__service_clear(part->fetch->service);
    disco__service_sort_later(part->fetch->service);
}

static void forget_info(disco__fetch_part_t *part)
{
    disco__info_unref(part->info);
    part->info = NULL;
}

static void forget(disco__fetch_part_t *part)
{
    forget_hosts(part);
    forget_info(part);
}

/* Where there are no directories, the info is what stays of a service without hosts. */
static bool knows_service(const disco__fetch_part_t *part)
{
    return part->is_known || (part->info != NULL && !part->store->has_directories);
}

static void conclude(disco__fetch_t *fetch)
{
    size_t answered = 0;
    size_t i;
    int rv = 0;

    for (i = 0; i < fetch->part_count; i++) {
        disco__fetch_part_t *part = &fetch->parts[i];

        if (!part->answered)
            forget(part); /* of an answer that broke off */
        else if (knows_service(part))
            fetch->service->has_directory = true;
        answered += part->answered ? 1 : 0;
    }
    if (answered == 0) {
        finish(fetch, &fetch->parts[fetch->first_failed].failure);
        return;
    }
    note_health(fetch);
    choose_info(fetch);
    if (fetch->part_count > 1)
        rv = unite_hosts(fetch);
    disco__service_sort(fetch->service);
    finish_with(fetch, rv);
}

static size_t count_pending(const disco__fetch_t *fetch)
{
    size_t pending = 0;
    size_t i;

    for (i = 0; i < fetch->part_count; i++)
        pending += fetch->parts[i].op != NULL ? 1 : 0;
    return pending;
}

/* One has answered; long enough for the others to ask a second endpoint. */
static void wait_for_others(disco__fetch_t *fetch)
{
    disco_client_t *client = fetch->client;
    uint64_t patience = 2 * (uint64_t)client->settings.attempt_ms;
    size_t i;

    for (i = 0; i < fetch->part_count; i++) {
        if (fetch->parts[i].op != NULL && client->failing[i])
            patience = client->settings.attempt_ms / 4;
    }
    disco__timer_start(&client->loop, &fetch->timer, patience);
}

static void on_patience_over(disco__timer_t *timer)
{
    disco__fetch_t *fetch = disco__container_of(timer, disco__fetch_t, timer);
    size_t i;

    for (i = 0; i < fetch->part_count; i++) {
        disco__fetch_part_t *part = &fetch->parts[i];

        if (part->op != NULL)
            disco__failure_set(&part->failure, UV_ETIMEDOUT, NULL);
    }
    cancel_all(fetch);
    conclude(fetch);
}

/* A broken one is as good as none. */
static int take_info(disco__fetch_part_t *part, const disco__item_t *item)
{
    disco_service_info_t *info;
    int rv;

    if (item->is_directory)
        return 0;
    rv = disco__reader_info(&part->reader, item, &info);
    if (rv != 0)
        return disco__entry_is_broken(rv) ? 0 : rv;
    disco__info_unref(part->info);
    part->info = info;
    return 0;
}

static int add_host(disco__fetch_part_t *part, const disco__item_t *item)
{
    disco_service_t *service = part->fetch->service;
    disco__host_t *host;
    int rv = disco__reader_host(&part->reader, item, &host);

    if (disco__entry_is_broken(rv)) {
        service->broken++;
        return 0;
    }
    if (rv != 0)
        return rv;
    rv = disco__service_reserve(service);
    if (rv == 0)
        disco__service_add(service, host);
    disco__host_unref(host);
    return rv;
}

static int set_held(disco__fetch_t *fetch, const char *name, size_t side, disco__held_t held)
{
    size_t place = disco__roster_find(&fetch->members, name);
    disco__member_t member = {0};
    disco__host_t *displaced;
    int rv;

    if (place != DISCO__NO_PLACE)
        disco__roster_get(&fetch->members, place, &member);
    displaced = member.held[side].host; /* of a key that was listed twice */
    member.held[side] = held;
    rv = disco__roster_set(&fetch->members, &place, name, &member);
    disco__host_unref(rv == 0 ? displaced : held.host);
    return rv;
}

static int gather_host(disco__fetch_part_t *part, const disco__item_t *item, const char *name,
                       size_t name_size)
{
    size_t side = (size_t)(part - part->fetch->parts);
    disco__held_t held = {.there = true};
    char *text;
    int rv = disco__reader_host(&part->reader, item, &held.host);

    if (rv != 0 && !disco__entry_is_broken(rv))
        return rv;
    if (rv == 0)
        disco__host_set_side(held.host, side);
    else
        held.host = NULL;
    text = disco__strndup(name, name_size);
    if (text == NULL) {
        disco__host_unref(held.host);
        return UV_ENOMEM;
    }
    rv = set_held(part->fetch, text, side, held);
    disco__free(text);
    return rv;
}

static int on_take(void *data, const disco__item_t *item)
{
    disco__fetch_part_t *part = data;
    const char *name;
    size_t size;

    if (item->beside)
        return take_info(part, item);
    part->is_known = true;
    size = disco__key_child(&name, item->key, item->key_size, part->fetch->hosts_key,
                            part->fetch->hosts_key_size);
    if (size == 0 || item->is_directory)
        return 0;
    return part->fetch->part_count > 1 ? gather_host(part, item, name, size) : add_host(part, item);
}

static size_t on_read(void *data, bool beside, const char *text, size_t size)
{
    disco__fetch_part_t *part = data;

    return beside ? 0 : disco__reader_look(&part->reader, text, size);
}

static void on_begin(void *data, bool beside)
{
    if (beside)
        forget_info(data);
    else
        forget_hosts(data);
}

static void part_failed(disco__fetch_part_t *part, const disco__failure_t *failure)
{
    disco__fetch_t *fetch = part->fetch;

    part->failure = *failure;
    if (part->failure.api == NULL)
        part->failure.api = part->store->api;
    if (fetch->parts[fetch->first_failed].failure.status == 0)
        fetch->first_failed = (size_t)(part - fetch->parts);
}

static void on_answer(void *data, const disco__result_t *result)
{
    disco__fetch_part_t *part = data;
    disco__fetch_t *fetch = part->fetch;
    int status = result->failure->status;

    part->op = NULL;
    part->answered = status == 0 || status == DISCO_EKEYNOTFOUND;
    if (status == UV_ENOMEM) {
        finish_with(fetch, status); /* is no failure of the store */
        return;
    }
    if (!part->answered)
        part_failed(part, result->failure);
    if (count_pending(fetch) == 0)
        conclude(fetch);
    else if (part->answered)
        wait_for_others(fetch);
}

static int start_part(disco__fetch_t *fetch, size_t index, const char *info_key, bool quorum)
{
    disco__fetch_part_t *part = &fetch->parts[index];
    disco__pursuit_t pursuit = disco__client_pursuit(fetch->client);
    disco__taker_t taker = {.data = part, .begin = on_begin, .read = on_read, .take = on_take};

    memset(part, 0, offsetof(disco__fetch_part_t, reader));
    part->fetch = fetch;
    disco__reader_init(&part->reader, fetch->client);
    part->store = fetch->client->stores[index];
    pursuit.data = part;
    pursuit.done = on_answer;
    return part->store->ops->get_pair(part->store, info_key, fetch->hosts_key, quorum, &taker,
                                      &pursuit, &part->op);
}

int disco__fetch_start(disco__fetch_t *fetch, disco_client_t *client, const char *service,
                       bool quorum,
                       void (*done)(disco__fetch_t *fetch, const disco__failure_t *failure))
{
    char *info_key = disco__key_of_info(service);
    int rv = UV_ENOMEM;

    memset(fetch, 0, offsetof(disco__fetch_t, parts));
    fetch->client = client;
    fetch->done = done;
    disco__timer_init(&fetch->timer, on_patience_over);
    disco__roster_init(&fetch->members,
                       client->store_count > 1 ? disco__random_next(&client->loop.random) : 0);
    fetch->hosts_key = disco__key_of_hosts(service);
    if (fetch->hosts_key != NULL)
        fetch->hosts_key_size = strlen(fetch->hosts_key);
    if (info_key != NULL && fetch->hosts_key != NULL)
        rv = disco__service_new(&fetch->service, service, NULL, &client->loop.random);
    while (rv == 0 && fetch->part_count < client->store_count)
        rv = start_part(fetch, fetch->part_count++, info_key, quorum);
    disco__free(info_key);
    if (rv != 0)
        disco__fetch_end(fetch);
    return rv;
}
