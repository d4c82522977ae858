/* A program that has nothing but the installed package: C and C++. */
#include <uvdisco.h>

#include <stdio.h>
#include <string.h>

static void on_closed(void *data, int status)
{
    *(int *)data = status == 0;
}

int main(void)
{
    uv_loop_t loop;
    disco_client_t *client = NULL;
    disco_options_t options;
    int closed = 0;

    if (strcmp(disco_version_string(), DISCO_VERSION_STRING) != 0)
        return 1;
    if (uv_loop_init(&loop) != 0)
        return 2;
    if (disco_options_init(&options) != 0 || disco_client_new(&client, &loop, &options) != 0)
        return 3;
    if (disco_client_close(client, on_closed, &closed) != 0)
        return 4;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    if (!closed || uv_loop_close(&loop) != 0)
        return 5;
    (void)printf("uvdisco %s\n", disco_version_string());
    return 0;
}
