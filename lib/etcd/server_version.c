#include "etcd/server_version.h"

#include <uvdisco/error.h>

#include "json/read.h"

int disco__server_version_read(cJSON **tree, const char **server, const char **cluster,
                               const char *body, size_t size)
{
    int rv = disco__json_parse_answer(body, size, tree);

    if (rv != 0)
        return rv;
    *server = "";
    *cluster = "";
    if (disco__json_string(*tree, "etcdserver", server) &&
        disco__json_string(*tree, "etcdcluster", cluster) && (*server)[0] != '\0')
        return 0;
    disco__json_free(*tree);
    *tree = NULL;
    return DISCO_EPROTOCOL;
}
