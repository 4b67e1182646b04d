#!/usr/bin/env python3
"""Runs the README's graph, command and program, and compares what it prints: readme.py FNC RUNTIME_INCLUDE README."""
import pathlib
import re
import subprocess
import sys
import tempfile

fnc, include, readme = sys.argv[1:]
text = pathlib.Path(readme).read_text()
graph, program = (re.search(rf"```{kind}\n(.*?)```", text, re.S).group(1) for kind in ("mlir", "cpp"))
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder)
    (path / "counter.mlir").write_text(graph)
    (path / "main.cpp").write_text(program)
    subprocess.run([fnc, "compile", "counter.mlir", "-o", "counter.o"], cwd=path, check=True)
    subprocess.run(["c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-I", include,
                    "main.cpp", "counter.o", "-o", "main"], cwd=path, check=True)
    got = subprocess.run([path / "main"], capture_output=True, text=True, check=True).stdout
if got not in text or not got:
    sys.exit(f"the README does not show what its program prints:\n{got}")
