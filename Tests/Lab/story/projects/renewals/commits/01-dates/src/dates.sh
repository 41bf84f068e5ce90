# Dates of the Gregorian calendar, written YYYY-MM-DD.

is_leap() {
    [ $(($1 % 4)) -eq 0 ] && [ $(($1 % 100)) -ne 0 ]
}

# days_in YEAR MONTH
days_in() {
    case $2 in
        02) if is_leap "$1"; then echo 29; else echo 28; fi ;;
        04 | 06 | 09 | 11) echo 30 ;;
        *) echo 31 ;;
    esac
}

# is_date TEXT
is_date() {
    case $1 in
        [12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]) ;;
        *) return 1 ;;
    esac
    rest=${1#*-}
    year=${1%%-*} month=${rest%-*} day=${rest#*-}
    [ "${month#0}" -ge 1 ] && [ "${month#0}" -le 12 ] && [ "${day#0}" -ge 1 ] &&
        [ "${day#0}" -le "$(days_in "$year" "$month")" ]
}

# year_after DATE: the same day of the next year, or the month's last one.
year_after() {
    rest=${1#*-}
    year=$((${1%%-*} + 1)) month=${rest%-*} day=${rest#*-}
    last=$(days_in "$year" "$month")
    [ "${day#0}" -le "$last" ] || day=$last
    echo "$year-$month-$day"
}
