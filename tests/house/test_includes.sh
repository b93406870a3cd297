#!/usr/bin/env bash
# No upward include: a folder includes itself and folders of a lower level. search/ knows only engine/base/ and how JSON is
# parsed.
cd "$1" || exit 1
folders=()
for folder in engine data bert compress search hw report pipeline labs cli; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
grep -rHoE --include='*.h' --include='*.cc' '^ *# *include *"[^"]*"' "${folders[@]}" | grep -v '^engine/pch/' | awk -F '"' '
  BEGIN {
    n = split("engine/base engine/kernels engine/tensor engine/autograd engine/nn engine/optim data bert compress hw report pipeline labs cli", order, " ")
    for (i = 1; i <= n; ++i) level[order[i]] = i
    level["engine/io"] = level["engine/optim"]  # beside it
    level["search"] = level["hw"]
  }
  # The folder that a path counts for: two steps inside engine, else one.
  function folder(path, step) {
    split(path, step, "/")
    return step[1] == "engine" ? step[1] "/" step[2] : step[1]
  }
  {
    file = $1
    sub(/:.*/, "", file)
    from = folder(file)
    to = folder($2)
    rule = ""
    if (!(from in level)) rule = from " has no place in the order of folders (tests/house/test_includes.sh)"
    else if (!(to in level)) rule = "include paths start at the root, with a folder of the order"
    else if (from == "search" && to != "search" && to != "engine/base" && $2 != "engine/io/json.h")
      rule = "search/ includes only engine/base/ and engine/io/json.h"
    else if (from != to && level[to] >= level[from]) rule = to "/ is not below " from "/"
    if (rule != "") { print file ": includes \"" $2 "\": " rule; failed = 1 }
  }
  END {
    if (!NR) { print "no include found: the search is wrong"; failed = 1 }
    exit failed
  }'
