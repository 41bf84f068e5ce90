#include <assert.h>
#include <string.h>

#include "record.h"

int main(void)
{
    char text[] = "alma,250\nbo,-40\n";
    FILE *file = fmemopen(text, strlen(text), "r");
    struct record record;

    assert(record_read(file, &record) == RECORD_READ);
    assert(strcmp(record.account, "alma") == 0 && record.cents == 250);
    assert(record_read(file, &record) == RECORD_READ);
    assert(strcmp(record.account, "bo") == 0 && record.cents == -40);
    assert(record_read(file, &record) == RECORD_END);
    return 0;
}
