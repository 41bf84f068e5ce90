#include "cre2.h"

#include <re2/re2.h>

#include <vector>

struct cre2_pattern {
    RE2 expression;
    // The group names by number, so that asking for one allocates nothing.
    std::vector<const char *> names;

    cre2_pattern(const re2::StringPiece &source, const RE2::Options &options)
        : expression(source, options), names(expression.ok() ? expression.NumberOfCapturingGroups() + 1 : 0, nullptr) {
        if (!expression.ok()) return;
        for (const auto &entry : expression.CapturingGroupNames()) names[entry.first] = entry.second.c_str();
    }
};

cre2_pattern *cre2_compile(const char *source, size_t length, int64_t memory_max, bool dot_matches_newline) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    options.set_dot_nl(dot_matches_newline);
    return new cre2_pattern(re2::StringPiece(source, length), options);
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

const char *cre2_error(const cre2_pattern *pattern) {
    return pattern->expression.ok() ? nullptr : pattern->expression.error().c_str();
}

const char *cre2_error_part(const cre2_pattern *pattern) {
    return pattern->expression.ok() ? nullptr : pattern->expression.error_arg().c_str();
}

int cre2_group_count(const cre2_pattern *pattern) { return pattern->expression.NumberOfCapturingGroups(); }

const char *cre2_group_name(const cre2_pattern *pattern, int group) {
    return group > 0 && static_cast<size_t>(group) < pattern->names.size() ? pattern->names[group] : nullptr;
}

bool cre2_match(const cre2_pattern *pattern, const char *text, size_t length, size_t start, bool anchored,
                cre2_range *ranges, int count) {
    if (text == nullptr) text = "";  // a null group would read as one that took no part
    const re2::StringPiece whole(text, length);
    const auto anchor = anchored ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
    // Few patterns have more groups than this; only those allocate.
    re2::StringPiece few[16];
    std::vector<re2::StringPiece> many(count > 16 ? count : 0);
    re2::StringPiece *groups = count > 16 ? many.data() : few;
    if (!pattern->expression.Match(whole, start, length, anchor, groups, count)) return false;
    for (int i = 0; i < count; i++) {
        const bool took_part = groups[i].data() != nullptr;
        ranges[i].begin = took_part ? groups[i].data() - text : -1;
        ranges[i].end = took_part ? groups[i].data() + groups[i].size() - text : -1;
    }
    return true;
}
