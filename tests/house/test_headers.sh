#!/usr/bin/env bash
# Every public header compiles alone: the build did that for those it knew when it was configured. Are these all?
source=$1 build=$2 status=0
while read -r header; do
  if [ ! -f "$build/tests/house/${header//[^a-zA-Z0-9]/_}.cc" ]; then
    echo "$header came after the build was configured: run meson setup --reconfigure $build, and the tests again"
    status=1
  fi
done < <(bash "$source/tests/house/headers.sh" "$source")
exit "$status"
