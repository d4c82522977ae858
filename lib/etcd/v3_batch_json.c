/* The transaction of a batch, out and in: first what is written beside the keys, then the keys. */
#include <string.h>

#include <uvdisco/error.h>

#include "etcd/v3_batch.h"
#include "json/read.h"

static disco__v3_task_t *task_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_task_t, node);
}

static void element(disco__buffer_t *out)
{
    if (out->size > 0 && out->bytes[out->size - 1] != '[')
        disco__buffer_append_char(out, ',');
}

/* A put that is done if the key is, or is not, there. */
static void write_nested(disco__buffer_t *out, const char *key, const char *value, uint64_t lease,
                         disco_kv_condition_t condition)
{
    disco__buffer_append_text(out, "{\"request_txn\":{");
    disco__v3_write_compare(out, key, condition, 0, NULL);
    disco__v3_write_name(out, "success");
    disco__buffer_append_char(out, '[');
    disco__v3_write_put(out, key, value, lease, false);
    disco__buffer_append_text(out, "]}}");
}

/* etcd refuses a transaction that writes a key twice: the last unconditional write stands for all,
 * and without one the first conditional. */
static void choose_besides(disco__v3_batch_t *batch)
{
    disco__queue_t *node;
    disco__queue_t *after;
    disco__queue_t *other;

    disco__queue_foreach(&batch->tasks, node, after)
    {
        disco__v3_task_t *task = task_at(node);

        task->writes_beside = task->beside_key != NULL;
        for (other = batch->tasks.next; task->writes_beside && other != node; other = other->next) {
            disco__v3_task_t *earlier = task_at(other);

            if (!earlier->writes_beside || strcmp(earlier->beside_key, task->beside_key) != 0)
                continue;
            if (task->beside_once)
                task->writes_beside = false;
            else
                earlier->writes_beside = false;
            break;
        }
    }
}

static void write_besides(disco__v3_batch_t *batch, disco__buffer_t *out)
{
    disco__queue_t *node;
    disco__queue_t *after;

    choose_besides(batch);
    batch->besides = 0;
    disco__queue_foreach(&batch->tasks, node, after)
    {
        const disco__v3_task_t *task = task_at(node);

        if (!task->writes_beside)
            continue;
        batch->besides++;
        element(out);
        if (task->beside_once)
            write_nested(out, task->beside_key, task->beside_value, 0, DISCO_KV_MUST_NOT_EXIST);
        else
            disco__v3_write_put(out, task->beside_key, task->beside_value, 0, false);
    }
}

static void write_task(disco__v3_batch_t *batch, const disco__v3_task_t *task, disco__buffer_t *out)
{
    element(out);
    if (batch->removes) {
        disco__buffer_append_text(out, "{\"request_delete_range\":{");
        disco__v3_write_range(out, task->leased->key, DISCO__SCOPE_KEY);
        disco__buffer_append_text(out, "}}");
    } else if (task->must_exist) {
        write_nested(out, task->leased->key, task->value, batch->id, DISCO_KV_MUST_EXIST);
    } else {
        disco__v3_write_put(out, task->leased->key, task->value, batch->id, false);
    }
}

void disco__v3_batch_write(disco__v3_batch_t *batch)
{
    disco__buffer_t *out = &batch->call.content;
    size_t place;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__buffer_clear(out);
    disco__buffer_append_text(out, "{\"success\":[");
    write_besides(batch, out);
    place = batch->besides;
    disco__queue_foreach(&batch->tasks, node, after)
    {
        disco__v3_task_t *task = task_at(node);

        task->place = place++;
        write_task(batch, task, out);
    }
    disco__buffer_append_text(out, "]}");
    batch->stale = false;
}

static bool is_done(const cJSON *response, const disco__v3_task_t *task)
{
    bool succeeded = false;

    if (!task->must_exist)
        return true;
    return disco__json_bool(disco__json_member(response, "response_txn"), "succeeded",
                            &succeeded) &&
           succeeded;
}

/* The tasks are in the order of their places; those that have left are missing. */
static int read_results(disco__queue_t *tasks, const cJSON *tree)
{
    const cJSON *responses = disco__json_member(tree, "responses");
    const cJSON *response;
    disco__queue_t *node = tasks->next;
    disco__v3_header_t header;
    size_t place = 0;

    disco__v3_read_header(&header, tree);
    if (!cJSON_IsArray(responses) || header.revision == 0)
        return DISCO_EPROTOCOL;
    cJSON_ArrayForEach(response, responses)
    {
        if (node == tasks)
            return 0;
        if (task_at(node)->place == place) {
            task_at(node)->found = is_done(response, task_at(node));
            task_at(node)->revision = header.revision;
            node = node->next;
        }
        place++;
    }
    return node == tasks ? 0 : DISCO_EPROTOCOL;
}

void disco__v3_batch_read(disco__call_t *call, disco__queue_t *tasks)
{
    cJSON *tree = NULL;
    int rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);

    if (rv == 0)
        rv = read_results(tasks, tree);
    disco__json_free(tree);
    if (rv != 0)
        disco__failure_set(&call->failure, rv, rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
}
