/* replay-server serve etcd=127.0.0.1:2379 [cert= key= [ca=]] [v2_events= v3_events=]
 *
 * Answers what programs ask of etcd, as fast as it can, with what a real etcd has answered: each
 * request that reads is asked of that etcd once, and from then on answered from memory. Watches are
 * answered from recorded events. Prints {"port": <number>} when it listens on 127.0.0.1, and serves
 * until it is killed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include "peer.h"
#include "program.h"
#include "streams.h"
#include "tls.h"

#define WAITING_CONNECTIONS 4096

static struct sockaddr_in etcd;

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        peers_accept(listener);
}

static void read_etcd(const bench_arguments_t *arguments)
{
    const char *text = bench_text(arguments, "etcd", NULL);
    char host[64];
    int port;

    if (sscanf(text, "%63[0-9.]:%d", host, &port) != 2 || uv_ip4_addr(host, port, &etcd) != 0)
        bench_fail("etcd=%s is no address and port", text);
}

/* As many connections as the system allows. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        bench_fail("limits: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        bench_fail("limits: %s", strerror(errno));
}

static void serve(const bench_arguments_t *arguments)
{
    uv_loop_t *loop = uv_default_loop();
    const char *certificate = bench_optional(arguments, "cert");
    struct sockaddr_in address;
    int size = sizeof address;
    uv_tcp_t listener;

    read_etcd(arguments);
    raise_limit();
    if (certificate != NULL)
        tls_set_up(certificate, bench_text(arguments, "key", NULL),
                   bench_optional(arguments, "ca"));
    streams_load(bench_optional(arguments, "v2_events"), bench_optional(arguments, "v3_events"));
    peers_set_up(loop, (const struct sockaddr *)&etcd);
    bench_check(uv_ip4_addr("127.0.0.1", 0, &address), "address");
    bench_check(uv_tcp_init(loop, &listener), "listening");
    bench_check(uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0), "listening");
    bench_check(uv_listen((uv_stream_t *)&listener, WAITING_CONNECTIONS, on_connection),
                "listening");
    bench_check(uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size), "listening");
    printf("{\"port\": %d}\n", ntohs(address.sin_port));
    if (fflush(stdout) != 0)
        bench_fail("stdout cannot be written");
    uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    static const bench_case_t cases[] = {{"serve", serve}, {NULL, NULL}};

    return bench_main(argc, argv, cases);
}
