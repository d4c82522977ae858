/* Runs a check on each file of a folder: what the fuzzer found worth keeping. Arguments: the check
 * and the folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "fuzz/check.h"

#define MOST (1u << 20)

static int run_file(const fuzz_check_t *check, const char *folder, const char *file)
{
    static char bytes[MOST];
    char path[4096];
    const char *wrong;
    char *block;
    size_t size;
    FILE *from;

    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    from = fopen(path, "rb");
    if (from == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    size = fread(bytes, 1, sizeof bytes, from);
    (void)fclose(from);
    block = fuzz_block(bytes, size);
    wrong = check->run(block, size);
    free(block);
    if (wrong != NULL)
        (void)fprintf(stderr, "%s: %s\n", path, wrong);
    return wrong != NULL;
}

static int run_folder(const fuzz_check_t *check, const char *folder)
{
    uv_fs_t request;
    uv_dirent_t entry;
    int count = uv_fs_scandir(NULL, &request, folder, 0, NULL);
    int failed = 0;

    while (uv_fs_scandir_next(&request, &entry) == 0)
        failed += run_file(check, folder, entry.name);
    uv_fs_req_cleanup(&request);
    (void)printf("%s: %d files\n", check->name, count);
    return count > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    size_t i;

    for (i = 0; argc == 3 && i < fuzz_check_count; i++) {
        if (strcmp(argv[1], fuzz_checks[i].name) == 0)
            return run_folder(&fuzz_checks[i], argv[2]);
    }
    (void)fprintf(stderr, "usage: %s <check> <folder>\n", argv[0]);
    return EXIT_FAILURE;
}
