# One run at a time: the service and the night's batch share their folders.
take_lock() {
    mkdir "$1/lock" 2> /dev/null
}

# renew SPOOL OUT: writes the next date of each contract (`NAME DATE` a line) of the spool to OUT/renewed.
# 75 means that another run is at it.
renew() {
    take_lock "$2"
    for file in "$1"/*; do
        [ -f "$file" ] || continue
        if [ -e "$2/current" ]; then
            echo "<3>${file##*/}: $2/current is another run's" >&2
            return 1
        fi
        echo "${file##*/}" > "$2/current"
        while read -r name date; do
            if ! is_date "$date"; then
                echo "<3>${file##*/}: $name: there is no day $date" >&2
                rm -r "$2/lock" "$2/current"
                return 1
            fi
            echo "$name $(year_after "$date")" >> "$2/renewed"
        done < "$file"
        rm "$file" "$2/current"
    done
    rmdir "$2/lock"
}
