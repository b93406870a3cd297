#!/usr/bin/env bash
# The launcher, on a project of one line, with stand-ins for the package tools where packages are missing.
launcher=$1/ingot
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
unset INGOT_BUILD_DIR INGOT_MESON_ARGS
status=0

# expect WHAT GOT WANTED: the two are equal.
expect() {
  [ "$2" = "$3" ] && return
  printf '%s: expected "%s", got "%s"\n' "$1" "$3" "$2"
  status=1
}
# expect_text WHAT TEXT PART: the text contains the part.
expect_text() {
  [[ $2 == *"$3"* ]] && return
  printf '%s: expected "%s" in:\n%s\n' "$1" "$3" "$2"
  status=1
}

mkdir -p "$root/project/cli" "$root/project/debian" "$root/elsewhere" "$root/stand-ins"
cp "$launcher" "$root/project/ingot"
cp "$1/debian/control" "$root/project/debian"
ln -s "$root/project/ingot" "$root/link"
cat >"$root/project/meson.build" <<'END'
project('ingot', 'cpp')
subdir('cli')
END
cat >"$root/project/cli/meson.build" <<'END'
executable('ingot', run_command('sh', '-c', 'echo *.cc', check: true).stdout().split())
END
# It says where it runs, what it was given and what it reads, and leaves with the code that it was given.
cat >"$root/project/cli/main.cc" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char** argv) {
  char text[4096];
  printf("%s", getcwd(text, sizeof text));
  for (int i = 1; i < argc; ++i) printf("|%s", argv[i]);
  printf("|%s", fgets(text, sizeof text, stdin) ? text : "");
  return argc > 1 ? atoi(argv[1]) : 0;
}
END
cd "$root/elsewhere" || exit 1

# Two at once on a fresh clone: both run, one builds.
(echo from-first | ../project/ingot 0 first >first.out 2>first.err; echo "$?" >first.code) &
second=$(echo from-second | ../project/ingot 7 second 2>second.err)
expect 'exit code of the program' "$?" 7
wait
expect 'exit code beside another invocation' "$(cat first.code)" 0
expect 'first of two invocations' "$(cat first.out)" "$root/elsewhere|0|first|from-first"
expect 'folder, arguments and input' "$second" "$root/elsewhere|7|second|from-second"
expect 'number of builds' "$(cat first.err second.err | grep -c 'building ingot')" 1

expect 'through a link, arguments with spaces' "$("$root/link" 3 '../a b/' '' '*' </dev/null 2>&1)" \
  "$root/elsewhere|3|../a b/||*|"
touch before
expect 'nothing to do: nothing said' "$("$root/link" </dev/null 2>&1 >/dev/null)" ''
expect 'nothing to do: nothing configured' "$(find "$root/project/build" -name build.ninja -newer before)" ''

echo 'int unused;' >"$root/project/cli/added.cc"
expect_text 'a source that came' "$("$root/link" </dev/null 2>&1)" 'building what changed'
rm "$root/project/cli/added.cc"
"$root/link" </dev/null >/dev/null 2>&1
expect 'exit code after a source went' "$?" 0

expect_text 'other options for a configured folder' \
  "$(INGOT_MESON_ARGS=-Dwerror=true "$root/link" </dev/null 2>&1)" "configured with '', not with '-Dwerror=true'"
text=$(INGOT_BUILD_DIR=own INGOT_MESON_ARGS=-Dwerror=true "$root/link" 4 </dev/null 2>&1)
expect 'exit code from a folder of one'\''s own' "$?" 4
expect 'a folder of one'\''s own' "$([ -x own/cli/ingot ] && echo built)" built

cp "$root/project/cli/main.cc" main.cc
echo 'no C++' >>"$root/project/cli/main.cc"
echo '#warning not an error' >"$root/project/cli/added.cc"
text=$("$root/link" </dev/null 2>&1)
expect 'exit code of a build that fails' "$?" 1
expect_text 'a build that fails: the error' "$text" "main.cc:11:1: error:"
expect 'a build that fails: nothing of other steps' "$(grep -c 'not an error' <<<"$text")" 0
cp main.cc "$root/project/cli/main.cc"
rm "$root/project/cli/added.cc"

# The words of the tool beside the benchmarks run that tool alone, all else every benchmark.
mkdir "$root/project/bench"
echo "subdir('bench')" >>"$root/project/meson.build"
cat >"$root/project/bench/meson.build" <<'END'
executable('bench_any', '../cli/main.cc')
executable('bench_targets', '../cli/main.cc')
END
"$root/link" bench 2>"$root/bench-err" >/dev/null </dev/null
expect 'benchmarks that run' "$(grep -c 'ingot: bench_' "$root/bench-err")" 1
expect 'a word of the tool' "$("$root/link" bench --list all 2>"$root/bench-err" </dev/null)" "$root/elsewhere|--list|all|"
expect 'benchmarks that run beside it' "$(grep -c 'ingot: bench_' "$root/bench-err")" 0

# Where a package is missing: root installs it, others are told.
stand_in() { cat >"$root/stand-ins/$1" && chmod +x "$root/stand-ins/$1"; }
stand_in dpkg-query <<'END'
#!/bin/sh
missing=${MISSING-meson}
for name; do case $name in "$missing" | -*) ;; \$*) ;; *) printf 'installed/%s ' "$name" ;; esac; done
END
stand_in apt-get <<END
#!/bin/sh
echo "\$*" >>"$root/apt-calls"
cat >/dev/null
[ ! -e "$root/apt-fails" ] || { echo 'E: no such package'; exit 100; }
END
stand_in sudo <<'END'
#!/bin/sh
exit 1
END
rm -f "$root/project/build/.ingot-packages"
if [ "$EUID" = 0 ]; then
  touch "$root/apt-fails"
  text=$(PATH=$root/stand-ins:$PATH "$root/link" </dev/null 2>&1)
  expect 'exit code when apt fails' "$?" 2
  expect_text 'when apt fails: its words' "$text" 'E: no such package'
  expect_text 'when apt fails: the command' "$text" 'apt-get install meson'
  rm "$root/apt-fails" "$root/apt-calls"
  text=$(echo input | PATH=$root/stand-ins:$PATH "$root/link" 5 2>/dev/null)
  expect 'exit code after an installation' "$?" 5
  expect 'input after an installation' "$text" "$root/elsewhere|5|input"
  expect_text 'installs what is missing' "$(tail -n 1 "$root/apt-calls")" ' install meson'
  expect 'calls of apt-get' "$(wc -l <"$root/apt-calls")" 2
  PATH=$root/stand-ins:$PATH "$root/link" </dev/null >/dev/null 2>&1
  expect 'asks no second time' "$(wc -l <"$root/apt-calls")" 2
  rm "$root/project/build/.ingot-packages"
  touch "$root/apt-fails"
  text=$(MISSING=yosys PATH=$root/stand-ins:$PATH "$root/link" synth 6 2>&1 </dev/null)
  expect 'exit code where only a command lacks a package' "$?" 0
  expect_text 'where only a command lacks a package' "$text" 'not all Debian packages could be installed'
  rm "$root/apt-fails"

  # asked MISSING COMMAND...: what apt-get is asked to install for a command where that package is missing.
  asked() {
    rm -f "$root/project/build/.ingot-packages" "$root/apt-calls"
    MISSING=$1 PATH=$root/stand-ins:$PATH "$root/link" "${@:2}" >/dev/null 2>&1 </dev/null
    sed -n 's/.* install //p' "$root/apt-calls" 2>/dev/null
  }
  expect 'a package of the build' "$(asked libfmt-dev train --data a.csv)" libfmt-dev
  expect 'what only tests are built with' "$(asked libonnx-dev train --data a.csv)" libonnx-dev
  expect 'debhelper' "$(asked debhelper test)$(asked debhelper-compat test)" ''
  for package in verilator yosys yosys-dev iverilog nextpnr-ice40; do
    for words in emit simulate synth 'lab 4' test bench; do
      expect "$package: $words" "$(asked "$package" $words)" "$package"
    done
    for words in train 'lab 1.1' 'lab 4.1' 'report emit' 'train --data glosses' version ''; do
      expect "$package: $words" "$(asked "$package" $words)" ''
    done
  done
  expect 'a server: test' "$(asked redis-tools test)" redis-tools
  expect 'a server: bench' "$(asked redis-tools bench)" ''
  expect 'verilator: demo' "$(asked verilator demo)" verilator
  expect 'yosys: demo' "$(asked yosys demo)" ''
  printf 'data = "glosses"\n' >words.toml
  printf 'data = "a.csv"\n' >path.toml
  for words in 'train --data glosses' 'eval run --data=gloss-tags' demo test bench 'emit run --data gloss-kinds' \
    'train --config words.toml' 'train --config=words.toml'; do
    expect "wordnet-base: $words" "$(asked wordnet-base $words)" wordnet-base
  done
  for words in 'train --data a.csv' 'train --data my-glosses.csv' 'emit run' 'lab 4' 'train --config path.toml' ''; do
    expect "wordnet-base: $words" "$(asked wordnet-base $words)" ''
  done
  # What an earlier command found is not asked for again; what it did not look for is.
  rm -f "$root/apt-calls"
  MISSING=yosys PATH=$root/stand-ins:$PATH "$root/link" synth >/dev/null 2>&1 </dev/null
  MISSING=yosys PATH=$root/stand-ins:$PATH "$root/link" train >/dev/null 2>&1 </dev/null
  MISSING=yosys PATH=$root/stand-ins:$PATH "$root/link" synth >/dev/null 2>&1 </dev/null
  expect 'installations of one package by three commands' "$(grep -c ' install yosys' "$root/apt-calls")" 1
else
  text=$(PATH=$root/stand-ins:$PATH "$root/link" </dev/null 2>&1)
  expect 'exit code where packages are missing' "$?" 2
  expect_text 'says what to install' "$text" 'apt-get install meson'
  expect 'calls of apt-get without rights' "$(cat "$root/apt-calls" 2>/dev/null)" ''
fi
exit "$status"
