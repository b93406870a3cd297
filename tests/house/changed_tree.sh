#!/usr/bin/env bash
# changed_tree.sh SOURCE BUILD COMMAND...: stands in for ./ingot in a copy of folders of the tree that a guide has changed.
# Sources that came or changed are compiled without optimisation and linked ahead of the libraries of the build: it takes
# seconds. `test PART` runs the test cases of compress/ with that part in their name.
set -eu
source=$1 build=$2 program=cli/ingot
shift 2
[ "$1" != test ] || program=tests/compress/test_compress
objects=()
for file in $(find . -name '*.cc' | LC_ALL=C sort); do
  cmp -s "$file" "$source/$file" && continue
  grep -q "'${file#./*/}'" meson.build ./*/meson.build || { echo "$file: no meson.build names it" && exit 1; }
  objects+=("$PWD/$file.o")
  [ "$file.o" -nt "$file" ] || c++ -std=c++20 -O0 -fopenmp -ffp-contract=off -I. -c "$file" -o "$file.o"
done
command=$(ninja -C "$build" -t commands "$program" | tail -n 1)
read -ra link <<<"${command/-o $program/-o $PWD/changed ${objects[*]}}"
(cd "$build" && "${link[@]}")
if [ "$1" = test ]; then exec ./changed -tc="*$2*"; fi
exec ./changed "$@"
