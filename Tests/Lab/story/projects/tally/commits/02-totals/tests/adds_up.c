#include <assert.h>
#include <string.h>

#include "total.h"

int main(void)
{
    char text[] = "alma,250\nbo,-40\nalma,1\n", out[32] = "";
    FILE *file = fmemopen(text, strlen(text), "r");
    struct total total;

    assert(total_read(file, &total) == 0);
    assert(total.records == 3 && total.cents == 211);
    FILE *written = fmemopen(out, sizeof out, "w");
    total_write(written, &total);
    fclose(written);
    assert(strcmp(out, "3 211\n") == 0);
    return 0;
}
