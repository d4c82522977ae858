#include "cases.h"

int main(int argc, char **argv)
{
    static const bench_case_t cases[] = {
        {"lookup", case_lookup},
        {"watch", case_watch},
        {NULL, NULL},
    };

    return bench_main(argc, argv, cases);
}
