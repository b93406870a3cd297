#!/usr/bin/env bash
# Functions and files stay short.
exec python3 "$1/tests/house/functions.py" "$1"
