#!/usr/bin/env bash
# includes.sh ROOT: every include of one file of the libraries by another, one a line: FILE INCLUDED.
cd "$1" || exit 1
folders=()
for folder in engine data bert compress search hw report pipeline labs cli; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
grep -rHoE --include='*.h' --include='*.cc' --include='*.cc.in' '^ *# *include *"[^"]*"' "${folders[@]}" |
  grep -v '^engine/pch/' | sed -E 's/^([^:]*):[^"]*"([^"]*)"$/\1 \2/'
