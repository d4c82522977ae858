#include "listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

char *listing_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsString(item))
        bench_fail("an answer has no %s", name);
    return item->valuestring;
}

void listing_keys(const char *service, char key[600], char end[600])
{
    char text[300];

    (void)snprintf(text, sizeof text, "/services/%s/", service);
    base64_encode(text, key);
    (void)snprintf(text, sizeof text, "/services/%s0", service);
    base64_encode(text, end);
}

static hosts_t room_for(const cJSON *array)
{
    hosts_t hosts;

    hosts.count = 0;
    hosts.host = bench_allocate((size_t)cJSON_GetArraySize(array) + 1, sizeof *hosts.host);
    return hosts;
}

static cJSON *parse(const transfer_t *transfer)
{
    cJSON *tree = cJSON_ParseWithLength(transfer->body, transfer->size);

    if (tree == NULL)
        bench_fail("an answer is no JSON");
    return tree;
}

static void read_info(const char *json, size_t size)
{
    cJSON *info = cJSON_ParseWithLength(json, size);

    (void)listing_text(info, "name");
    cJSON_Delete(info);
}

static void read_v2_hosts(listing_t *listing)
{
    cJSON *tree = parse(&listing->hosts_transfer);
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(tree, "node");
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(node, "nodes");
    const cJSON *item;
    struct curl_header *header;

    if (curl_easy_header(listing->hosts_transfer.easy, "X-Etcd-Index", 0, CURLH_HEADER, -1,
                         &header) != CURLHE_OK)
        bench_fail("an answer has no X-Etcd-Index");
    listing->index = strtoull(header->value, NULL, 10);
    listing->hosts = room_for(nodes);
    cJSON_ArrayForEach(item, nodes)
    {
        const char *value = listing_text(item, "value");

        host_read(&listing->hosts.host[listing->hosts.count++], value, strlen(value));
    }
    cJSON_Delete(tree);
}

static void read_v2_info(const listing_t *listing)
{
    cJSON *tree = parse(&listing->info_transfer);
    const char *value = listing_text(cJSON_GetObjectItemCaseSensitive(tree, "node"), "value");

    read_info(value, strlen(value));
    cJSON_Delete(tree);
}

static size_t decode(char *value)
{
    long size = base64_decode(value);

    if (size < 0)
        bench_fail("a value is no base64");
    return (size_t)size;
}

static const cJSON *kvs_of(const cJSON *responses, int place)
{
    const cJSON *response = cJSON_GetArrayItem(responses, place);
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(response, "response_range");

    if (range == NULL)
        bench_fail("an answer has no range");
    return cJSON_GetObjectItemCaseSensitive(range, "kvs");
}

static void read_v3(listing_t *listing)
{
    cJSON *tree = parse(&listing->hosts_transfer);
    const cJSON *responses = cJSON_GetObjectItemCaseSensitive(tree, "responses");
    const cJSON *infos = kvs_of(responses, 0);
    const cJSON *kvs = kvs_of(responses, 1);
    const cJSON *header = cJSON_GetObjectItemCaseSensitive(tree, "header");
    const cJSON *item;
    char *value;

    listing->index = strtoull(listing_text(header, "revision"), NULL, 10);
    if (cJSON_GetArraySize(infos) == 1) {
        value = listing_text(cJSON_GetArrayItem(infos, 0), "value");
        read_info(value, decode(value));
    }
    listing->hosts = room_for(kvs);
    cJSON_ArrayForEach(item, kvs)
    {
        value = listing_text(item, "value");
        host_read(&listing->hosts.host[listing->hosts.count++], value, decode(value));
    }
    cJSON_Delete(tree);
}

static void on_answer(transfer_t *transfer)
{
    listing_t *listing = transfer->data;

    if (transfer == &listing->info_transfer)
        read_v2_info(listing);
    else if (transfer->engine->is_v2)
        read_v2_hosts(listing);
    else
        read_v3(listing);
    if (--listing->waiting > 0)
        return;
    if (listing->wanted > 0 && listing->hosts.count != listing->wanted)
        bench_fail("%zu hosts instead of %zu", listing->hosts.count, listing->wanted);
    listing->on_done(listing);
}

static void open_v2(listing_t *listing, engine_t *engine, const char *service)
{
    char target[400];

    (void)snprintf(target, sizeof target, "/v2/keys/services/%s?sorted=true&recursive=true",
                   service);
    transfer_get(&listing->hosts_transfer, target);
    listing->has_info = bench_number(engine->arguments, "info", 0) != 0;
    if (!listing->has_info)
        return;
    transfer_open(&listing->info_transfer, engine, on_answer, listing);
    (void)snprintf(target, sizeof target, "/v2/keys/services_infos/%s?sorted=true", service);
    transfer_get(&listing->info_transfer, target);
}

static void open_v3(listing_t *listing, const char *service)
{
    char info_text[300];
    char info[600];
    char key[600];
    char end[600];
    size_t size = 2000;

    (void)snprintf(info_text, sizeof info_text, "/services_infos/%s", service);
    base64_encode(info_text, info);
    listing_keys(service, key, end);
    listing->request = bench_allocate(size, 1);
    (void)snprintf(listing->request, size,
                   "{\"success\":[{\"request_range\":{\"key\":\"%s\",\"serializable\":true}},"
                   "{\"request_range\":{\"key\":\"%s\",\"range_end\":\"%s\",\"serializable\":true}"
                   "}]}",
                   info, key, end);
    transfer_send(&listing->hosts_transfer, "POST", "/v3/kv/txn", NULL, listing->request,
                  strlen(listing->request));
}

void listing_open(listing_t *listing, engine_t *engine, listing_cb on_done, void *data)
{
    const char *service = bench_text(engine->arguments, "service", NULL);

    if (strlen(service) > 200)
        bench_fail("service= is too long");
    memset(listing, 0, sizeof *listing);
    listing->on_done = on_done;
    listing->data = data;
    listing->wanted = bench_number(engine->arguments, "hosts", 0);
    transfer_open(&listing->hosts_transfer, engine, on_answer, listing);
    if (engine->is_v2)
        open_v2(listing, engine, service);
    else
        open_v3(listing, service);
}

void listing_close(listing_t *listing)
{
    transfer_close(&listing->hosts_transfer);
    if (listing->has_info)
        transfer_close(&listing->info_transfer);
    free(listing->request);
    hosts_free(&listing->hosts);
}

void listing_start(listing_t *listing)
{
    hosts_free(&listing->hosts);
    listing->waiting = listing->has_info ? 2 : 1;
    transfer_start(&listing->hosts_transfer);
    if (listing->has_info)
        transfer_start(&listing->info_transfer);
}
