#include "program.h"

#include <signal.h>
#include <stdio.h>

static void close_signals(program_t *program)
{
    if (program->stop == NULL)
        return;
    uv_close((uv_handle_t *)&program->signals[0], NULL);
    uv_close((uv_handle_t *)&program->signals[1], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    program_t *program = handle->data;

    (void)number;
    close_signals(program);
    program->stop(program);
}

static int listen_to_signals(program_t *program)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    int rv = 0;
    size_t i;

    for (i = 0; i < 2 && rv == 0; i++) {
        program->signals[i].data = program;
        rv = uv_signal_init(uv_default_loop(), &program->signals[i]);
        if (rv == 0)
            rv = uv_signal_start(&program->signals[i], on_signal, numbers[i]);
    }
    return rv;
}

int program_open(program_t *program, void (*stop)(program_t *program))
{
    disco_options_t options;
    int rv;

    program->stop = stop;
    (void)signal(SIGPIPE, SIG_IGN);
    disco_options_init(&options);
    rv = disco_options_from_env(&options);
    if (rv == 0)
        rv = disco_client_new(&program->client, uv_default_loop(), &options);
    if (rv != 0) {
        fprintf(stderr, "%s: %s\n", options.at_fault != NULL ? options.at_fault : "client",
                disco_strerror(rv));
        return 0;
    }
    if (stop == NULL)
        return 1;
    rv = listen_to_signals(program);
    if (rv != 0)
        fprintf(stderr, "signals: %s\n", uv_strerror(rv));
    return rv == 0;
}

int program_run(program_t *program, int rv)
{
    if (rv != 0) {
        fprintf(stderr, "%s\n", disco_strerror(rv));
        close_signals(program);
        disco_client_close(program->client, NULL, NULL);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 && rv == 0 ? 0 : 1;
}
