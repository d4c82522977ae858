#include "support/test.h"

#include "base/log.h"

typedef struct lines_s {
    size_t count;
    disco_log_level_t level;
    char last[1024];
} lines_t;

static void on_line(void *data, disco_log_level_t level, const char *line)
{
    lines_t *lines = data;

    lines->count++;
    lines->level = level;
    assert_true(strlen(line) < sizeof lines->last);
    memcpy(lines->last, line, strlen(line) + 1);
}

DISCO_TEST(silent_without_a_callback)
{
    disco__log_t log = {NULL, NULL, DISCO_LOG_DEBUG};

    disco__log(&log, DISCO_LOG_ERROR, "%s", "nobody hears it");
}

DISCO_TEST(what_is_less_important_than_the_level_is_left_out)
{
    lines_t lines = {.count = 0};
    disco__log_t log = {on_line, &lines, DISCO_LOG_WARNING};

    disco__log(&log, DISCO_LOG_INFO, "no");
    disco__log(&log, DISCO_LOG_DEBUG, "no");
    assert_int(lines.count, 0);
    disco__log(&log, DISCO_LOG_WARNING, "yes %d", 1);
    assert_int(lines.level, DISCO_LOG_WARNING);
    assert_string_equal(lines.last, "yes 1");
    disco__log(&log, DISCO_LOG_ERROR, "yes %d", 2);
    assert_int(lines.level, DISCO_LOG_ERROR);
    assert_int(lines.count, 2);
}

DISCO_TEST(lines_cannot_be_forged)
{
    lines_t lines = {.count = 0};
    disco__log_t log = {on_line, &lines, DISCO_LOG_WARNING};

    disco__log(&log, DISCO_LOG_ERROR, "key %s", "a\nerror: \x1b[2J");
    assert_string_equal(lines.last, "key a?error: ?[2J");
}

DISCO_TEST(long_lines_are_cut)
{
    lines_t lines = {.count = 0};
    disco__log_t log = {on_line, &lines, DISCO_LOG_WARNING};
    char text[2000];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    disco__log(&log, DISCO_LOG_ERROR, "%s", text);
    assert_in_range(strlen(lines.last), 100, 1000);
}
