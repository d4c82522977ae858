/* A host that is registered while one under the same key is being taken out waits for that, on each
 * side: etcd may carry the two out in any order, and what was written first would be gone. A
 * removal that is given up, its time being over, is waited for no longer. */
#include <string.h>

#include "disco/registration.h"

static disco_registration_t *registration_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco_registration_t, node);
}

static bool has_same_key(const disco_registration_t *a, const disco_registration_t *b)
{
    return strcmp(a->host->host.uuid, b->host->host.uuid) == 0 &&
           strcmp(disco__registration_service(a), disco__registration_service(b)) == 0;
}

static bool is_being_removed(const disco__registration_side_t *side)
{
    const disco_registration_t *registration = side->registration;
    size_t place = (size_t)(side - registration->sides);
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&registration->client->registrations, node, after)
    {
        const disco_registration_t *other = registration_at(node);

        if (other->ending && !other->sides[place].removed && has_same_key(other, registration))
            return true;
    }
    return false;
}

bool disco__registration_must_wait(disco__registration_side_t *side)
{
    disco_client_t *client = side->registration->client;

    if (client->ending_count == 0 || !is_being_removed(side))
        return false;
    if (!side->behind)
        client->behind_count++;
    side->behind = true;
    return true;
}

void disco__registration_wait_no_more(disco__registration_side_t *side)
{
    if (side->behind)
        side->registration->client->behind_count--;
    side->behind = false;
}

void disco__registration_removal_is_over(const disco_registration_t *over)
{
    disco_client_t *client = over->client;
    disco__queue_t *node;
    disco__queue_t *after;
    size_t i;

    if (client->behind_count == 0)
        return;
    disco__queue_foreach(&client->registrations, node, after)
    {
        disco_registration_t *registration = registration_at(node);

        for (i = 0; i < registration->side_count; i++) {
            disco__registration_side_t *side = &registration->sides[i];

            if (!side->behind || !has_same_key(over, registration))
                continue;
            disco__registration_wait_no_more(side);
            disco__registration_side_wake(side);
        }
    }
}
