. src/dates.sh
. src/renew.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/spool" "$place/out"
printf 'alma 2025-05-01\nbo 2024-12-31\n' > "$place/spool/a"
renew "$place/spool" "$place/out"
[ "$(cat "$place/out/renewed")" = "$(printf 'alma 2026-05-01\nbo 2025-12-31')" ]
[ ! -e "$place/spool/a" ]
