#!/usr/bin/env bash
# The guides work as they are written: the blocks of shell of each run one after the other in an empty folder; of those that
# change the tree, in a copy of it. Guides have at most 120 lines, links between documents lead somewhere, and the index
# names every guide.
set -u
source=$1 build=$2
status=0
fail() { printf '%s\n' "$*"; status=1; }

blocks() { awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$1"; }

place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin"
ln -s "$build/cli/ingot" "$place/bin/ingot"

# What a guide begins with, beyond an empty folder: an installed library, a clone.
prepare() {
  if grep -q pkg-config "$1"; then
    PKG_CONFIG_PATH=$("$source/tests/house/installed.sh" "$build" "$place/root")
    export PKG_CONFIG_PATH
  elif grep -q '^\./ingot ' "$1"; then
    cp -r "$source"/{engine,data,bert,compress} "$source/meson.build" "$2"
    printf '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' "$source/tests/house/changed_tree.sh" "$source" "$build" >"$2/ingot"
    chmod +x "$2/ingot"
  fi
}

for guide in "$source"/docs/guides/*.md; do
  name=$(basename "$guide" .md)
  [ "$(wc -l <"$guide")" -le 120 ] || fail "$name.md: at most 120 lines, got $(wc -l <"$guide")"
  grep -q "guides/$name.md" "$source/docs/README.md" || fail "docs/README.md: does not name guides/$name.md"
  blocks "$guide" >"$place/$name.sh"
  mkdir "$place/$name"
  if grep -q 'glosses' "$place/$name.sh" && [ ! -d /usr/share/wordnet ]; then
    echo "$name.md is skipped: WordNet (Debian package wordnet-base) is missing"
    continue
  fi
  prepare "$place/$name.sh" "$place/$name"
  (cd "$place/$name" && PATH="$place/bin:$PATH" XDG_CACHE_HOME="$place/cache" bash -eu "$place/$name.sh") \
    >"$place/log" 2>&1 || { fail "$name.md: a command failed:"; tail -n 5 "$place/log"; }
done
for page in "$source"/docs/README.md "$source"/docs/guides/*.md; do
  while read -r link; do
    [ -e "$(dirname "$page")/$link" ] || fail "$page: $link leads nowhere"
  done < <(awk '/^```/ { code = !code } !code' "$page" | grep -o '](\([^)#]*\))' | sed 's/^](//; s/)$//' | grep -v '^http')
done
exit $status
