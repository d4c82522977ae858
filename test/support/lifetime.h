/* One life of a client, from its making to its close callback, on a tiny etcd: repeated with
 * something done to it at the first, second, third... callback, step of a request at the server, or
 * turn of the loop. What must hold whatever is done: each one-shot calls back once, each long-lived
 * object ends once, nothing comes before the call that asked for it returned, nothing after a
 * terminal event, and nothing at all after the close callback. */
#ifndef TEST_SUPPORT_LIFETIME_H
#define TEST_SUPPORT_LIFETIME_H

/* What lives. */
#define LIFE_ONE_SHOTS 1u    /* lookups, two of them of one service, and key requests */
#define LIFE_REGISTRATION 2u /* ready, credentials, updated, lost, recovered, unregistered */
#define LIFE_SUBSCRIPTION 4u /* snapshot, synced, info, up, changed, down */
#define LIFE_WATCH 8u        /* synced, put, delete */
#define LIFE_ALL 15u

typedef enum life_when_e {
    AT_CALLBACK, /* inside of it */
    AT_STEP,     /* of a request: received, half answered, answered */
    AT_TURN
} life_when_t;

typedef enum life_act_e {
    ACT_CANCEL_REQUESTS,
    ACT_CLOSE_OBJECTS,
    ACT_UNREGISTER,
    ACT_UPDATE,
    ACT_START_MORE,
    ACT_REF_AND_UNREF,
    ACT_CLOSE_CLIENT,
    ACT_CLOSE_CLIENT_TWICE,
    ACT_SHUT_DOWN,
    ACT_SHUT_DOWN_THEN_CLOSE,
    ACT_CUT_CONNECTIONS, /* by the server */
    ACT_EVERYTHING       /* all on the objects, then the client is closed */
} life_act_t;

/* The whole series, until a life is over before its moment has come. */
void lifetime_series(unsigned parts, life_when_t when, life_act_t act);

/* The same with no act at all, once. Asserts that everything went its whole way. */
void lifetime_undisturbed(unsigned parts);

#endif
