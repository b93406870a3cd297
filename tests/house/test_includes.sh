#!/usr/bin/env bash
# Three rules about includes, so that a reader can take the folders one after the other.
#
# 1. No upward include: a folder includes itself and folders of a lower level. search/ knows only engine/base/ and how JSON
#    is parsed.
# 2. No circles: no two folders include each other, directly or through others. The rule holds at every depth: with depth 1
#    the folders are the libraries (hw), with depth 2 their rooms (hw/emit), with depth 3 the rooms of rooms, each
#    together with all that lies deeper. Files that lie directly in a folder with rooms count as one room of their own,
#    named like the folder: hw/names.h is in the room hw. Hence they are either the ground that all rooms stand on (hw,
#    compress) or a roof over them (cli), but not both.
# 3. The diagrams of docs/architecture.md are the ones that include_graph.sh prints.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$1" || exit 1
failed=0
includes=$(bash "$here/includes.sh" .)
[ -n "$includes" ] || { echo "no include found: the search is wrong"; failed=1; }

awk '
  BEGIN {
    n = split("engine/base engine/kernels engine/tensor engine/autograd engine/nn engine/optim data bert compress hw report pipeline labs cli", order, " ")
    for (i = 1; i <= n; ++i) level[order[i]] = i
    level["engine/io"] = level["engine/mpi"] = level["engine/optim"]  # beside it
    level["search"] = level["hw"]
  }
  # The folder that a path counts for: two steps inside engine, else one.
  function folder(path, step) {
    split(path, step, "/")
    return step[1] == "engine" ? step[1] "/" step[2] : step[1]
  }
  {
    from = folder($1)
    to = folder($2)
    rule = ""
    if (!(from in level)) rule = from " has no place in the order of folders (tests/house/test_includes.sh)"
    else if (!(to in level)) rule = "include paths start at the root, with a folder of the order"
    else if (from == "search" && to != "search" && to != "engine/base" && $2 != "engine/io/json.h")
      rule = "search/ includes only engine/base/ and engine/io/json.h"
    else if (from != to && level[to] >= level[from]) rule = to "/ is not below " from "/"
    if (rule != "") { print $1 ": includes \"" $2 "\": " rule; failed = 1 }
  }
  END { exit failed }' <<<"$includes" || failed=1

awk '
  # The first `depth` folders of a path, fewer where it has fewer.
  function folder(path, depth, step, n, i, name) {
    n = split(path, step, "/") - 1
    name = step[1]
    for (i = 2; i <= n && i <= depth; ++i) name = name "/" step[i]
    return name
  }
  # Folders that reach each other are one circle: who reaches whom is the closure of who includes whom.
  function check_depth(depth, i, j, k, n, from, to, id, name, reach, edge, circle, done) {
    for (i = 1; i <= NR; ++i) {
      from = folder(file[i], depth)
      to = folder(included[i], depth)
      if (!(from in id)) { id[from] = ++n; name[n] = from }
      if (!(to in id)) { id[to] = ++n; name[n] = to }
      if (from == to || (id[from], id[to]) in edge) continue
      edge[id[from], id[to]] = file[i] " includes \"" included[i] "\""
      reach[id[from], id[to]] = 1
    }
    for (k = 1; k <= n; ++k)
      for (i = 1; i <= n; ++i)
        if ((i, k) in reach)
          for (j = 1; j <= n; ++j) if ((k, j) in reach) reach[i, j] = 1
    for (i = 1; i <= n; ++i) {
      if (done[i] || !((i, i) in reach)) continue
      circle = ""
      for (j = 1; j <= n; ++j) if ((i, j) in reach && (j, i) in reach) { done[j] = i; circle = circle name[j] " " }
      if (circle in told) continue
      told[circle] = failed = 1
      print "these folders include each other: " circle
      for (j = 1; j <= n; ++j)
        for (k = 1; k <= n; ++k) if (done[j] == i && done[k] == i && (j, k) in edge) print "  " edge[j, k]
    }
  }
  {
    file[NR] = $1
    included[NR] = $2
    steps = split($1, step, "/") - 1
    if (steps > deepest) deepest = steps
  }
  END {
    for (depth = 1; depth <= deepest; ++depth) check_depth(depth)
    exit failed
  }' <<<"$includes" || failed=1

page=$(<docs/architecture.md)
for library in '' engine bert hw; do
  diagram=$(bash "$here/include_graph.sh" . "$library")
  [[ $page == *"$diagram"$'\n```'* ]] && continue
  printf 'docs/architecture.md: the diagram of %s must be:\n%s\n' "${library:-the libraries}" "$diagram"
  failed=1
done

exit "$failed"
