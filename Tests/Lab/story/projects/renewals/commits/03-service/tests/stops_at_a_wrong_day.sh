. src/dates.sh
. src/renew.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/spool" "$place/out"
echo 'alma 2025-02-30' > "$place/spool/a"
if renew "$place/spool" "$place/out"; then exit 1; fi
[ -e "$place/spool/a" ]
