/* The sum of a registration's sides, of which there is one, or with both APIs two: ready when all
 * are, lost when one is, ended when all are. A side that fails is told of and holds no other back;
 * credentials are told when the first side has them, since its readers use them from then on.
 *
 * User and password of a public service are one for all sides: what changes on one is written to
 * the others. That comes to an end, since a side passes over what is older than its own last
 * write. */
#include "base/text.h"
#include "disco/entry.h"
#include "disco/registration.h"

void disco__registration_proceed_all(disco_registration_t *registration)
{
    size_t i;

    /* A failure to begin is told, by which the registration may be closed. */
    for (i = 0; i < registration->side_count && !registration->closed; i++)
        disco__registration_proceed(&registration->sides[i]);
}

static bool all_ready(const disco_registration_t *registration)
{
    size_t i;

    for (i = 0; i < registration->side_count; i++) {
        if (!registration->sides[i].ready || registration->sides[i].lost)
            return false;
    }
    return true;
}

static size_t count_written(const disco_registration_t *registration)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < registration->side_count; i++) {
        const disco__registration_side_t *side = &registration->sides[i];

        if (side->written == registration->changes && side->info_task == DISCO__INFO_DONE)
            count++;
    }
    return count;
}

static bool is_over(const disco_registration_t *registration)
{
    return registration->closed || registration->ending;
}

static void tell_changes(disco_registration_t *registration)
{
    if (registration->tell_credentials && count_written(registration) > 0) {
        registration->tell_credentials = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_CREDENTIALS, NULL, NULL);
    }
    if (registration->tell_updated && !is_over(registration) &&
        count_written(registration) == registration->side_count) {
        registration->tell_updated = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_UPDATED, NULL, NULL);
    }
}

void disco__registration_progress(disco_registration_t *registration)
{
    if (is_over(registration))
        return;
    disco__registration_follow(registration);
    if (!registration->was_ready && all_ready(registration)) {
        registration->was_ready = true;
        disco__registration_tell(registration, DISCO_REGISTRATION_READY, NULL, NULL);
    } else if (registration->lost && all_ready(registration)) {
        registration->lost = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_RECOVERED, NULL, NULL);
    }
    if (!is_over(registration) && registration->was_ready)
        tell_changes(registration);
}

void disco__registration_is_lost(disco__registration_side_t *side, const disco__failure_t *failure)
{
    disco_registration_t *registration = side->registration;
    bool known = side->lost;

    side->lost = true;
    if (known || !registration->was_ready || registration->ending)
        return;
    registration->lost = true;
    disco__registration_tell(registration, DISCO_REGISTRATION_LOST, side->store->api, failure);
}

void disco__registration_removed(disco__registration_side_t *side, const disco__failure_t *failure)
{
    disco_registration_t *registration = side->registration;
    bool failed_before = false;
    size_t i;

    for (i = 0; i < registration->side_count; i++)
        failed_before = failed_before || registration->sides[i].failed;
    side->removed = true;
    disco__registration_removal_is_over(registration);
    if (failure->status != 0) {
        disco__registration_note_failure(side, failure);
        side->failed = true;
    }
    for (i = 0; i < registration->side_count; i++) {
        if (!registration->sides[i].removed)
            return;
    }
    /* The last failure of an attempt counts only when the end does not come to be known. */
    disco__registration_finish(registration, side->failed || failed_before ? NULL : failure);
}

int disco__registration_take_credentials(disco__registration_side_t *side,
                                         const disco_service_info_t *info)
{
    disco_registration_t *registration = side->registration;
    disco__host_t *changed;
    size_t i;
    int rv =
        disco__registration_host_with(&changed, registration->host, info->user, info->password);

    if (rv != 0)
        return rv;
    disco__host_unref(registration->host);
    registration->host = changed;
    registration->changes++;
    for (i = 0; i < registration->side_count; i++) {
        disco__registration_side_t *other = &registration->sides[i];

        if (other != side && (other->adopted || !registration->adopt))
            disco__registration_need_info(other, DISCO__INFO_WRITE);
    }
    return 0;
}

/* Where more than one side has an info, the first one's counts, whichever answers first. */
static int adopt_info(disco__registration_side_t *side, const disco_kv_t *entry)
{
    disco_registration_t *registration = side->registration;
    const disco_host_t *host = &registration->host->host;
    size_t place = (size_t)(side - registration->sides);
    disco_service_info_t *info;
    bool same;
    int rv = disco__entry_read_info(registration->client, entry, &info);

    if (rv != 0)
        return rv;
    same = disco__text_equal(info->user, host->user) &&
           disco__text_equal(info->password, host->password);
    if (place < registration->adopted_from) {
        registration->adopted_from = place;
        if (!same)
            rv = disco__registration_take_credentials(side, info);
        if (rv == 0)
            side->info_task = DISCO__INFO_DONE;
    } else if (same) {
        side->info_task = DISCO__INFO_DONE;
    } else {
        disco__registration_need_info(side, DISCO__INFO_WRITE);
    }
    disco__info_unref(info);
    return rv;
}

int disco__registration_adopt(disco__registration_side_t *side, const disco_kv_t *entry)
{
    int rv = 0;

    if (entry == NULL)
        disco__registration_need_info(side, DISCO__INFO_CREATE);
    else if (side->registration->host->host.is_public)
        rv = adopt_info(side, entry);
    else
        side->info_task = DISCO__INFO_DONE;
    if (disco__entry_is_broken(rv)) {
        disco__registration_need_info(side, DISCO__INFO_WRITE); /* nothing to be adopted */
        rv = 0;
    }
    side->adopted = rv == 0;
    return rv;
}
