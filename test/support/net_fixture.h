/* A loop of the library on a test's loop, and one conversation on it: a dial and its stream, with
 * all that it was told. */
#ifndef TEST_SUPPORT_NET_FIXTURE_H
#define TEST_SUPPORT_NET_FIXTURE_H

#include "net/dial.h"
#include "support/fixture.h"

typedef struct net_s {
    test_loop_t loop;
    disco__loop_t disco;
    bool closed;
    size_t warnings;     /* log lines of that level */
    char last_line[256]; /* of the log */
} net_t;

void net_open(net_t *net);

/* Everything must be closed or about to close. */
void net_close(net_t *net);

typedef enum talk_close_e {
    TALK_CLOSE_BY_HAND,
    TALK_CLOSE_IN_DIAL,
    TALK_CLOSE_IN_DATA,
    TALK_CLOSE_IN_END
} talk_close_t;

typedef struct talk_s {
    net_t *net;
    talk_close_t close_in;
    const char *say;     /* sent as soon as the stream is open; NULL: nothing */
    size_t wanted;       /* bytes; 0: any */
    disco__dial_t *dial; /* until done */
    disco__stream_t *stream;
    size_t calls; /* of the dial's callback */
    bool done;    /* the dial called back */
    bool got;     /* as many bytes as wanted came */
    bool ended;
    disco__failure_t failure; /* of the dial, or of the end */
    char first[256];          /* the first bytes, NUL behind them */
    size_t received;
    uint64_t sum; /* of all bytes, each times its position */
} talk_t;

/* talk is all zero but for close_in, say and wanted. What disco__dial() returned. */
int talk_dial_within(talk_t *talk, net_t *net, disco__target_t *target, uint32_t connect_ms,
                     uint32_t tls_ms);
/* With a minute for each. */
int talk_dial(talk_t *talk, net_t *net, disco__target_t *target);

int talk_send(talk_t *talk, const char *bytes, size_t size);

/* Cancels the dial or closes the stream, whichever there is. */
void talk_close(talk_t *talk);

/* The sum that a talk keeps, of bytes that are expected. */
uint64_t talk_sum(uint64_t sum, size_t position, const char *bytes, size_t size);

#endif
