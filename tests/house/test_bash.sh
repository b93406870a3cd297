#!/usr/bin/env bash
# Every bash file parses.
cd "$1" || exit 1
status=0 n=0
while IFS= read -r -d '' file; do
  read -r first <"$file"
  [[ $first == '#!'*bash* ]] || continue
  bash -n "$file" 2>&1 || status=1
  n=$((n + 1))
done < <(find . \( -path './build*' -o -path ./.git \) -prune -o -type f \( -perm /111 -o -name '*.sh' \) -print0)
[ "$n" -ge 3 ] || { echo "only $n bash files found: the search is wrong" && status=1; }
exit "$status"
