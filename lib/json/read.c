/* cJSON takes more than RFC 8259 allows: control bytes in strings, numbers such as 01 and 1., and
 * \u0000, behind which a C string would end. A first pass over the text refuses those and bounds
 * the nesting, so that the parser's recursion is bounded too. */
#include "json/read.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"

typedef struct scan_s {
    const char *at;
    const char *end;
    unsigned depth;
} scan_t;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void scan_digits(scan_t *scan)
{
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
}

/* number = [ "-" ] int [ frac ] [ exp ] (section 6) */
static bool scan_number(scan_t *scan)
{
    const char *digits;

    if (*scan->at == '-')
        scan->at++;
    digits = scan->at;
    scan_digits(scan);
    if (scan->at == digits || (*digits == '0' && scan->at - digits > 1))
        return false;
    if (scan->at < scan->end && *scan->at == '.') {
        digits = ++scan->at;
        scan_digits(scan);
        if (scan->at == digits)
            return false;
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        digits = scan->at;
        scan_digits(scan);
        if (scan->at == digits)
            return false;
    }
    return true;
}

/* Of the string that begins here; the parser checks the escapes themselves. */
static bool scan_string(scan_t *scan)
{
    scan->at++;
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < 0x20)
            return false;
        if (*scan->at == '\\') {
            if (scan->end - scan->at >= 6 && memcmp(scan->at, "\\u0000", 6) == 0)
                return false;
            scan->at++;
        }
        if (scan->at < scan->end)
            scan->at++;
    }
    if (scan->at >= scan->end)
        return false;
    scan->at++;
    return true;
}

static bool scan_text(const char *text, size_t size)
{
    scan_t scan = {text, text + size, 0};

    while (scan.at < scan.end) {
        char c = *scan.at;

        if (c == '"') {
            if (!scan_string(&scan))
                return false;
            continue;
        }
        if (c == '-' || is_digit(c)) {
            if (!scan_number(&scan))
                return false;
            continue;
        }
        if (c == '[' || c == '{') {
            if (++scan.depth > DISCO_JSON_MAX_DEPTH)
                return false;
        } else if ((c == ']' || c == '}') && scan.depth-- == 0) {
            return false;
        } else if ((unsigned char)c < 0x20 && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return false;
        }
        scan.at++;
    }
    return scan.depth == 0;
}

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

static bool only_white_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at == end;
}

int disco__json_parse(const char *text, size_t size, cJSON **value)
{
    const char *end = NULL;

    *value = NULL;
    if (size == 0 || (unsigned char)text[0] == 0xef || !scan_text(text, size))
        return DISCO_EPROTOCOL; /* cJSON would pass over a byte order mark */
    *value = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    if (*value == NULL)
        return DISCO_EPROTOCOL;
    if (only_white_space(end, text + size))
        return 0;
    cJSON_Delete(*value);
    *value = NULL;
    return DISCO_EPROTOCOL;
}

const cJSON *disco__json_member(const cJSON *object, const char *name)
{
    const cJSON *found = NULL;
    const cJSON *member;

    if (!cJSON_IsObject(object))
        return NULL;
    cJSON_ArrayForEach(member, object)
    {
        if (disco__text_equal_ignoring_case(member->string, strlen(member->string), name))
            found = member;
    }
    return found;
}

/* False: present with another type. *member is NULL when there is nothing to read. */
static bool find(const cJSON *object, const char *name, const cJSON **member)
{
    *member = NULL;
    if (!cJSON_IsObject(object))
        return false;
    *member = disco__json_member(object, name);
    if (cJSON_IsNull(*member))
        *member = NULL;
    return true;
}

bool disco__json_string(const cJSON *object, const char *name, const char **value)
{
    const cJSON *member;

    if (!find(object, name, &member))
        return false;
    if (member == NULL)
        return true;
    if (!cJSON_IsString(member))
        return false;
    *value = member->valuestring;
    return true;
}

bool disco__json_bool(const cJSON *object, const char *name, bool *value)
{
    const cJSON *member;

    if (!find(object, name, &member))
        return false;
    if (member == NULL)
        return true;
    if (!cJSON_IsBool(member))
        return false;
    *value = cJSON_IsTrue(member);
    return true;
}

bool disco__json_u64(const cJSON *object, const char *name, uint64_t *value)
{
    const double most = 9007199254740992.0; /* 2^53: beyond it a double skips whole numbers */
    const cJSON *member;

    if (!find(object, name, &member))
        return false;
    if (member == NULL)
        return true;
    if (cJSON_IsString(member))
        return disco__text_to_u64(member->valuestring, strlen(member->valuestring), value);
    if (!cJSON_IsNumber(member) || !(member->valuedouble >= 0 && member->valuedouble <= most))
        return false;
    if (member->valuedouble != (double)(uint64_t)member->valuedouble)
        return false;
    *value = (uint64_t)member->valuedouble;
    return true;
}
