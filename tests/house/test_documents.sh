#!/usr/bin/env bash
# Man pages and completion say what --help says, and the tools that read them take them. A reader that is not installed
# is skipped, and said so.
build=$2 documents=$2/cli/documents ingot=$2/cli/ingot
status=0
wrong() { printf '%s\n' "$*" && status=1; }
has() { command -v "$1" >/dev/null || { printf 'MESSAGE: %s is not installed: its check is skipped\n' "$1" && false; }; }
# The commands, and what belongs to them, as --help lists them.
commands_of() { "$ingot" $1 --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\)\( .*\|$\)/\1/p'; }
options_of() { "$ingot" $1 --help | grep -oE '^  -[^ ]+' | tr -s ' ,' '\n' | grep .; }

# complete WORD...: what bash offers for the last word.
source "$documents/ingot" || exit 1
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _ingot 2>/dev/null
  printf '%s\n' "${COMPREPLY[@]}"
}
expect() { # WHAT GOT WANTED: the same words in any order
  [ "$(tr ' ' '\n' <<<"$2" | sort)" = "$(tr ' ' '\n' <<<"$3" | sort)" ] || wrong "$1: expected '$3', got '$2'"
}

names=('')
for name in $(commands_of ''); do
  names+=("$name")
  for child in $(commands_of "$name"); do names+=("$name $child"); done
done
[ ${#names[@]} -gt 25 ] || wrong "commands: expected more than 25, got ${#names[@]}"
[ "$(find "$documents/man1" -type f | wc -l)" = ${#names[@]} ] || wrong 'man pages: not one a command'
for name in "${names[@]}"; do
  page=$documents/man1/ingot${name:+-${name// /-}}.1
  [ -f "$page" ] || { wrong "$page: missing" && continue; }
  options=$(options_of "$name")
  found=$(sed -n 's/\\-/-/g; s/^\(\\fB-.*\)/\1/p' "$page" | sed 's/ \\fI.*//; s/\\f[BIR]//g; s/, / /g')
  expect "$page: options" "$(xargs <<<"$found")" "$(xargs <<<"$options")"
  found=$(sed -n "/^    ('$name')\$/,/;;\$/s/^        '\(-[^]=[]*\).*/\1/p" "$documents/_ingot")
  expect "zsh: options of '$name'" "$(xargs <<<"$found")" "$(xargs <<<"$options")"
  found=$(grep -F "__ingot_in '$name'\"" "$documents/ingot.fish" | sed "s/ -d '.*//" | grep -oE -- '-[ls] [^ ]+' | sed 's/^-l /--/; s/^-s /-/')
  expect "fish: options of '$name'" "$(xargs <<<"$found")" "$(xargs <<<"$options")"
  expect "bash: options of '$name'" "$(complete_words ingot $name - | tr '\n' ' ' | xargs)" "$(xargs <<<"$options")"
  if has man; then
    text=$(man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null) && [ -z "$text" ] || wrong "man: $page: $text"
  fi
  if has mandoc; then text=$(mandoc -Tlint -W error "$page") || wrong "mandoc: $text"; fi
done > >(sort -u)

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/runs" "$folder/rtl out" && touch "$folder/a.csv" && cd "$folder" || exit 1
offers() { expect "bash: ${*:2}" "$(complete_words "${@:2}" | xargs)" "$1"; }
offers "$(commands_of '' | xargs) help version" ingot ''
offers 'train trace' ingot tra
offers 'nas mixed bench' ingot search ''
offers 'quantize' ingot help qu
offers 'linear' ingot train --data a.csv --schedule l
offers 'linear cosine constant' ingot train --schedule = ''
offers 'glosses gloss-pairs gloss-kinds gloss-tags' ingot eval runs --data gl
offers 'a.csv' ingot train --data a
offers 'runs' ingot quantize ru
offers 'rtl out' ingot emit runs --out rt
offers '' ingot train --epochs ''
offers '--learn-scales' ingot quantize runs --quiet --learn
offers 'simulate' ingot simul
offers 'icarus' ingot simulate rtl --simulator i
offers '1.1 1.2' ingot lab 1
offers '' ingot quantize a.cs

if has zsh; then zsh -n "$documents/_ingot" || wrong 'zsh: does not read its completion'; fi
if has fish; then
  fish -n "$documents/ingot.fish" || wrong 'fish: does not read its completion'
  fish_offers() {
    expect "fish: $2" "$(HOME=$folder fish -c "source '$documents/ingot.fish'; complete -C '$2'" 2>/dev/null | cut -f1 | xargs)" "$1"
  }
  fish_offers 'train trace' 'ingot tra'
  fish_offers 'nas mixed bench' 'ingot search '
  fish_offers 'linear' 'ingot train --schedule l'
  fish_offers '--schedule' 'ingot train --sche'
fi
exit "$status"
