#!/usr/bin/env bash
# Code for one instruction set must not reach other CPUs. An inline function or a template that such a source compiles is
# a weak symbol, of which the linker keeps any one copy for the whole program. So these sources include no header of the
# standard library that brings such things, and their objects define no weak symbol.
cd "$1" || exit 1
build=$2 status=0
sources=$(find engine -name 'x86_*.cc' -o -name 'x86_*.h' -o -path '*/simd/*.h')
[ -n "$sources" ] || { echo 'no source for an instruction set found: the search is wrong' && exit 1; }

# shellcheck disable=SC2086  # a list of words
if grep -nE '^ *# *include *<' $sources | grep -vE '<(cstdint|cstddef|immintrin\.h)>'; then
  echo 'a source for one instruction set includes only <cstdint>, <cstddef> and <immintrin.h> of the standard headers'
  status=1
fi
while IFS= read -r -d '' object; do
  weak=$(nm -C --defined-only "$object" | grep -E '^[0-9a-f]+ [WVu] ')
  if [ -n "$weak" ]; then
    printf '%s defines symbols that another object may define too:\n%s\n' "${object#"$build"/}" "$weak"
    status=1
  fi
done < <(find "$build" -path '*libkernels_*.a.p/*.o' -print0)
exit "$status"
