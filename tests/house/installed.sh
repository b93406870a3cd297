#!/usr/bin/env bash
# installed.sh BUILD ROOT: installs what is built below ROOT, makes its ingot.pc name this place, and prints the folder of
# that file, for PKG_CONFIG_PATH.
set -eu
DESTDIR=$2 meson install -C "$1" --no-rebuild --quiet >&2
pc=$(find "$2" -name ingot.pc)
[ -n "$pc" ] || { echo 'ingot.pc is not installed' >&2 && exit 1; }
sed -i "s|^prefix=|&$2|" "$pc"
dirname "$pc"
