#include "record.h"

#include <stdlib.h>
#include <string.h>

enum reading record_read(FILE *file, struct record *record)
{
    char line[LINE_LENGTH_MAX + 1];

    if (!fgets(line, sizeof line, file))
        return feof(file) ? RECORD_END : RECORD_BROKEN;
    line[strcspn(line, "\n")] = '\0';
    char *comma = strchr(line, ',');
    if (!comma || comma == line || comma - line > ACCOUNT_MAX)
        return RECORD_BROKEN;
    *comma = '\0';
    strcpy(record->account, line);
    char *end;
    record->cents = strtol(comma + 1, &end, 10);
    return end != comma + 1 && (*end == '\0' || *end == ',') ? RECORD_READ : RECORD_BROKEN;
}
