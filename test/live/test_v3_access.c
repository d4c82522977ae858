/* A real etcd whose v3 API wants users and passwords. */
#include <stdio.h>
#include <stdlib.h>

#include "support/live.h"
#include "support/raw_http.h"

#define PASSWORD "p:ss \\\"w\xc3\xb6rd\\\"" /* as JSON has it */
#define PLAIN "p:ss \"w\xc3\xb6rd\""

static live_t live;
static disco_client_t *client;
static char root[256]; /* header line with root's token, "" while nobody asks for one */

static void ask(const char *path, const char *body)
{
    raw_reply_t reply =
        raw_http_with(&live.loop, etcd_port(live.etcd, 0), "POST", path, root, body);

    assert_status(reply.error, 0);
    if (reply.status != 200)
        fail_msg("%s: %s", path, reply.body);
    raw_reply_free(&reply);
}

static void become_root(void)
{
    raw_reply_t reply =
        raw_http(&live.loop, etcd_port(live.etcd, 0), "POST", "/v3/auth/authenticate",
                 "{\"name\":\"root\",\"password\":\"root's\"}");
    const char *token = reply.body != NULL ? strstr(reply.body, "\"token\":") : NULL;

    if (token == NULL)
        fail_msg("root is given no token");
    token = strchr(token + strlen("\"token\":"), '"') + 1;
    (void)snprintf(root, sizeof root, "Authorization: %.*s\r\n", (int)strcspn(token, "\""), token);
    raw_reply_free(&reply);
}

static void switch_on(void)
{
    ask("/v3/auth/enable", "{}");
    become_root();
}

static void switch_off(void)
{
    ask("/v3/auth/disable", "{}");
    root[0] = '\0';
}

static void set_up_users_of(const etcd_options_t *options)
{
    root[0] = '\0';
    live_open(&live, options);
    ask("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"root's\"}");
    ask("/v3/auth/role/add", "{\"name\":\"root\"}");
    ask("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    ask("/v3/auth/user/add", "{\"name\":\"so:me\",\"password\":\"" PASSWORD "\"}");
    ask("/v3/auth/role/add", "{\"name\":\"discovery\"}");
    /* "/services" to "/servicet" */
    ask("/v3/auth/role/grant",
        "{\"name\":\"discovery\",\"perm\":{\"permType\":\"READWRITE\",\"key\":\"L3NlcnZpY2Vz\","
        "\"range_end\":\"L3NlcnZpY2V0\"}}");
    ask("/v3/auth/user/grant", "{\"user\":\"so:me\",\"role\":\"discovery\"}");
}

static void set_up_users(const char *const *arguments)
{
    etcd_options_t options = {.without_v2 = true, .arguments = arguments};

    set_up_users_of(&options);
}

/* Every token that the user has is good no more. */
static void change_password_and_back(void)
{
    ask("/v3/auth/user/changepw", "{\"name\":\"so:me\",\"password\":\"other\"}");
    ask("/v3/auth/user/changepw", "{\"name\":\"so:me\",\"password\":\"" PASSWORD "\"}");
    become_root();
}

static int tokens; /* that etcd gave the client */

static void on_log(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)level;
    assert_null(strstr(line, PLAIN));
    if (strstr(line, "gave a token") != NULL)
        tokens++;
}

static disco_client_t *client_of(const char *user, const char *password)
{
    disco_options_t options = live_options(&live);

    tokens = 0;
    options.log = on_log;
    options.log_level = DISCO_LOG_DEBUG;
    options.api = DISCO_API_V3;
    options.user = user;
    options.password = password;
    /* etcd hashes a password for each token: long work where there is much else to do. */
    options.attempt_timeout_ms = live_seconds(15) * 1000;
    options.request_timeout_ms = live_seconds(50) * 1000;
    return live_client_with(&live, &options);
}

static struct {
    bool done;
    int status;
    int etcd_code;
} answer;

static void on_answer(void *data, int status, const disco_kv_result_t *result)
{
    (void)data;
    (void)result;
    answer.done = true;
    answer.status = status;
    answer.etcd_code = disco_client_error_detail(client)->etcd_code;
}

static int put(const char *key)
{
    answer.done = false;
    assert_status(disco_kv_put(client, key, "x", NULL, on_answer, NULL, NULL), 0);
    loop_run_until(&live.loop, &answer.done);
    return answer.status;
}

typedef struct use_s {
    live_view_t view;
    live_registration_t registration;
} use_t;

static void use_begin(use_t *use, uint32_t ttl_s)
{
    disco_registration_options_t options;

    disco_registration_options_init(&options);
    options.ttl_s = ttl_s;
    live_subscribe(&live, &use->view, client, "s", NULL);
    recorder_await(&use->view.told, DISCO_SUBSCRIPTION_SYNCED);
    live_register(&live, &use->registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&use->registration.told, DISCO_REGISTRATION_READY);
    recorder_await(&use->view.told, DISCO_SUBSCRIPTION_UP);
}

static void assert_found(void)
{
    disco_service_t *service;

    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_string_equal(disco_service_first(service)->uuid, "u");
    disco_service_unref(service);
}

static void use_end(use_t *use)
{
    live_unregister(&use->registration);
    recorder_await(&use->view.told, DISCO_SUBSCRIPTION_DOWN);
    assert_int(recorder_count(&use->registration.told, DISCO_REGISTRATION_LOST), 0);
    assert_int(recorder_count(&use->view.told, DISCO_SUBSCRIPTION_DOWN), 1);
    assert_int(recorder_count(&use->view.told, DISCO_SUBSCRIPTION_UP), 1);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(with_the_right_password)
{
    use_t use;

    set_up_users(NULL);
    switch_on();
    client = client_of("so:me", PLAIN);
    use_begin(&use, 60);
    assert_found();
    assert_status(put("/elsewhere"), DISCO_EAUTH);
    assert_int(answer.etcd_code, 7);
    use_end(&use);
}

DISCO_TEST(with_the_wrong_password)
{
    live_registration_t registration;
    live_view_t view;

    set_up_users(NULL);
    switch_on();
    client = client_of("so:me", "wrong");
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EAUTH);
    assert_status(put("/services/s/x"), DISCO_EAUTH);
    assert_int(answer.etcd_code, 3);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    registration.told.passed_over = 0;
    assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_RETRYING)->status,
                  DISCO_EAUTH);
    live_subscribe(&live, &view, client, "s", NULL);
    assert_status(recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE)->status, DISCO_EAUTH);
    /* It is pursued, and is right one day. */
    ask("/v3/auth/user/changepw", "{\"name\":\"so:me\",\"password\":\"wrong\"}");
    recorder_await(&registration.told, DISCO_REGISTRATION_READY);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(without_a_user)
{
    set_up_users(NULL);
    switch_on();
    client = client_of(NULL, NULL);
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EAUTH);
    live_client_close(&live, client);
    live_close(&live);
}

static unsigned long renewed_leases(void)
{
    static const char name[] = "\netcd_debugging_lease_renewed_total ";
    raw_reply_t reply = raw_http(&live.loop, etcd_port(live.etcd, 0), "GET", "/metrics", NULL);
    const char *line = reply.body != NULL ? strstr(reply.body, name) : NULL;
    unsigned long count;

    if (line == NULL)
        fail_msg("etcd does not count renewed leases");
    count = strtoul(line + strlen(name), NULL, 10);
    raw_reply_free(&reply);
    return count;
}

static void wait_for_heartbeats(unsigned long count)
{
    unsigned long wanted = renewed_leases() + count;

    while (renewed_leases() < wanted)
        ;
}

DISCO_TEST(a_token_made_invalid_is_renewed)
{
    use_t use;

    set_up_users(NULL);
    switch_on();
    client = client_of("so:me", PLAIN);
    use_begin(&use, 6);
    assert_int(tokens, 1);
    change_password_and_back();
    assert_found();
    assert_int(tokens, 2);
    change_password_and_back();
    /* 3.4 lets heartbeats pass without a token. */
    wait_for_heartbeats(2);
    assert_found();
    assert_int(tokens, 3);
    change_password_and_back();
    use_end(&use);
    assert_int(tokens, 4);
}

DISCO_TEST(tokens_that_live_for_a_second_are_renewed)
{
    static const char *const arguments[] = {"--auth-token-ttl=1", NULL};
    use_t use;

    set_up_users(arguments);
    switch_on();
    client = client_of("so:me", PLAIN);
    use_begin(&use, 12);
    wait_for_heartbeats(2);
    assert_found();
    assert_in_range(tokens, 2, 5);
    use_end(&use);
}

/* It may know its tokens from its log, or not. */
DISCO_TEST(a_member_is_restarted)
{
    use_t use;

    set_up_users(NULL);
    switch_on();
    client = client_of("so:me", PLAIN);
    use_begin(&use, 60);
    etcd_kill(live.etcd, 0);
    etcd_continue_member(live.etcd, 0);
    recorder_await(&use.view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_found();
    use_end(&use);
}

DISCO_TEST(authentication_is_switched_on_and_off)
{
    use_t use;

    set_up_users(NULL);
    client = client_of("so:me", PLAIN);
    use_begin(&use, 6);
    assert_int(tokens, 0);
    switch_on();
    wait_for_heartbeats(2);
    assert_found();
    assert_int(tokens, 1);
    switch_off();
    assert_found();
    wait_for_heartbeats(1);
    switch_on();
    assert_found();
    use_end(&use);
}

/* A request that gets no answer may be for the token, and is not. */
DISCO_TEST(each_member_in_turn_is_killed)
{
    etcd_options_t options = {.without_v2 = true, .members = 3};
    use_t use;
    size_t i;

    set_up_users_of(&options);
    switch_on();
    client = client_of("so:me", PLAIN);
    use_begin(&use, 30);
    for (i = 0; i < 3; i++) {
        etcd_kill(live.etcd, i);
        assert_found();
        assert_status(put("/services/s/x"), 0);
        etcd_continue_member(live.etcd, i);
    }
    assert_found();
    use_end(&use);
}
