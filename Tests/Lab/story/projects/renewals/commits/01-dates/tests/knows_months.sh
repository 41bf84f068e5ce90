. src/dates.sh
[ "$(days_in 2025 04)" = 30 ]
[ "$(days_in 2025 12)" = 31 ]
[ "$(days_in 2025 02)" = 28 ]
[ "$(days_in 2024 02)" = 29 ]
[ "$(days_in 1900 02)" = 28 ]
