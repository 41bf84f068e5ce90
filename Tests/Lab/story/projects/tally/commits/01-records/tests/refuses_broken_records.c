#include <assert.h>
#include <string.h>

#include "record.h"

int main(void)
{
    const char *broken[] = {"alma\n", ",5\n", "alma,\n", "alma,5x\n", "a-very-long-account,5\n", "\n"};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        FILE *file = fmemopen((void *)broken[i], strlen(broken[i]), "r");
        struct record record;
        assert(record_read(file, &record) == RECORD_BROKEN);
        fclose(file);
    }
    return 0;
}
