#!/usr/bin/env bash
# Installs what is needed, builds fnc and the digits example, and trains it.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/dev/setup.sh build
cmake --preset release -DFNC_BUILD_TESTS=OFF >/dev/null
ninja -C build digits_example fnc-layout
build/bin/digits_example examples/digits/data
