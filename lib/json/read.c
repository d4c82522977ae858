#include "json/read.h"

#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"
#include "json/grammar.h"

static void wipe_strings(cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if (item->valuestring != NULL)
            disco__wipe(item->valuestring, strlen(item->valuestring));
        wipe_strings(item->child);
    }
}

void disco__json_free(cJSON *tree)
{
    wipe_strings(tree);
    cJSON_Delete(tree);
}

static int parse(const char *text, size_t size, bool with_nul, cJSON **value)
{
    *value = NULL;
    if (!disco__json_is_well_formed(text, size, with_nul))
        return DISCO_EPROTOCOL;
    *value = cJSON_ParseWithLength(text, size);
    return *value != NULL ? 0 : UV_ENOMEM;
}

int disco__json_parse(const char *text, size_t size, cJSON **value)
{
    return parse(text, size, false, value);
}

int disco__json_parse_answer(const char *text, size_t size, cJSON **value)
{
    return parse(text, size, true, value);
}

const cJSON *disco__json_next_member(const cJSON *object, const char *name, const cJSON *previous)
{
    const cJSON *member;

    if (!cJSON_IsObject(object))
        return NULL;
    for (member = previous != NULL ? previous->next : object->child; member != NULL;
         member = member->next) {
        if (disco__text_equal_ignoring_case(member->string, strlen(member->string), name))
            return member;
    }
    return NULL;
}

const cJSON *disco__json_member(const cJSON *object, const char *name)
{
    const cJSON *found = NULL;
    const cJSON *member = NULL;

    while ((member = disco__json_next_member(object, name, member)) != NULL)
        found = member;
    return found;
}

bool disco__json_string(const cJSON *object, const char *name, const char **value)
{
    const cJSON *member = NULL;

    while ((member = disco__json_next_member(object, name, member)) != NULL) {
        if (cJSON_IsString(member))
            *value = member->valuestring;
        else if (!cJSON_IsNull(member))
            return false;
    }
    return cJSON_IsObject(object);
}

bool disco__json_bool(const cJSON *object, const char *name, bool *value)
{
    const cJSON *member = NULL;

    while ((member = disco__json_next_member(object, name, member)) != NULL) {
        if (cJSON_IsBool(member))
            *value = cJSON_IsTrue(member);
        else if (!cJSON_IsNull(member))
            return false;
    }
    return cJSON_IsObject(object);
}

static bool read_u64(const cJSON *member, uint64_t *value)
{
    const double most = 9007199254740992.0; /* 2^53: beyond it a double skips whole numbers */
    double number = member->valuedouble;

    if (cJSON_IsString(member))
        return disco__text_to_u64(member->valuestring, strlen(member->valuestring), value);
    if (!cJSON_IsNumber(member) || !(number >= 0 && number <= most))
        return false;
    if (number != (double)(uint64_t)number)
        return false;
    *value = (uint64_t)number;
    return true;
}

bool disco__json_u64(const cJSON *object, const char *name, uint64_t *value)
{
    const cJSON *member = NULL;

    while ((member = disco__json_next_member(object, name, member)) != NULL) {
        if (!cJSON_IsNull(member) && !read_u64(member, value))
            return false;
    }
    return cJSON_IsObject(object);
}
