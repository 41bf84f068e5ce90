#ifndef TOTAL_H
#define TOTAL_H

#include <stdio.h>

struct total {
    int cents;
    int records;
};

/* Adds up a file of records; the answer is 0, or the number of the line that is broken. */
int total_read(FILE *file, struct total *total);

/* Writes `RECORDS CENTS`. */
void total_write(FILE *file, const struct total *total);

#endif
