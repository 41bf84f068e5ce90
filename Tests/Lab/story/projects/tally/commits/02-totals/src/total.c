#include "total.h"

#include "record.h"

int total_read(FILE *file, struct total *total)
{
    struct record record;
    enum reading reading;

    total->cents = 0;
    total->records = 0;
    while ((reading = record_read(file, &record)) == RECORD_READ) {
        total->cents = (int)(total->cents + record.cents);
        total->records++;
    }
    return reading == RECORD_END ? 0 : total->records + 1;
}

void total_write(FILE *file, const struct total *total)
{
    fprintf(file, "%d %d\n", total->records, total->cents);
}
