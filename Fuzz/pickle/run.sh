#!/bin/sh
# Fuzzes the pickle importer with libFuzzer and the address sanitizer.
#   Fuzz/pickle/run.sh [SECONDS]       (60 by default)
# The seeds are the committed fixtures; findings are left in .build-fuzz/pickle as crash-*, with the input to replay.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
out="$top/.build-fuzz/pickle"
mkdir -p "$out/corpus"
cd "$out"

flags="-O -swift-version 6 -package-name vencejo -parse-as-library -I . -sanitize=fuzzer,address
    -Xcc -fmodule-map-file=$top/Sources/CZlib/module.modulemap
    -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility"
objects=""
for module in TensorCore ByteCoding Compression ModelIR ModelFormats InferenceEngine; do
    swiftc $flags -wmo -emit-module -emit-module-path $module.swiftmodule -module-name $module \
        -c $(find "$top/Sources/$module" -name '*.swift') -o $module.o
    objects="$objects $module.o"
done
swiftc $flags -module-name FuzzPickle "$top/Fuzz/pickle/FuzzPickle.swift" $objects -lz -o fuzz

for model in "$top"/Tests/ModelFormatsTests/Fixtures/sklearn/*/*/model.*; do
    cp "$model" "corpus/seed-$(echo "${model#"$top"/Tests/ModelFormatsTests/Fixtures/sklearn/}" | tr / -)"
done
exec ./fuzz -max_total_time="${1:-60}" -max_len=16384 -timeout=10 -rss_limit_mb=2048 corpus
