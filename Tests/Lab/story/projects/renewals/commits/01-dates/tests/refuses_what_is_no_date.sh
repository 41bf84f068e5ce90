. src/dates.sh
is_date 2025-04-30
for text in 2025-04-31 2025-02-29 2025-13-01 2025-00-10 2025-1-1 yesterday; do
    if is_date "$text"; then exit 1; fi
done
