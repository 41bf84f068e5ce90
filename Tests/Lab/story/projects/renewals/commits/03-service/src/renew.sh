# renew SPOOL OUT: writes the next date of each contract (`NAME DATE` a line) of the spool to OUT/renewed.
renew() {
    for file in "$1"/*; do
        [ -f "$file" ] || continue
        while read -r name date; do
            if ! is_date "$date"; then
                echo "<3>${file##*/}: $name: there is no day $date" >&2
                return 1
            fi
            echo "$name $(year_after "$date")" >> "$2/renewed"
        done < "$file"
        rm "$file"
    done
}
