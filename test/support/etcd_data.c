/* The members' data: removed, kept as a backup, and taken back from it. */
#include <ftw.h>
#include <stdio.h>

#include "support/etcd_internal.h"
#include "support/test.h"

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    (void)remove(path);
    return 0;
}

void etcd_remove_tree(const char *directory)
{
    (void)nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

typedef struct copying_s {
    const char *from;
    const char *to;
} copying_t;

static copying_t copying; /* nftw() has no room for it */

static void copy_file(const char *from, const char *to)
{
    uv_fs_t request;

    assert_int(uv_fs_copyfile(NULL, &request, from, to, 0, NULL), 0);
    uv_fs_req_cleanup(&request);
}

static int copy_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    char to[512];
    uv_fs_t request;

    (void)about;
    (void)walk;
    (void)snprintf(to, sizeof to, "%s%s", copying.to, path + strlen(copying.from));
    if (kind != FTW_D) {
        copy_file(path, to);
        return 0;
    }
    assert_int(uv_fs_mkdir(NULL, &request, to, 0700, NULL), 0);
    uv_fs_req_cleanup(&request);
    return 0;
}

static void copy_tree(const char *from, const char *to)
{
    etcd_remove_tree(to);
    copying = (copying_t){from, to};
    assert_int(nftw(from, copy_entry, 16, FTW_PHYS), 0);
}

static void name_backup(const member_t *member, char *name, size_t size)
{
    (void)snprintf(name, size, "%s.backup", member->directory);
}

void etcd_save(etcd_t *etcd)
{
    char backup[300];
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        etcd_kill(etcd, i);
        name_backup(&etcd->members[i], backup, sizeof backup);
        copy_tree(etcd->members[i].directory, backup);
    }
    etcd_launch_all(etcd);
}

void etcd_restore(etcd_t *etcd)
{
    char backup[300];
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        etcd_kill(etcd, i);
        name_backup(&etcd->members[i], backup, sizeof backup);
        copy_tree(backup, etcd->members[i].directory);
    }
    etcd_launch_all(etcd);
}

void etcd_wipe(etcd_t *etcd)
{
    size_t i;

    for (i = 0; i < etcd->count; i++) {
        etcd_kill(etcd, i);
        etcd_remove_tree(etcd->members[i].directory);
    }
    etcd_launch_all(etcd);
}
