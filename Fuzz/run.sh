#!/bin/sh
# Builds one fuzz target with libFuzzer and the address sanitizer, and runs it.
#
#   Fuzz/run.sh json 60        (target: a file of Fuzz/Targets, in lower case, without "Fuzz.swift")
#
# The sources of the modules under test are compiled into the target, so that they are instrumented too. A crash leaves
# its input in .build-fuzz/<target>/; run the printed program with that file to see it again.
set -eu
target=${1:?"usage: Fuzz/run.sh TARGET SECONDS"}
seconds=${2:?"usage: Fuzz/run.sh TARGET SECONDS"}
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
main=$(find Fuzz/Targets -iname "${target}Fuzz.swift")
[ -n "$main" ] || { echo "no such target: $target" >&2; exit 2; }
out=.build-fuzz/$target
mkdir -p "$out/corpus"
flags="-swift-version 6 -strict-memory-safety -O -sanitize=fuzzer,address -parse-as-library
    -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility -package-name vencejo"
# The first lines of a target name its modules, in the order in which they depend on each other: // modules: A B
modules=$(sed -n 's|^// modules: ||p' "$main")
objects=
for module in $modules; do
    # shellcheck disable=SC2046,SC2086
    swiftc $flags -wmo -I "$out" -I Sources/CZlib -I Sources/CNghttp2 -module-name "$module" -emit-module -emit-module-path \
        "$out/$module.swiftmodule" -c $(find "Sources/$module" -name '*.swift') -o "$out/$module.o"
    objects="$objects $out/$module.o"
done
# shellcheck disable=SC2086
swiftc $flags -I "$out" -I Sources/CZlib -I Sources/CNghttp2 -module-name Fuzz "$main" $objects -o "$out/fuzz"
# A target may name files to begin with: // seeds: a/*/b.*
seeds=$(sed -n 's|^// seeds: ||p' "$main")
for seed in $seeds; do cp "$seed" "$out/corpus/$(echo "$seed" | tr / -)"; done
cd "$out"
exec ./fuzz -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=16384 corpus
