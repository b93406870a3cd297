#!/usr/bin/env bash
# What is installed is enough for a program of one's own: the examples are built against an installed prefix, through
# pkg-config alone, and do what they say.
source=$1 build=$2
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
PKG_CONFIG_PATH=$("$source/tests/house/installed.sh" "$build" "$root") || exit 1
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs ingot)"
cd "$root" || exit 1
printf 'text,label\n' >data.csv
for _ in 1 2 3 4 5 6 7 8 9 10; do printf 'a fine warm day,good\na cold wet night,bad\nsuch a fine song,good\nsuch a wet shoe,bad\n' >>data.csv; done

status=0
# example NAME PART ARGUMENT...: it builds, runs, and prints a line with PART.
example() {
  if ! c++ -std=c++20 -O0 "$source/examples/$1.cc" -o "$1" "${flags[@]}" 2>"$1.log"; then
    cat "$1.log"
    echo "$1: does not build" && status=1 && return
  fi
  text=$("./$1" "${@:3}" 2>&1) || { echo "$1: exit code $?: $text" && status=1; }
  [[ $text == *"$2"* ]] || { printf '%s: expected "%s" in:\n%s\n' "$1" "$2" "$text" && status=1; }
}
example train $'good\t0.9' data.csv run 'a fine day'
example search 'of 60' journal.log
example emit 'a vector every 8 cycles' rtl
[ -f rtl/top.sv ] || { echo 'emit: wrote no top.sv' && status=1; }
"$(pkg-config --variable=prefix ingot)/bin/ingot" version | grep -q '^ingot ' || { echo 'the installed program does not start' && status=1; }
exit "$status"
