#ifndef RECORD_H
#define RECORD_H

#include <stdio.h>

#define ACCOUNT_MAX 15

struct record {
    char account[ACCOUNT_MAX + 1];
    long cents;
};

enum reading { RECORD_READ, RECORD_END, RECORD_BROKEN };

/* Reads the next line: ACCOUNT,CENTS. */
enum reading record_read(FILE *file, struct record *record);

#endif
