#include <string.h>

#include "etcd/v3_codec.h"
#include "json/expect.h"
#include "json/member.h"

enum { CLUSTER_ID, MEMBER_ID, REVISION, RAFT_TERM, HEADER_COUNT };
static const disco__name_t header_names[HEADER_COUNT] = {
    DISCO__NAME("cluster_id"),
    DISCO__NAME("member_id"),
    DISCO__NAME("revision"),
    DISCO__NAME("raft_term"),
};

void disco__v3_take_header(disco__scan_t *scan, disco__v3_header_t *header)
{
    disco__number_t numbers[HEADER_COUNT];
    disco__span_t name;

    memset(numbers, 0, sizeof numbers);
    if (disco__scan_peek(scan) != '{') {
        (void)disco__scan_skip(scan);
    } else {
        (void)disco__scan_open(scan, '{');
        while (disco__scan_name(scan, &name)) {
            size_t which = disco__span_which(&name, header_names, HEADER_COUNT);

            if (which < HEADER_COUNT)
                disco__member_number(scan, &numbers[which]);
            else
                (void)disco__scan_skip(scan);
        }
    }
    header->cluster_id = numbers[CLUSTER_ID].value;
    header->member_id = numbers[MEMBER_ID].value;
    header->revision = numbers[REVISION].value;
    header->raft_term = numbers[RAFT_TERM].value;
}

/* The digits, the quote behind them, and a comma unless the object ends. */
static inline bool take_digits(disco__scan_t *scan, uint64_t *value)
{
    size_t count = disco__digits(scan->at, (size_t)(scan->end - scan->at), value);

    scan->at += count;
    return count > 0 && DISCO__TAKE(scan, "\"") &&
           (DISCO__TAKE(scan, ",") || (scan->at < scan->end && *scan->at == '}'));
}

/* A member that may be missing. */
#define TAKE_NUMBER(scan, name, value)                                                             \
    (!DISCO__TAKE(scan, "\"" name "\":\"") || take_digits(scan, value))

bool disco__v3_take_plain_header(const char **at, const char *end, disco__v3_header_t *header)
{
    disco__scan_t scan = {.at = *at, .end = end};

    memset(header, 0, sizeof *header);
    if (!DISCO__TAKE(&scan, "{") || !TAKE_NUMBER(&scan, "cluster_id", &header->cluster_id) ||
        !TAKE_NUMBER(&scan, "member_id", &header->member_id) ||
        !TAKE_NUMBER(&scan, "revision", &header->revision) ||
        !TAKE_NUMBER(&scan, "raft_term", &header->raft_term) || scan.at[-1] == ',' ||
        !DISCO__TAKE(&scan, "}"))
        return false;
    *at = scan.at;
    return true;
}
