/* What is begun in a life, what its callbacks make sure of, and the acts. */
#include "support/lifetime_internal.h"

static void act_now(life_t *life);

void life_pass(life_t *life, life_when_t when)
{
    if (life->when != when || life->acted || life->moment == 0 || life->client == NULL)
        return;
    if (++life->moments < life->moment || life->closed)
        return;
    life->acted = true;
    act_now(life);
}

static one_t *add_one(life_t *life, kind_t kind)
{
    one_t *one = &life->ones[life->one_count++];

    assert_true(life->one_count <= MOST_ONES);
    *one = (one_t){.life = life, .kind = kind};
    return one;
}

/* 0, or the client is being closed: then nothing may ever come. */
static void began(one_t *one, int status)
{
    assert_false(one->over);
    assert_int(one->told, 0);
    if (status != 0)
        assert_status(status, DISCO_ECLOSING);
    if (status != 0)
        assert_true(one->life->client_ending);
    one->status = status;
    one->over = status != 0;
    one->returned = true;
}

static void heard(one_t *one, bool last, unsigned type)
{
    assert_true(one->returned);
    assert_status(one->status, 0);
    assert_false(one->over);
    assert_false(one->life->closed);
    one->told |= 1u << type;
    one->over = last;
}

static void on_got(void *data, int status, const disco_service_t *found)
{
    one_t *one = data;

    heard(one, true, 0);
    assert_true((status == 0) == (found != NULL));
    life_pass(one->life, AT_CALLBACK);
    if (found != NULL)
        assert_string_equal(disco_service_info(found)->name, LIFE_SERVICE);
}

static void on_key(void *data, int status, const disco_kv_result_t *result)
{
    one_t *one = data;

    heard(one, true, 0);
    assert_true((status == 0) == (result != NULL));
    life_pass(one->life, AT_CALLBACK);
    if (result != NULL)
        assert_true(result->entry_count >= 1 && result->entries[0].key[0] == '/');
}

static void on_version(void *data, int status, const char *server, const char *cluster)
{
    one_t *one = data;

    heard(one, true, 0);
    life_pass(one->life, AT_CALLBACK);
    if (status == 0)
        assert_string_equal(server, "3.4.23");
    assert_true((status == 0) == (cluster != NULL));
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    one_t *one = data;

    heard(one, event->type == DISCO_REGISTRATION_CLOSED, event->type);
    life_pass(one->life, AT_CALLBACK);
    assert_non_null(event->user);
    assert_int(strlen(disco_registration_uuid(registration)) > 0, 1);
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    one_t *one = data;

    heard(one, event->type == DISCO_SUBSCRIPTION_CLOSED, event->type);
    life_pass(one->life, AT_CALLBACK);
    if (event->host != NULL)
        assert_string_equal(event->host->service_name, LIFE_SERVICE);
    if (event->service != NULL)
        assert_string_equal(disco_service_info(event->service)->name, LIFE_SERVICE);
    (void)disco_subscription_state(subscription, NULL);
}

static void on_watch(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    one_t *one = data;

    (void)watch;
    heard(one, event->type == DISCO_WATCH_CLOSED, event->type);
    life_pass(one->life, AT_CALLBACK);
    if (event->entry != NULL)
        assert_string_equal(event->entry->key, LIFE_WATCHED_KEY);
}

static void on_close(void *data, int status)
{
    life_t *life = data;
    size_t i;

    assert_true(life->client_ending);
    assert_false(life->closed);
    assert_true(status == 0 || status == UV_ECANCELED || life->acted);
    for (i = 0; i < life->one_count; i++)
        assert_true(life->ones[i].over);
    life->closed = true;
    life->client = NULL;
}

#define BEGIN(life, made, which, call)                                                             \
    do {                                                                                           \
        one_t *one_ = add_one(life, which);                                                        \
        began(one_, call);                                                                         \
        (made) = one_;                                                                             \
    } while (0)

void life_begin_one_shots(life_t *life)
{
    const disco_kv_put_options_t once = {.condition = DISCO_KV_MUST_NOT_EXIST};
    disco_client_t *client = life->client;
    const disco_query_t quorum = {.quorum = true};
    one_t *made;

#define SHOT(call) BEGIN(life, made, KIND_SHOT, call)
    SHOT(disco_get(client, LIFE_SERVICE, NULL, on_got, one_, &one_->request));
    SHOT(disco_get(client, LIFE_SERVICE, NULL, on_got, one_, &one_->request));
    SHOT(disco_get(client, LIFE_SERVICE, &quorum, on_got, one_, &one_->request));
    SHOT(disco_get_for_shard(client, LIFE_SERVICE, "a", on_got, one_, &one_->request));
    SHOT(disco_kv_get(client, LIFE_OTHER_KEY, NULL, on_key, one_, &one_->request));
    SHOT(disco_kv_put(client, "/k", "v", NULL, on_key, one_, &one_->request));
    SHOT(disco_kv_put(client, "/l", "v", &once, on_key, one_, &one_->request));
    SHOT(disco_kv_delete(client, "/gone", NULL, on_key, one_, &one_->request));
    SHOT(disco_server_version(client, on_version, one_, &one_->request));
#undef SHOT
    (void)made;
}

static disco_host_t host_of_life(const char *shard)
{
    static const disco_port_t ports[] = {{"http", "80"}};

    return (disco_host_t){.name = "shop.test",
                          .ports = ports,
                          .port_count = 1,
                          .user = "u1",
                          .password = "p1",
                          .is_public = true,
                          .shard = shard,
                          .uuid = LIFE_UUID};
}

one_t *life_begin_registration(life_t *life, const char *of_service, const char *uuid)
{
    const disco_registration_options_t options = {.ttl_s = 60};
    disco_host_t host = host_of_life("a");
    one_t *made;

    host.uuid = uuid;
    BEGIN(life, made, KIND_REGISTRATION,
          disco_register(life->client, of_service, &host, &options, on_registration, one_,
                         &one_->registration));
    return made;
}

one_t *life_begin_subscription(life_t *life)
{
    one_t *made;

    BEGIN(life, made, KIND_SUBSCRIPTION,
          disco_subscribe(life->client, LIFE_SERVICE, NULL, on_subscription, one_,
                          &one_->subscription));
    return made;
}

one_t *life_begin_watch(life_t *life)
{
    const disco_kv_watch_options_t options = {.recursive = true};
    one_t *made;

    BEGIN(life, made, KIND_WATCH,
          disco_kv_watch(life->client, "/watched", &options, on_watch, one_, &one_->watch));
    return made;
}

static void expect_ended(int status)
{
    if (status != 0)
        assert_status(status, DISCO_ECLOSING);
}

static void end_one(one_t *one, bool unregister)
{
    if (one->over)
        return;
    if (one->kind == KIND_SHOT)
        expect_ended(disco_request_cancel(one->request));
    if (one->kind == KIND_REGISTRATION)
        expect_ended(unregister ? disco_unregister(one->registration, 0)
                                : disco_registration_close(one->registration));
    if (one->kind == KIND_SUBSCRIPTION)
        expect_ended(disco_subscription_close(one->subscription));
    if (one->kind == KIND_WATCH)
        expect_ended(disco_watch_close(one->watch));
}

void life_end_all(life_t *life, bool shots, bool objects, bool unregister)
{
    size_t i;

    for (i = 0; i < life->one_count; i++) {
        /* One that is just being begun has no handle yet. */
        if (life->ones[i].returned && (life->ones[i].kind == KIND_SHOT ? shots : objects))
            end_one(&life->ones[i], unregister);
    }
}

void life_update(life_t *life, const char *shard)
{
    disco_host_t host = host_of_life(shard);
    size_t i;

    for (i = 0; i < life->one_count; i++) {
        if (life->ones[i].kind == KIND_REGISTRATION && !life->ones[i].over)
            expect_ended(disco_registration_update(life->ones[i].registration, &host));
    }
}

static void start_more(life_t *life)
{
    life_begin_one_shots(life);
    (void)life_begin_watch(life);
    (void)life_begin_subscription(life);
    if ((life->parts & LIFE_REGISTRATION) != 0)
        (void)life_begin_registration(life, "more", NULL);
}

void life_close_client(life_t *life)
{
    bool expected = !life->client_closing;

    life->client_ending = life->client_closing = true;
    assert_status(disco_client_close(life->client, on_close, life), expected ? 0 : DISCO_ECLOSING);
    assert_false(life->closed);
}

static void shut_down(life_t *life)
{
    bool expected = !life->client_ending;

    life->client_ending = true;
    assert_status(disco_client_shutdown(life->client, 0, on_close, life),
                  expected ? 0 : DISCO_ECLOSING);
    assert_false(life->closed);
}

static void act_now(life_t *life)
{
    switch (life->act) {
    case ACT_CANCEL_REQUESTS:
        life_end_all(life, true, false, false);
        break;
    case ACT_CLOSE_OBJECTS:
        life_end_all(life, false, true, false);
        break;
    case ACT_UNREGISTER:
        life_end_all(life, false, true, true);
        break;
    case ACT_UPDATE:
        life_update(life, "b");
        break;
    case ACT_START_MORE:
        start_more(life);
        break;
    case ACT_REF_AND_UNREF:
        disco_client_unref(life->client);
        disco_client_unref(life->client);
        disco_client_ref(life->client);
        disco_client_unref(life->client);
        break;
    case ACT_CLOSE_CLIENT_TWICE:
        life_close_client(life);
        life_close_client(life);
        shut_down(life);
        break;
    case ACT_CLOSE_CLIENT:
        life_close_client(life);
        break;
    case ACT_SHUT_DOWN:
        shut_down(life);
        shut_down(life);
        break;
    case ACT_SHUT_DOWN_THEN_CLOSE:
        shut_down(life);
        life_close_client(life);
        break;
    case ACT_CUT_CONNECTIONS:
        server_hang_up_all(tiny_etcd_server(life->etcd));
        break;
    case ACT_EVERYTHING:
        life_update(life, "b");
        start_more(life);
        life_end_all(life, true, true, true);
        life_end_all(life, true, true, false);
        life_close_client(life);
        start_more(life);
        break;
    }
}
