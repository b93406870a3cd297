#!/usr/bin/env bash
# headers.sh SOURCE: lists the public headers, from the root. Headers for one instruction set compile only inside its
# sources: simd/ and x86_*.h. Those of cli/ serve only its own sources, which share a precompiled one.
cd "$1" && for folder in engine data bert compress search hw report pipeline labs; do
  [ ! -d "$folder" ] || find "$folder" -name '*.h' ! -path '*/simd/*' ! -name 'x86_*.h'
done | LC_ALL=C sort
