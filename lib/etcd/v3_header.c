#include <string.h>

#include "etcd/v3_codec.h"
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

bool disco__v3_take_plain_header(disco__plain_t *plain, disco__v3_header_t *header)
{
    memset(header, 0, sizeof *header);
    plain->more = true;
    return DISCO__PLAIN_TAKE(plain, "{") &&
           DISCO__PLAIN_NUMBER(plain, "cluster_id", &header->cluster_id) &&
           DISCO__PLAIN_NUMBER(plain, "member_id", &header->member_id) &&
           DISCO__PLAIN_NUMBER(plain, "revision", &header->revision) &&
           DISCO__PLAIN_NUMBER(plain, "raft_term", &header->raft_term) && !plain->more &&
           disco__plain_take(plain, '}');
}
