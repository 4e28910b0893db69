#!/bin/sh
# Fuzzes the parsers; see the head of Fuzz/run.py.
exec python3 "$(dirname "$0")/run.py" "$@"
