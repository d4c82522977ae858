/* One check under libFuzzer; FUZZ_CHECK is its name. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/check.h"

#define NAME_OF(check) #check
#define CALL_OF(check) check_##check
#define NAME(check) NAME_OF(check)
#define CALL(check) CALL_OF(check)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *wrong = CALL(FUZZ_CHECK)((const char *)bytes, size);

    if (wrong == NULL)
        return 0;
    (void)fprintf(stderr, NAME(FUZZ_CHECK) ": %s\n", wrong);
    abort();
}
