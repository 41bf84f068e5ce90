/* tally SPOOL OUT: adds up each file that comes into SPOOL, writes its total to OUT, and removes it. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "total.h"

/* systemd reads the priority in front. */
static int fail(const char *name, const char *what, int line)
{
    fprintf(stderr, "<3>%s:%d: %s\n", name, line, what);
    return 1;
}

static int tally(const char *spool, const char *out, const char *name)
{
    char from[512], to[512];
    struct total total;

    snprintf(from, sizeof from, "%s/%s", spool, name);
    snprintf(to, sizeof to, "%s/%s.total", out, name);
    FILE *file = fopen(from, "r");
    if (!file)
        return fail(name, "cannot be read", 0);
    int line = total_read(file, &total);
    fclose(file);
    if (line)
        return fail(name, "broken record", line);
    if (total.cents < 0)
        return fail(name, "the total of deposits is negative", total.records);
    file = fopen(to, "w");
    if (!file)
        return fail(name, "its total cannot be written", 0);
    total_write(file, &total);
    fclose(file);
    return unlink(from) ? fail(name, "cannot be removed", 0) : 0;
}

int main(int count, char **words)
{
    const struct timespec pause = {0, 200000000};

    if (count != 3) {
        fputs("usage: tally SPOOL OUT\n", stderr);
        return 64;
    }
    for (;;) {
        DIR *folder = opendir(words[1]);
        if (!folder)
            return fail(words[1], "cannot be opened", 0);
        for (struct dirent *entry; (entry = readdir(folder));)
            if (entry->d_name[0] != '.' && tally(words[1], words[2], entry->d_name))
                return 1;
        closedir(folder);
        nanosleep(&pause, NULL);
    }
}
