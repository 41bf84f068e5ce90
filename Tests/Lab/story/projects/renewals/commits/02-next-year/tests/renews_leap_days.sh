. src/dates.sh
[ "$(year_after 2025-03-31)" = 2026-03-31 ]
[ "$(year_after 2024-02-29)" = 2025-02-28 ]
