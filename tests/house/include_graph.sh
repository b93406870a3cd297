#!/usr/bin/env bash
# include_graph.sh ROOT [LIBRARY]: who includes whom, as a Mermaid diagram: the libraries, or the rooms of one library. An
# arrow is left out where a longer way leads to the same folder.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
echo 'flowchart TD'
bash "$here/includes.sh" "$1" | awk -v library="${2:-}" '
  function folder(path, step, n) {
    n = split(path, step, "/") - 1
    if (library == "") return step[1]
    if (step[1] != library) return ""
    return n > 1 ? step[2] : library
  }
  {
    from = folder($1)
    to = folder($2)
    if (from == "" || to == "" || from == to) next
    if (!(from in id)) { id[from] = ++n; name[n] = from }
    if (!(to in id)) { id[to] = ++n; name[n] = to }
    edge[id[from], id[to]] = reach[id[from], id[to]] = 1
  }
  END {
    for (k = 1; k <= n; ++k)
      for (i = 1; i <= n; ++i)
        if ((i, k) in reach)
          for (j = 1; j <= n; ++j) if ((k, j) in reach) reach[i, j] = 1
    for (i = 1; i <= n; ++i)
      for (j = 1; j <= n; ++j) {
        if (!((i, j) in edge)) continue
        longer = 0
        for (k = 1; k <= n; ++k) if ((i, k) in reach && (k, j) in reach) longer = 1
        if (!longer) print "  " name[i] " --> " name[j]
      }
  }' | LC_ALL=C sort
