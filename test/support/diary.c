/* The diaries of support/flow.h. */
#include <stdio.h>

#include "support/flow.h"

void diary_begin(diary_t *diary, flow_t *flow)
{
    memset(diary, 0, sizeof *diary);
    diary->flow = flow;
}

static void write_line(diary_t *diary, const char *line)
{
    assert_true(diary->count < FLOW_MOST_LINES);
    diary->lines[diary->count++] = line;
}

static void write_status(diary_t *diary, int status)
{
    const disco_error_detail_t *detail = disco_client_error_detail(diary->flow->client);

    if (status == 0)
        return;
    assert_status(detail->status, status);
    diary->detail = *detail;
    diary->detail.endpoint = flow_text("%s", detail->endpoint);
    diary->detail.message = flow_text("%s", detail->message);
}

static void print_diary(const diary_t *diary)
{
    size_t i;

    for (i = 0; i < diary->count; i++)
        print_error("%s %s\n", i < diary->read ? "  " : "->", diary->lines[i]);
}

void diary_expect_at(diary_t *diary, const char *line, const char *file, int line_number)
{
    uint64_t began = uv_hrtime();

    while (diary->read == diary->count)
        flow_step(diary->flow, began, line, file, line_number);
    if (strcmp(diary->lines[diary->read], line) != 0) {
        print_diary(diary);
        print_error("\"%s\" was expected\n", line);
        _fail(file, line_number);
    }
    diary->read++;
}

void diary_expect_nothing_at(diary_t *diary, const char *file, int line_number)
{
    flow_settle(diary->flow);
    if (diary->read == diary->count)
        return;
    print_diary(diary);
    print_error("nothing was expected\n");
    _fail(file, line_number);
}

void diary_watch_cb(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    diary_t *diary = data;
    unsigned long long revision = event->revision;

    (void)watch;
    write_status(diary, event->status);
    switch (event->type) {
    case DISCO_WATCH_PUT:
        write_line(diary,
                   flow_text("PUT %s %s @%llu", event->entry->key, event->entry->value, revision));
        break;
    case DISCO_WATCH_DELETE:
        write_line(diary, flow_text("DELETE %s @%llu", event->entry->key, revision));
        break;
    case DISCO_WATCH_EXPIRE:
        write_line(diary, flow_text("EXPIRE %s @%llu", event->entry->key, revision));
        break;
    case DISCO_WATCH_SYNCED:
        write_line(diary, "SYNCED");
        break;
    case DISCO_WATCH_STALE:
        write_line(diary, flow_text("STALE %s", disco_err_name(event->status)));
        break;
    case DISCO_WATCH_GAP:
        assert_status(event->status, DISCO_ECLEARED);
        write_line(diary, flow_text("GAP @%llu", revision));
        break;
    case DISCO_WATCH_CLOSED:
        write_line(diary, flow_text("CLOSED %s", disco_err_name(event->status)));
        break;
    }
}

void diary_subscription_cb(void *data, disco_subscription_t *subscription,
                           const disco_subscription_event_t *event)
{
    diary_t *diary = data;
    const disco_host_t *host = event->host;
    const disco_host_t *const *hosts;
    size_t count = 0;

    assert_ptr_equal(event->service, disco_subscription_service(subscription));
    if (event->type != DISCO_SUBSCRIPTION_STALE)
        assert_null(event->api);
    else
        assert_string_equal(event->api, disco_client_error_detail(diary->flow->client)->api);
    write_status(diary, event->status);
    switch (event->type) {
    case DISCO_SUBSCRIPTION_SNAPSHOT:
        (void)disco_service_all(event->service, &hosts, &count);
        write_line(diary, flow_text("SNAPSHOT %zu", count));
        break;
    case DISCO_SUBSCRIPTION_SYNCED:
        write_line(diary, "SYNCED");
        break;
    case DISCO_SUBSCRIPTION_UP:
        write_line(diary, flow_text("UP %s %s", host->uuid, host->name));
        break;
    case DISCO_SUBSCRIPTION_CHANGED:
        write_line(diary,
                   flow_text("CHANGED %s %s %s", host->uuid, event->previous->name, host->name));
        break;
    case DISCO_SUBSCRIPTION_DOWN:
        write_line(diary, flow_text("DOWN %s %s", host->uuid, host->name));
        break;
    case DISCO_SUBSCRIPTION_INFO:
        write_line(diary, flow_text("INFO %s", disco_service_info(event->service)->user));
        break;
    case DISCO_SUBSCRIPTION_STALE:
        write_line(diary, flow_text("STALE %s", disco_err_name(event->status)));
        break;
    case DISCO_SUBSCRIPTION_CLOSED:
        write_line(diary, flow_text("CLOSED %s", disco_err_name(event->status)));
        break;
    }
}

void diary_registration_cb(void *data, disco_registration_t *registration,
                           const disco_registration_event_t *event)
{
    static const char *const names[] = {"?",           "READY",   "LOST",     "RECOVERED",
                                        "CREDENTIALS", "UPDATED", "RETRYING", "CLOSED"};
    diary_t *diary = data;

    (void)registration;
    assert_true((size_t)event->type < sizeof names / sizeof names[0]);
    write_status(diary, event->status);
    if (event->type == DISCO_REGISTRATION_CREDENTIALS)
        write_line(diary, flow_text("CREDENTIALS %s:%s", event->user, event->password));
    else if (event->status != 0 || event->type == DISCO_REGISTRATION_CLOSED)
        write_line(diary, flow_text("%s %s", names[event->type], disco_err_name(event->status)));
    else
        write_line(diary, names[event->type]);
}

void diary_kv_cb(void *data, int status, const disco_kv_result_t *result)
{
    diary_t *diary = data;
    const char *line = "OK";
    size_t i;

    write_status(diary, status);
    if (status != 0) {
        assert_null(result);
        write_line(diary, disco_err_name(status));
        return;
    }
    for (i = 0; i < result->entry_count; i++) {
        const disco_kv_t *entry = &result->entries[i];

        if (entry->is_directory)
            line = flow_text("%s %s/", line, entry->key);
        else
            line = flow_text("%s %s=%s@%llu", line, entry->key, entry->value,
                             (unsigned long long)entry->modified_revision);
    }
    write_line(diary, line);
}

void diary_get_cb(void *data, int status, const disco_service_t *service)
{
    diary_t *diary = data;
    const char *line = "OK";
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    write_status(diary, status);
    if (status != 0) {
        assert_null(service);
        write_line(diary, disco_err_name(status));
        return;
    }
    (void)disco_service_all(service, &hosts, &count);
    for (i = 0; i < count; i++)
        line = flow_text("%s %s", line, hosts[i]->uuid);
    if (disco_service_status(service) != 0)
        line = flow_text("%s %s", line, disco_err_name(disco_service_status(service)));
    if (disco_service_info(service)->user[0] != '\0')
        line = flow_text("%s user=%s", line, disco_service_info(service)->user);
    if (disco_service_is_partial(service))
        line = flow_text("%s partial", line);
    if (disco_service_broken(service) > 0)
        line = flow_text("%s broken=%zu", line, disco_service_broken(service));
    write_line(diary, line);
}

void diary_version_cb(void *data, int status, const char *server, const char *cluster)
{
    diary_t *diary = data;

    write_status(diary, status);
    write_line(diary,
               status == 0 ? flow_text("OK %s %s", server, cluster) : disco_err_name(status));
}
