// RE2 behind a C interface: compile, ask for groups, match. A pattern is immutable and may be used by many threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Where a group matched, in bytes of the text; begin is -1 for a group that took no part.
typedef struct cre2_range {
    ptrdiff_t begin;
    ptrdiff_t end;
} cre2_range;

/// Never null; ask cre2_error whether it compiled. `memory_max` bounds the program and its caches, in bytes.
cre2_pattern *cre2_compile(const char *source, size_t length, int64_t memory_max, bool dot_matches_newline);
void cre2_free(cre2_pattern *pattern);

/// Why the pattern did not compile, and the part of it that is wrong; null where it did.
const char *cre2_error(const cre2_pattern *pattern);
const char *cre2_error_part(const cre2_pattern *pattern);

/// How many groups there are, the whole match not counted.
int cre2_group_count(const cre2_pattern *pattern);
/// The name of a group (from 1); null where it has none.
const char *cre2_group_name(const cre2_pattern *pattern, int group);

/// Looks for the leftmost match at or after `start`, or, `anchored`, for one that spans all of the text.
/// Fills `count` ranges, the whole match first. Bytes that are not UTF-8 match no character.
bool cre2_match(const cre2_pattern *pattern, const char *text, size_t length, size_t start, bool anchored,
                cre2_range *ranges, int count);

#ifdef __cplusplus
}
#endif
