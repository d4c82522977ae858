/* leash <program> <argument>...: becomes the program, which is then killed when the parent dies. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    pid_t parent = getppid();

    if (count < 2)
        return 2;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        perror("leash");
        return 1;
    }
    (void)execvp(arguments[1], arguments + 1);
    perror(arguments[1]);
    return 127;
}
