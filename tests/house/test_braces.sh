#!/usr/bin/env bash
# What braces hold is destroyed once.
exec python3 "$1/tests/house/braces.py" "$1"
