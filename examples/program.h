/* What the example programs have in common: a client made from the environment, and ending on
 * SIGTERM or SIGINT. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <uvdisco.h>

typedef struct program_s {
    disco_client_t *client;
    uv_signal_t signals[2];
    void (*stop)(struct program_s *program);
    const char *name;
} program_t;

/* Makes program->client on the default loop. What is wrong is said on stderr; false: the program
 * ends. stop is called once, when a signal asks the program to end; NULL: signals are left alone.
 */
int program_open(program_t *program, void (*stop)(program_t *program));

/* Runs the loop until nothing is left on it; rv: what starting the program's work gave, said on
 * stderr when it is an error. The exit status of the program. */
int program_run(program_t *program, int rv);

#endif
