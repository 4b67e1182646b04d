#!/usr/bin/env bash
# Installs what the build and the tests need on a bare Debian 12 machine, by package name.
#   setup.sh [build|nightly]      with `build`, only what the build needs; with `nightly`, sanitizers too
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools clang-22
  clang-format-22 lld-22 libfmt-dev libcli11-dev zlib1g-dev libzstd-dev libminizip-dev nlohmann-json3-dev
  libxxhash-dev libpng-dev libjpeg62-turbo-dev libsndfile1-dev
  libonnx-dev libprotobuf-dev protobuf-compiler
  python3
  # the layout of the compiler's code
  bolt-22 qemu-user
)
tests=(
  python3-numpy python3-pil git libgtest-dev valgrind libonnx-testdata
  # firmware
  gcc-arm-none-eabi picolibc-arm-none-eabi gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
  qemu-system-arm qemu-system-misc
)
[ "${1:-}" = build ] || packages+=("${tests[@]}")
[ "${1:-}" != nightly ] || packages+=(libclang-rt-22-dev)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
