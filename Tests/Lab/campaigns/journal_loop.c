/* The yardstick for `nightshift journal read --output count`: `journal_loop foreach|get FILE`.
 * Reads MESSAGE, PRIORITY and _SYSTEMD_UNIT of every entry, and folds the same hash: 64-bit FNV-1a over the bytes of
 * MESSAGE's value, then XOR with the entry's __REALTIME_TIMESTAMP. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

static uint64_t hash = 0xcbf29ce484222325u;
static uint64_t others;

static void field(const void *data, size_t length)
{
    const unsigned char *bytes = data;
    if (length >= 8 && memcmp(bytes, "MESSAGE=", 8) == 0) {
        for (size_t at = 8; at < length; at++)
            hash = (hash ^ bytes[at]) * 0x100000001b3u;
    } else if (length >= 9 && memcmp(bytes, "PRIORITY=", 9) == 0) {
        others += length;
    } else if (length >= 14 && memcmp(bytes, "_SYSTEMD_UNIT=", 14) == 0) {
        others += length;
    }
}

static void each(sd_journal *journal)
{
    const void *data;
    size_t length;
    SD_JOURNAL_FOREACH_DATA(journal, data, length)
        field(data, length);
}

static void three(sd_journal *journal)
{
    static const char *const names[] = {"MESSAGE", "PRIORITY", "_SYSTEMD_UNIT"};
    const void *data;
    size_t length;
    for (int at = 0; at < 3; at++)
        if (sd_journal_get_data(journal, names[at], &data, &length) >= 0)
            field(data, length);
}

int main(int count, char **words)
{
    if (count != 3)
        return 64;
    const char *files[] = {words[2], NULL};
    sd_journal *journal;
    if (sd_journal_open_files(&journal, files, 0) < 0)
        return 1;
    sd_journal_set_data_threshold(journal, 0);
    void (*read_entry)(sd_journal *) = strcmp(words[1], "get") == 0 ? three : each;
    uint64_t entries = 0, at = 0;
    SD_JOURNAL_FOREACH(journal) {
        read_entry(journal);
        if (sd_journal_get_realtime_usec(journal, &at) >= 0)
            hash ^= at;
        entries++;
    }
    sd_journal_close(journal);
    printf("entries=%" PRIu64 " hash=%016" PRIx64 "\n", entries, hash);
    return others == 0;
}
