#include <assert.h>
#include <string.h>

#include "total.h"

int main(void)
{
    char text[] = "alma,250\nbo\n";
    FILE *file = fmemopen(text, strlen(text), "r");
    struct total total;

    assert(total_read(file, &total) == 2);
    return 0;
}
