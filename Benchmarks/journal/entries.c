// Prints N journal entries in the export format, as a busy host would have them: entries N
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    long entries = count > 1 ? atol(arguments[1]) : 1000;
    uint64_t state = 42;
    for (long n = 0; n < entries; n++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned random = state >> 33, unit = random % 40, worker = random / 40 % 8;
        uint64_t time = 1795489200000000ULL + n * 1357ULL;
        printf("__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n", (unsigned long long)time,
               (unsigned long long)(time - 1795480000000000ULL));
        puts("_BOOT_ID=0f1e2d3c4b5a69788796a5b4c3d2e1f0\n_MACHINE_ID=00112233445566778899aabbccddeeff\n_HOSTNAME=web-1");
        printf("_TRANSPORT=stdout\nPRIORITY=%u\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=service-%u\n", random % 16 ? 6 : 3, unit);
        printf("_PID=%u\n_UID=%u\n_GID=%u\n_COMM=worker-%u\n_EXE=/usr/sbin/service-%u\n", 1000 + unit * 8 + worker,
               100 + unit, 100 + unit, worker, unit);
        printf("_CMDLINE=/usr/sbin/service-%u --worker %u --config /etc/service-%u.conf\n", unit, worker, unit);
        printf("_SYSTEMD_UNIT=service-%u.service\n_SYSTEMD_SLICE=system.slice\n", unit);
        printf("_SYSTEMD_CGROUP=/system.slice/service-%u.service\n_SELINUX_CONTEXT=unconfined\n", unit);
        printf("MESSAGE=10.%u.%u.%u - - \"GET /api/orders/%u HTTP/1.1\" %u %u in %u.%03u ms, request %016llx\n\n",
               random % 256, random / 256 % 256, random / 65536 % 256, random % 100000, random % 50 ? 200 : 503,
               random % 65536, random % 900, random % 1000, (unsigned long long)state);
    }
}
