/* The library as a program uses it, at the end of a pipe: commands are read from standard input,
 * one JSON object a line, and what happens is written to standard output likewise. Where etcd is,
 * and by which API it is spoken to, comes from the environment. The end of the input shuts the
 * client down.
 *
 *   {"do":"register","id":I,"service":S,"host":{...}}  then events READY, CREDENTIALS, ... of I
 *   {"do":"unregister","id":I}                         then CLOSED of I
 *   {"do":"host","id":I}                               HOST of I: the registered host
 *   {"do":"subscribe","id":I,"service":S}              then events SYNCED, UP, CHANGED, DOWN, ...
 *   of I
 *   {"do":"get","id":I,"service":S,"shard":H}          GOT of I: the service, its hosts, their URLs
 *
 * A host is written with all its fields, by the names that it has in etcd. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <uvdisco.h>

#define MOST_NAMES 64
#define MOST_PORTS 8
#define MOST_INPUT 65536

typedef struct named_s {
    char id[32];
    disco_registration_t *registration; /* NULL: is no registration, or has ended */
} named_t;

static disco_client_t *client;
static uv_pipe_t input;
static named_t names[MOST_NAMES];
static size_t name_count;
static char pending[MOST_INPUT];
static size_t pending_size;

static void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "driver: %s: %s\n", what, why);
    exit(1);
}

static void check(int status, const char *what)
{
    if (status != 0)
        fail(what, disco_strerror(status));
}

/* Writing. */

static cJSON *event_new(const named_t *named, const char *event, int status)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "id", named->id);
    cJSON_AddStringToObject(message, "event", event);
    if (status != 0)
        cJSON_AddStringToObject(message, "status", disco_err_name(status));
    return message;
}

static void send_event(cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);

    if (text == NULL || puts(text) < 0 || fflush(stdout) != 0)
        fail("output", "cannot be written");
    cJSON_free(text);
    cJSON_Delete(message);
}

static void add_ports(cJSON *object, const char *name, const disco_port_t *ports, size_t count)
{
    cJSON *list =
        ports == NULL ? cJSON_AddNullToObject(object, name) : cJSON_AddObjectToObject(object, name);
    size_t i;

    for (i = 0; ports != NULL && i < count; i++)
        cJSON_AddStringToObject(list, ports[i].scheme, ports[i].port);
}

static cJSON *host_json(const disco_host_t *host)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", host->name);
    cJSON_AddStringToObject(object, "service_name", host->service_name);
    add_ports(object, "ports", host->ports, host->port_count);
    cJSON_AddStringToObject(object, "user", host->user);
    cJSON_AddStringToObject(object, "password", host->password);
    cJSON_AddBoolToObject(object, "public", host->is_public);
    cJSON_AddStringToObject(object, "private_hostname", host->private_hostname);
    add_ports(object, "private_ports", host->private_ports, host->private_port_count);
    cJSON_AddBoolToObject(object, "critical", host->critical);
    cJSON_AddStringToObject(object, "shard", host->shard);
    cJSON_AddStringToObject(object, "uuid", host->uuid);
    return object;
}

static cJSON *info_json(const disco_service_info_t *info)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", info->name);
    cJSON_AddBoolToObject(object, "critical", info->critical);
    cJSON_AddStringToObject(object, "hostname", info->hostname);
    cJSON_AddStringToObject(object, "user", info->user);
    cJSON_AddStringToObject(object, "password", info->password);
    add_ports(object, "ports", info->ports, info->port_count);
    cJSON_AddBoolToObject(object, "public", info->is_public);
    return object;
}

static void add_url(cJSON *list, int status, const char *url)
{
    cJSON_AddItemToArray(list, cJSON_CreateString(status == 0 ? url : disco_err_name(status)));
}

/* URL and private URL of the host, by http. */
static cJSON *host_urls(const disco_host_t *host)
{
    cJSON *list = cJSON_CreateArray();
    char url[512];
    size_t size = sizeof url;

    add_url(list, disco_host_url(host, "http", "/path", url, &size), url);
    size = sizeof url;
    add_url(list, disco_host_private_url(host, "http", "/path", url, &size), url);
    return list;
}

/* What the callbacks say. */

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    static const char *const texts[] = {
        [DISCO_REGISTRATION_READY] = "READY",
        [DISCO_REGISTRATION_LOST] = "LOST",
        [DISCO_REGISTRATION_RECOVERED] = "RECOVERED",
        [DISCO_REGISTRATION_CREDENTIALS] = "CREDENTIALS",
        [DISCO_REGISTRATION_UPDATED] = "UPDATED",
        [DISCO_REGISTRATION_RETRYING] = "RETRYING",
        [DISCO_REGISTRATION_CLOSED] = "CLOSED",
    };
    named_t *named = data;
    cJSON *message = event_new(named, texts[event->type], event->status);

    cJSON_AddStringToObject(message, "user", event->user);
    cJSON_AddStringToObject(message, "password", event->password);
    cJSON_AddStringToObject(message, "uuid", disco_registration_uuid(registration));
    if (event->type == DISCO_REGISTRATION_CLOSED)
        named->registration = NULL;
    send_event(message);
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    static const char *const texts[] = {
        [DISCO_SUBSCRIPTION_SNAPSHOT] = "SNAPSHOT",
        [DISCO_SUBSCRIPTION_SYNCED] = "SYNCED",
        [DISCO_SUBSCRIPTION_UP] = "UP",
        [DISCO_SUBSCRIPTION_CHANGED] = "CHANGED",
        [DISCO_SUBSCRIPTION_DOWN] = "DOWN",
        [DISCO_SUBSCRIPTION_INFO] = "INFO",
        [DISCO_SUBSCRIPTION_STALE] = "STALE",
        [DISCO_SUBSCRIPTION_CLOSED] = "CLOSED",
    };
    cJSON *message = event_new(data, texts[event->type], event->status);

    (void)subscription;
    if (event->host != NULL)
        cJSON_AddItemToObject(message, "host", host_json(event->host));
    if (event->service != NULL)
        cJSON_AddItemToObject(message, "service", info_json(disco_service_info(event->service)));
    send_event(message);
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    cJSON *message = event_new(data, "GOT", status != 0 ? status : disco_service_status(service));
    const disco_host_t *const *hosts;
    cJSON *list;
    char url[512];
    size_t size = sizeof url;
    size_t count = 0;
    size_t i;

    if (status == 0) {
        cJSON_AddItemToObject(message, "service", info_json(disco_service_info(service)));
        (void)disco_service_all(service, &hosts, &count);
        list = cJSON_AddArrayToObject(message, "hosts");
        for (i = 0; i < count; i++)
            cJSON_AddItemToArray(list, host_json(hosts[i]));
        list = cJSON_AddArrayToObject(message, "host_urls");
        for (i = 0; i < count; i++)
            cJSON_AddItemToArray(list, host_urls(hosts[i]));
        list = cJSON_AddArrayToObject(message, "service_url");
        add_url(list, disco_service_url(service, "http", "/path", url, &size), url);
    }
    send_event(message);
}

/* Commands. */

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool flag_of(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static uint16_t ports_of(const cJSON *object, const char *name, disco_port_t *ports)
{
    const cJSON *port;
    uint16_t count = 0;

    cJSON_ArrayForEach(port, cJSON_GetObjectItemCaseSensitive(object, name))
    {
        if (count == MOST_PORTS)
            fail(name, "too many");
        ports[count].scheme = port->string;
        ports[count++].port = cJSON_GetStringValue(port);
    }
    return count;
}

static named_t *name_of(const cJSON *command)
{
    const char *id = text_of(command, "id");
    size_t i;

    if (id == NULL || strlen(id) >= sizeof names[0].id)
        fail("id", "none, or too long");
    for (i = 0; i < name_count; i++) {
        if (strcmp(names[i].id, id) == 0)
            return &names[i];
    }
    if (name_count == MOST_NAMES)
        fail(id, "too many");
    (void)snprintf(names[name_count].id, sizeof names[0].id, "%s", id);
    return &names[name_count++];
}

static void do_register(const cJSON *command, named_t *named)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(command, "host");
    disco_port_t ports[MOST_PORTS];
    disco_port_t private_ports[MOST_PORTS];
    disco_host_t host;

    memset(&host, 0, sizeof host);
    host.name = text_of(object, "name");
    host.ports = ports;
    host.port_count = ports_of(object, "ports", ports);
    host.user = text_of(object, "user");
    host.password = text_of(object, "password");
    host.is_public = flag_of(object, "public");
    host.private_hostname = text_of(object, "private_hostname");
    host.private_ports = private_ports;
    host.private_port_count = ports_of(object, "private_ports", private_ports);
    host.critical = flag_of(object, "critical");
    host.shard = text_of(object, "shard");
    check(disco_register(client, text_of(command, "service"), &host, NULL, on_registration, named,
                         &named->registration),
          "register");
}

static void do_host(named_t *named)
{
    cJSON *message = event_new(named, "HOST", 0);

    cJSON_AddItemToObject(message, "host", host_json(disco_registration_host(named->registration)));
    send_event(message);
}

static void obey(const char *line)
{
    cJSON *command = cJSON_Parse(line);
    const char *what = text_of(command, "do");
    const char *service = text_of(command, "service");
    disco_query_t query;
    named_t *named;

    if (what == NULL)
        fail(line, "is no command");
    named = name_of(command);
    memset(&query, 0, sizeof query);
    query.shard = text_of(command, "shard");
    if (strcmp(what, "register") == 0)
        do_register(command, named);
    else if (strcmp(what, "unregister") == 0)
        check(disco_unregister(named->registration, 0), what);
    else if (strcmp(what, "host") == 0)
        do_host(named);
    else if (strcmp(what, "subscribe") == 0)
        check(disco_subscribe(client, service, NULL, on_subscription, named, NULL), what);
    else if (strcmp(what, "get") == 0)
        check(disco_get(client, service, &query, on_service, named, NULL), what);
    else
        fail(what, "is no command");
    cJSON_Delete(command);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    (void)handle;
    (void)suggested;
    *room = uv_buf_init(pending + pending_size, (unsigned)(sizeof pending - pending_size));
}

static void on_input(uv_stream_t *stream, ssize_t size, const uv_buf_t *room)
{
    char *line = pending;
    char *end;

    (void)room;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        check(disco_client_shutdown(client, 0, NULL, NULL), "shutdown");
        return;
    }
    pending_size += (size_t)size;
    while ((end = memchr(line, '\n', (size_t)(pending + pending_size - line))) != NULL) {
        *end = '\0';
        obey(line);
        line = end + 1;
    }
    pending_size -= (size_t)(line - pending);
    memmove(pending, line, pending_size);
    if (pending_size == sizeof pending)
        fail("input", "a line is too long");
}

static void on_log(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)level;
    (void)fprintf(stderr, "driver: %s\n", line);
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    disco_options_t options;

    (void)signal(SIGPIPE, SIG_IGN);
    check(disco_options_init(&options), "options");
    check(disco_options_from_env(&options), "environment");
    options.log = on_log;
    options.log_level = DISCO_LOG_WARNING;
    check(disco_client_new(&client, loop, &options), "client");
    check(uv_pipe_init(loop, &input, 0), "input");
    check(uv_pipe_open(&input, 0), "input");
    check(uv_read_start((uv_stream_t *)&input, on_room, on_input), "input");
    (void)uv_run(loop, UV_RUN_DEFAULT);
    check(uv_loop_close(loop), "loop");
    return 0;
}
