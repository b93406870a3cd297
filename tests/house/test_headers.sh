#!/usr/bin/env bash
# Every public header compiles alone, and twice over. A source that begins with its header is the proof, but for what a
# precompiled header hides: that is seen in the text. Headers without a source were compiled by the build, those that it
# knew when it was configured: are these all?
source=$1 build=$2 status=0
mapfile -t headers < <(bash "$source/tests/house/headers.sh" "$source")
for header in "${headers[@]}"; do
  own=${header%.h}.cc
  if [ ! -f "$source/$own" ]; then
    [ -f "$build/tests/house/${header//[^a-zA-Z0-9]/_}.cc" ] && continue
    echo "$header came after the build was configured: run meson setup --reconfigure $build, and the tests again"
    status=1
  elif [ "$(grep -m 1 '^#include' "$source/$own")" != "#include \"$header\"" ]; then
    echo "$own must begin with #include \"$header\""
    status=1
  elif ! grep -qE '^#(pragma once|ifndef INGOT_)' "$source/$header"; then
    echo "$header must have #pragma once"
    status=1
  fi
done
[ ${#headers[@]} != 0 ] || { echo 'there are no public headers: the search is wrong'; status=1; }
python3 "$source/tests/house/precompiled.py" "$source" "${headers[@]}" || status=1
exit "$status"
