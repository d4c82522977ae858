/* Happy path: each store is asked for info and hosts by one operation; when all have answered, the
 * service is made and done is called. With one store its answer goes straight into the service;
 * with several, the hosts are gathered by their keys and then united. Failure modes: a store that
 * fails leaves the service partial, which is told and logged, unless all do: then done gets the
 * first failure. Once one store has answered, another is waited for only a while, and less when it
 * had failed before. Memory that is too short ends it all. A key that is not there is no failure.
 */
#include "disco/fetch.h"

#include <string.h>

#include "disco/entry.h"
#include "disco/keys.h"
#include "disco/member.h"

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

void disco__fetch_end(disco__fetch_t *fetch)
{
    size_t i;

    cancel_all(fetch);
    for (i = 0; i < fetch->part_count; i++)
        disco__info_free(fetch->parts[i].info);
    disco__members_clear(&fetch->members, fetch->part_count);
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

static int add_united(disco__fetch_t *fetch, const disco__member_t *member)
{
    disco__host_t *host;
    int rv = disco__member_unite(&host, member, fetch->part_count);

    if (rv != 0)
        return rv;
    if (host == NULL) {
        fetch->service->broken++;
        return 0;
    }
    rv = disco__service_reserve(fetch->service);
    if (rv == 0)
        disco__service_add(fetch->service, host);
    disco__host_unref(host);
    return rv;
}

static int unite_hosts(disco__fetch_t *fetch)
{
    disco__strmap_t *map = &fetch->members;
    size_t i;

    disco__service_sort_later(fetch->service);
    for (i = 0; i < map->chain_count; i++) {
        disco__strmap_entry_t *entry;

        for (entry = map->chains[i]; entry != NULL; entry = entry->next) {
            int rv = add_united(fetch, disco__container_of(entry, disco__member_t, entry));

            if (rv != 0)
                return rv;
        }
    }
    disco__service_sort(fetch->service);
    return 0;
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

static void conclude(disco__fetch_t *fetch)
{
    size_t answered = 0;
    size_t i;

    for (i = 0; i < fetch->part_count; i++)
        answered += fetch->parts[i].answered ? 1 : 0;
    if (answered == 0) {
        finish(fetch, &fetch->parts[fetch->first_failed].failure);
        return;
    }
    note_health(fetch);
    choose_info(fetch);
    finish_with(fetch, fetch->part_count > 1 ? unite_hosts(fetch) : 0);
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
static int read_info(disco__fetch_part_t *part, const disco_kv_t *entry)
{
    int rv;

    if (entry == NULL || entry->is_directory)
        return 0;
    rv = disco__entry_read_info(part->fetch->client, entry, &part->info);
    if (rv != 0) {
        part->info = NULL;
        return disco__entry_is_broken(rv) ? 0 : rv;
    }
    /* Where there are no directories, this is what stays of a service without hosts. */
    if (!part->store->has_directories)
        part->fetch->service->has_directory = true;
    return 0;
}

static int gather_host(disco__fetch_part_t *part, const disco_kv_t *entry)
{
    disco__fetch_t *fetch = part->fetch;
    const char *name = disco__key_last_segment(entry->key);
    disco__member_t *member = disco__member_find(&fetch->members, name);
    size_t side = (size_t)(part - fetch->parts);
    disco__host_t *host;
    int rv;

    if (member == NULL)
        member = disco__member_add(&fetch->members, name, fetch->part_count);
    if (member == NULL)
        return UV_ENOMEM;
    rv = disco__entry_read_host(fetch->client, entry, &host);
    if (rv != 0)
        return disco__entry_is_broken(rv) ? 0 : rv;
    host->side = (uint16_t)side;
    disco__host_unref(member->held[side].host); /* of a key that was listed twice */
    member->held[side].host = host;
    return 0;
}

static int gather_hosts(disco__fetch_part_t *part, const disco__result_t *listing)
{
    size_t i;

    for (i = 0; i < listing->entry_count; i++) {
        const disco_kv_t *entry = &listing->entries[i];
        int rv;

        part->fetch->service->has_directory = true;
        if (entry->is_directory ||
            disco__key_relation(entry->key, part->fetch->hosts_key) != DISCO__KEY_CHILD)
            continue;
        rv = gather_host(part, entry);
        if (rv != 0)
            return rv;
    }
    return 0;
}

static int read_answer(disco__fetch_part_t *part, const disco__result_t *result)
{
    disco__fetch_t *fetch = part->fetch;
    int rv = read_info(part, result->beside);

    if (rv != 0)
        return rv;
    return fetch->part_count > 1
               ? gather_hosts(part, result)
               : disco__entry_fill_service(fetch->client, fetch->service, result, fetch->hosts_key);
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
    int rv = 0;

    part->op = NULL;
    part->answered = status == 0 || status == DISCO_EKEYNOTFOUND;
    if (part->answered)
        rv = read_answer(part, result);
    else if (status == UV_ENOMEM)
        rv = status; /* is no failure of the store */
    if (rv != 0) {
        finish_with(fetch, rv);
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

    part->fetch = fetch;
    part->store = fetch->client->stores[index];
    pursuit.data = part;
    pursuit.done = on_answer;
    return part->store->ops->get_pair(part->store, info_key, fetch->hosts_key, quorum, &pursuit,
                                      &part->op);
}

int disco__fetch_start(disco__fetch_t *fetch, disco_client_t *client, const char *service,
                       bool quorum,
                       void (*done)(disco__fetch_t *fetch, const disco__failure_t *failure))
{
    char *info_key = disco__key_of_info(service);
    int rv = UV_ENOMEM;

    memset(fetch, 0, sizeof *fetch);
    fetch->client = client;
    fetch->done = done;
    disco__timer_init(&fetch->timer, on_patience_over);
    disco__strmap_init(&fetch->members,
                       client->store_count > 1 ? disco__random_next(&client->loop.random) : 0);
    fetch->hosts_key = disco__key_of_hosts(service);
    if (info_key != NULL && fetch->hosts_key != NULL)
        rv = disco__service_new(&fetch->service, service, NULL, &client->loop.random);
    while (rv == 0 && fetch->part_count < client->store_count)
        rv = start_part(fetch, fetch->part_count++, info_key, quorum);
    disco__free(info_key);
    if (rv != 0)
        disco__fetch_end(fetch);
    return rv;
}
