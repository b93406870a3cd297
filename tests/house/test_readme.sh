#!/usr/bin/env bash
# The README stays short, and every relative link in it leads somewhere.
cd "$1" || exit 1
status=0
lines=$(wc -l <README.md)
if [ "$lines" -gt 150 ]; then
  echo "README.md: at most 150 lines, got $lines"
  status=1
fi
for link in $(grep -oE '\]\([^)#]+' README.md | cut -c3- | grep -v '^[a-z]*://'); do
  [ -e "$link" ] || { echo "README.md: links to $link, which does not exist" && status=1; }
done
exit "$status"
