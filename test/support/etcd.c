/* Happy path: pick ports, make the directory, spawn each member through the leash, ask each one's
 * /health until it says true. /health and /metrics come from a listener of their own without TLS.
 * Failure modes: etcd is not installed, or ends while starting: the test fails with the end of its
 * log. The test fails or crashes: the clean-up kills the members and removes the directory; after a
 * crash the leash kills them. A port is kept, while its member is down, by a socket that is bound
 * but does not listen. */
#include "support/etcd.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/etcd_internal.h"
#include "support/raw_http.h"
#include "support/test.h"

#define MOST_ARGUMENTS 64
#define READY_WITHIN_MS (60000u * DISCO_TEST_PATIENCE)

static port_t port_pick(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int on = 1;
    port_t port = {0, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(port.keeper >= 0);
    assert_int(bind(port.keeper, (struct sockaddr *)&address, sizeof address), 0);
    assert_int(getsockname(port.keeper, (struct sockaddr *)&address, &size), 0);
    /* Set after bind(), so that nobody else was given this port but etcd, which sets it too, may
     * bind to it. */
    assert_int(setsockopt(port.keeper, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    port.number = ntohs(address.sin_port);
    return port;
}

static void make_directory(etcd_t *etcd)
{
    uv_fs_t request;
    char template[100];
    const char *parent = getenv("UVDISCO_TEST_DIRECTORY");

    if (parent == NULL)
        parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(template, sizeof template, "%s/uvdisco-etcd-XXXXXX", parent);
    assert_int(uv_fs_mkdtemp(NULL, &request, template, NULL), 0);
    (void)snprintf(etcd->directory, sizeof etcd->directory, "%s", request.path);
    uv_fs_req_cleanup(&request);
}

static void print_log(const member_t *member)
{
    char text[4096];
    FILE *file = fopen(member->log, "r");
    size_t size;

    if (file == NULL)
        return;
    if (fseek(file, -(long)(sizeof text - 1), SEEK_END) != 0)
        rewind(file);
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    print_error("%s ends with:\n%s\n", member->log, text);
}

/* The last resort: what normally was freed before. */
static void clean_up(void *data)
{
    etcd_t *etcd = data;
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        if (!etcd->members[i].running)
            continue;
        (void)kill(etcd->members[i].process.pid, SIGKILL);
        (void)waitpid(etcd->members[i].process.pid, NULL, 0);
    }
    etcd_remove_tree(etcd->directory);
}

static void on_process_closed(uv_handle_t *handle)
{
    member_t *member = handle->data;

    member->gone = true;
}

static void on_exit_of_member(uv_process_t *process, int64_t code, int term_signal)
{
    member_t *member = process->data;

    (void)code;
    (void)term_signal;
    member->running = false;
    uv_close((uv_handle_t *)process, on_process_closed);
}

static const char *program(void)
{
    const char *given = getenv("UVDISCO_ETCD");

    return given != NULL ? given : "etcd";
}

/* In the child of serves_v2(). */
__attribute__((noreturn)) static void print_help(int output)
{
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    (void)execlp(program(), program(), "--help", (char *)NULL);
    _exit(1);
}

/* What it says of itself. */
static bool serves_v2(void)
{
    char line[256];
    bool has_option = false;
    FILE *help;
    int ends[2];
    int status;
    pid_t child;

    assert_int(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        print_help(ends[1]);
    (void)close(ends[1]);
    help = fdopen(ends[0], "r");
    assert_non_null(help);
    while (fgets(line, sizeof line, help) != NULL)
        has_option = has_option || strstr(line, "--enable-v2 ") != NULL;
    (void)fclose(help);
    assert_int(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s --help does not work", program());
    return has_option;
}

void etcd_needs_v2(void)
{
    if (!serves_v2())
        test_skip("this etcd has no v2 API");
}

typedef struct arguments_s {
    char *list[MOST_ARGUMENTS + 1];
    size_t count;
} arguments_t;

__attribute__((format(printf, 2, 3))) static void add(arguments_t *arguments, const char *format,
                                                      ...)
{
    char text[512];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    assert_true(arguments->count < MOST_ARGUMENTS);
    arguments->list[arguments->count] = strdup(text);
    assert_non_null(arguments->list[arguments->count]);
    arguments->list[++arguments->count] = NULL;
}

static void add_all(arguments_t *arguments, const etcd_t *etcd, size_t index)
{
    const member_t *member = &etcd->members[index];
    const etcd_options_t *options = &etcd->options;
    const char *const *more = options->arguments;

    add(arguments, "%s", DISCO_TEST_LEASH);
    add(arguments, "%s", program());
    add(arguments, "--name=m%zu", index);
    add(arguments, "--data-dir=%s", member->directory);
    add(arguments, "--listen-client-urls=%s", member->endpoint);
    add(arguments, "--advertise-client-urls=%s", member->endpoint);
    add(arguments, "--listen-peer-urls=http://127.0.0.1:%u", member->peer.number);
    add(arguments, "--initial-advertise-peer-urls=%s", member->peer_url);
    add(arguments, "--listen-metrics-urls=http://127.0.0.1:%u", member->metrics.number);
    add(arguments, "--initial-cluster=%s", etcd->cluster);
    add(arguments, "--initial-cluster-token=%s", etcd->directory);
    add(arguments, "--logger=zap");
    add(arguments, "--log-outputs=stderr");
    if (!options->without_v2)
        add(arguments, "--enable-v2=true");
    if (options->certificate != NULL) {
        add(arguments, "--cert-file=%s", options->certificate);
        add(arguments, "--key-file=%s", options->key);
    }
    if (options->client_ca != NULL) {
        add(arguments, "--trusted-ca-file=%s", options->client_ca);
        add(arguments, "--client-cert-auth");
    }
    while (more != NULL && *more != NULL)
        add(arguments, "%s", *more++);
}

void etcd_launch_member(etcd_t *etcd, size_t index)
{
    member_t *member = &etcd->members[index];
    arguments_t arguments = {{NULL}, 0};
    uv_process_options_t options;
    uv_stdio_container_t stdio[3];
    FILE *log = fopen(member->log, "ae");
    int rv;

    assert_false(member->running);
    assert_non_null(log);
    add_all(&arguments, etcd, index);
    memset(&options, 0, sizeof options);
    memset(stdio, 0, sizeof stdio);
    stdio[0].flags = UV_IGNORE;
    stdio[1].flags = stdio[2].flags = UV_INHERIT_FD;
    stdio[1].data.fd = stdio[2].data.fd = fileno(log);
    options.file = arguments.list[0];
    options.args = arguments.list;
    options.stdio = stdio;
    options.stdio_count = 3;
    options.exit_cb = on_exit_of_member;
    heap_spare_begin();
    rv = uv_spawn(&etcd->loop->uv, &member->process, &options);
    heap_spare_end();
    (void)fclose(log);
    while (arguments.count > 0)
        free(arguments.list[--arguments.count]);
    assert_status(rv, 0);
    member->process.data = member;
    member->running = true;
    member->gone = false;
    uv_unref((uv_handle_t *)&member->process);
}

static bool asks_and_finds(etcd_t *etcd, const member_t *member, const char *path,
                           const char *wanted)
{
    raw_reply_t reply = raw_http(etcd->loop, member->metrics.number, "GET", path, NULL);
    bool found = reply.error == 0 && reply.status == 200 && strstr(reply.body, wanted) != NULL;

    raw_reply_free(&reply);
    return found;
}

static void wait_for_member(etcd_t *etcd, const member_t *member)
{
    uint64_t started = uv_hrtime();

    while (!asks_and_finds(etcd, member, "/health", "\"true\"")) {
        if (!member->running || (uv_hrtime() - started) / 1000000 > READY_WITHIN_MS) {
            print_log(member);
            fail_msg("etcd %s", member->running ? "does not become ready" : "did not start");
        }
        loop_pause(etcd->loop);
    }
}

void etcd_wait_until_ready(etcd_t *etcd)
{
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        if (etcd->members[i].running && !etcd->members[i].stalled)
            wait_for_member(etcd, &etcd->members[i]);
    }
}

static void append(char *text, size_t capacity, const char *separator, const char *more)
{
    size_t used = strlen(text);

    (void)snprintf(text + used, capacity - used, "%s%s", used > 0 ? separator : "", more);
}

static void set_up_member(etcd_t *etcd, size_t index)
{
    member_t *member = &etcd->members[index];
    char peer[80];

    member->client = port_pick();
    member->peer = port_pick();
    member->metrics = port_pick();
    member->gone = true;
    (void)snprintf(member->directory, sizeof member->directory, "%s/m%zu", etcd->directory, index);
    (void)snprintf(member->log, sizeof member->log, "%s/m%zu.log", etcd->directory, index);
    (void)snprintf(member->endpoint, sizeof member->endpoint, "%s://127.0.0.1:%u",
                   etcd->options.certificate != NULL ? "https" : "http", member->client.number);
    (void)snprintf(member->peer_url, sizeof member->peer_url, "http://127.0.0.1:%u",
                   member->peer.number);
    if (etcd->options.can_be_cut_off) {
        member->proxy = proxy_start(etcd->loop, member->peer.number);
        (void)snprintf(member->peer_url, sizeof member->peer_url, "%s",
                       proxy_endpoint(member->proxy));
    }
    (void)snprintf(peer, sizeof peer, "m%zu=%s", index, member->peer_url);
    append(etcd->endpoints, sizeof etcd->endpoints, ",", member->endpoint);
    append(etcd->cluster, sizeof etcd->cluster, ",", peer);
}

void etcd_launch_all(etcd_t *etcd)
{
    size_t i;

    for (i = 0; i < etcd->count; i++)
        etcd_launch_member(etcd, i);
    etcd_wait_until_ready(etcd);
}

etcd_t *etcd_start(test_loop_t *loop, const etcd_options_t *options)
{
    etcd_t *etcd;
    size_t i;

    if (options == NULL || !options->without_v2)
        etcd_needs_v2();
    etcd = calloc(1, sizeof *etcd);
    assert_non_null(etcd);
    etcd->loop = loop;
    if (options != NULL)
        etcd->options = *options;
    etcd->count = etcd->options.members > 0 ? etcd->options.members : 1;
    assert_true(etcd->count <= ETCD_MOST_MEMBERS);
    make_directory(etcd);
    test_at_end(clean_up, etcd);
    for (i = 0; i < etcd->count; i++)
        set_up_member(etcd, i);
    etcd_launch_all(etcd);
    return etcd;
}

static void end_member(etcd_t *etcd, member_t *member, int signal)
{
    if (member->stalled)
        (void)kill(member->process.pid, SIGCONT);
    member->stalled = false;
    if (member->running) {
        uv_ref((uv_handle_t *)&member->process);
        (void)uv_process_kill(&member->process, signal);
    }
    if (!member->gone)
        loop_run_until(etcd->loop, &member->gone);
}

void etcd_free(etcd_t *etcd)
{
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        member_t *member = &etcd->members[i];

        end_member(etcd, member, SIGKILL);
        if (member->proxy != NULL)
            proxy_free(member->proxy);
        (void)close(member->client.keeper);
        (void)close(member->peer.keeper);
        (void)close(member->metrics.keeper);
    }
    etcd_remove_tree(etcd->directory);
    test_not_at_end(clean_up, etcd);
    free(etcd);
}

const char *etcd_endpoint(const etcd_t *etcd, size_t member)
{
    return etcd->members[member].endpoint;
}

const char *etcd_endpoints(const etcd_t *etcd)
{
    return etcd->endpoints;
}

uint16_t etcd_port(const etcd_t *etcd, size_t member)
{
    return etcd->members[member].client.number;
}

void etcd_kill(etcd_t *etcd, size_t member)
{
    end_member(etcd, &etcd->members[member], SIGKILL);
}

void etcd_terminate(etcd_t *etcd, size_t member)
{
    end_member(etcd, &etcd->members[member], SIGTERM);
}

void etcd_continue_member(etcd_t *etcd, size_t member)
{
    etcd_launch_member(etcd, member);
    etcd_wait_until_ready(etcd);
}

/* As members call each other: in hexadecimal. */
static void name_sender(etcd_t *etcd, const member_t *member, char *name, size_t size)
{
    static const char label[] = "server_id=\"";
    raw_reply_t reply = raw_http(etcd->loop, member->metrics.number, "GET", "/metrics", NULL);
    const char *id = strstr(reply.body, label);

    assert_non_null(id);
    id += sizeof label - 1;
    (void)snprintf(name, size, "X-Server-From: %.*s\r\n", (int)strcspn(id, "\""), id);
    raw_reply_free(&reply);
}

void etcd_cut_off(etcd_t *etcd, size_t index)
{
    char sender[64];
    size_t i;

    name_sender(etcd, &etcd->members[index], sender, sizeof sender);
    for (i = 0; i < etcd->count; i++) {
        if (i == index)
            proxy_set_down(etcd->members[i].proxy, true);
        else
            proxy_refuse(etcd->members[i].proxy, sender);
    }
    while (asks_and_finds(etcd, &etcd->members[index], "/health", "\"true\""))
        loop_pause(etcd->loop);
}

void etcd_rejoin(etcd_t *etcd)
{
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        proxy_set_down(etcd->members[i].proxy, false);
        proxy_refuse(etcd->members[i].proxy, NULL);
    }
}

void etcd_stall(etcd_t *etcd, size_t member)
{
    assert_int(uv_process_kill(&etcd->members[member].process, SIGSTOP), 0);
    etcd->members[member].stalled = true;
}

void etcd_unstall(etcd_t *etcd, size_t member)
{
    assert_int(uv_process_kill(&etcd->members[member].process, SIGCONT), 0);
    etcd->members[member].stalled = false;
}

size_t etcd_leader(etcd_t *etcd)
{
    uint64_t started = uv_hrtime();
    size_t i;

    while ((uv_hrtime() - started) / 1000000 < READY_WITHIN_MS) {
        for (i = 0; i < etcd->count; i++) {
            const member_t *member = &etcd->members[i];

            if (member->running && !member->stalled &&
                asks_and_finds(etcd, member, "/metrics", "\netcd_server_is_leader 1"))
                return i;
        }
        loop_pause(etcd->loop);
    }
    fail_msg("no leader");
    return 0;
}
