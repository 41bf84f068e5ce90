// What `nightshift journal read --output count` does, over libsystemd alone: reader foreach|get DIRECTORY
//   foreach  goes over each entry's fields once, with SD_JOURNAL_FOREACH_DATA
//   get      asks for three fields by name, with sd_journal_get_data
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

static uint64_t hash = 0xcbf29ce484222325ULL;
static size_t other; // bytes of the two other fields, so that reading them is not for nothing

static void fold(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
}

static int is(const void *data, size_t size, const char *name, size_t length) {
    return size >= length && !memcmp(data, name, length);
}

int main(int count, char **arguments) {
    sd_journal *journal;
    if (count != 3 || sd_journal_open_directory(&journal, arguments[2], 0) < 0) return 2;
    sd_journal_set_data_threshold(journal, 64 << 20);
    int foreach = !strcmp(arguments[1], "foreach");
    const void *data;
    size_t size;
    uint64_t entries = 0, time;
    SD_JOURNAL_FOREACH(journal) {
        if (sd_journal_get_realtime_usec(journal, &time) < 0) continue;
        if (foreach) {
            int seen = 0;
            SD_JOURNAL_FOREACH_DATA(journal, data, size) {
                if (is(data, size, "MESSAGE=", 8)) fold((const unsigned char *)data + 8, size - 8), seen++;
                else if (is(data, size, "PRIORITY=", 9) || is(data, size, "_SYSTEMD_UNIT=", 14)) other += size, seen++;
                if (seen == 3) break;
            }
        } else {
            if (sd_journal_get_data(journal, "MESSAGE", &data, &size) >= 0) fold((const unsigned char *)data + 8, size - 8);
            if (sd_journal_get_data(journal, "PRIORITY", &data, &size) >= 0) other += size;
            if (sd_journal_get_data(journal, "_SYSTEMD_UNIT", &data, &size) >= 0) other += size;
        }
        entries++;
        hash ^= time;
    }
    sd_journal_close(journal);
    printf("entries=%" PRIu64 " hash=%016" PRIx64 "\n", entries, hash);
    return other == 1;
}
