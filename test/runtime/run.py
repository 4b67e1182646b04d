#!/usr/bin/env python3
"""Generated headers and objects under both compilers: run.py --fnc PATH

Calls and statuses, C11, two objects in one program with two includers each, warnings, uses that
must not compile, headers alone, and the instructions that the checks of a small call take.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parents[1] / "runtime" / "include"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror".split()
CXX = [c for c in ("g++", "clang++-22", "clang++") if shutil.which(c)][:2]
CC = [c for c in ("gcc", "clang-22", "clang") if shutil.which(c)][:2]
MAX_CHECK_INSTRUCTIONS = 30

failures = []
count = 0


def check(what, ok, detail=""):
    global count
    count += 1
    if not ok:
        failures.append(what)
        print(f"FAILED: {what}\n{detail}")
    return ok


def run(*command, cwd=None):
    result = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def cxx(compiler, std, *rest, cwd):
    return run(compiler, f"-std={std}", "-I", RUNTIME, "-I.", "-fno-exceptions", "-fno-rtti",
               *WARNINGS, *os.environ.get("CXXFLAGS", "").split(), *rest, cwd=cwd)


def instructions(obj, symbol):
    """Instructions of the way through `symbol` that no check leaves: up to the first return."""
    _, text = run("objdump", "-d", "--no-show-raw-insn", obj)
    body = text[text.index(f"<{symbol}>:"):]
    taken = 0
    for line in body.splitlines()[1:]:
        taken += 1
        if re.search(r"\tret", line):
            return taken
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fnc", required=True)
    fnc = Path(parser.parse_args().fnc).resolve()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("calls", "add", "sparse", "weights"):
            rest = ["--weights", f"{folder}/weights.safetensors"] if name == "weights" else []
            code, text = run(fnc, "compile", HERE / f"{name}.mlir", "-o", f"{folder}/{name}.o", *rest)
            check(f"compile {name}", code == 0, text)
        if failures:
            return 1
        if "workspace_bytes;" in Path(folder, "add.h").read_text():
            scalar = ["-DTINY_ADD_WORKSPACE"]
        else:
            scalar = []

        for compiler in CXX:
            for std in ("c++17", "c++20"):
                label = f"{compiler} {std}"
                code, text = cxx(compiler, std, "-DFN_NO_NAMES", "-DWRONG=0", "-fsyntax-only",
                                 HERE / "wrong_uses.cpp", cwd=folder)
                check(f"{label}: right uses", code == 0, text)
                for header in sorted((RUNTIME / "fn").glob("*.h")) + [Path("add.h")]:
                    source = Path(folder, "alone.cpp")
                    name = header.name if header.parent == Path() else f"fn/{header.name}"
                    source.write_text(f"#include <{name}>\n")
                    code, text = cxx(compiler, std, "-ffreestanding", "-fsyntax-only", source,
                                     cwd=folder)
                    check(f"{label}: {name} alone", code == 0, text)
            # Units and linked generated code; which compiler takes which standard does not matter.
            tests = [HERE / f"{name}_test.cpp" for name in ("calls", "sparse", "status", "view", "weights")]
            code, text = cxx(compiler, "c++17" if compiler == CXX[0] else "c++20", *tests, "calls.o", "sparse.o", "weights.o",
                             "-lgtest_main", "-lgtest", "-pthread", "-o", "tests", cwd=folder)
            if check(f"{compiler}: tests build", code == 0, text):
                code, text = run("./tests", "--gtest_brief=1", cwd=folder)
                check(f"{compiler}: tests", code == 0, text)
            for case in range(1, 9):
                code, _ = cxx(compiler, "c++17", f"-DWRONG={case}", "-fsyntax-only",
                              HERE / "wrong_uses.cpp", cwd=folder)
                check(f"{compiler}: wrong use {case} does not compile", code != 0)
            # Two graphs, two includers of each.
            Path(folder, "one.cpp").write_text(
                '#include "calls.h"\n#include "add.h"\nint two();\n'
                "int main() { mlp::State s; return s.w()[0] > 0 ? two() : 1; }\n")
            Path(folder, "two.cpp").write_text(
                '#include "add.h"\n#include "calls.h"\nint two();\n'
                "int two() { static tiny::add add; auto r = add.call(1.0f, 2.0f);\n"
                "  return r && r.c() > 2.5f ? 0 : 1; }\n")
            code, text = cxx(compiler, "c++17", "one.cpp", "two.cpp", "calls.o", "add.o", "-o",
                             "both", cwd=folder)
            check(f"{compiler}: two objects link", code == 0, text)
            if code == 0:
                check(f"{compiler}: two objects run", run("./both", cwd=folder)[0] == 0)
        Path(folder, "sparse.c").write_text(
            '#include "sparse.h"\nint main(void) {\n  bags_rows_args args = {0};\n'
            "  return bags_rows(&args).code == FN_WORKSPACE_TOO_SMALL ? 0 : bags_rows(&args).code;\n}\n")
        for compiler in CC:
            code, text = run(compiler, "-std=c11", "-I", RUNTIME, "-I.", "-Wall", "-Wextra",
                             "-Wpedantic", "-Wconversion", "-Werror", "sparse.c", "sparse.o", "-o",
                             "sparse_c", cwd=folder)
            check(f"{compiler}: sparse feed in C11", code == 0, text)
            if code == 0:
                check(f"{compiler}: empty sparse feed", run("./sparse_c", cwd=folder)[0] == 0)
            code, text = run(compiler, "-std=c11", "-I", RUNTIME, "-I.", *scalar, "-Wall",
                             "-Wextra", "-Wpedantic", "-Werror", HERE / "c_test.c", "calls.o",
                             "add.o", "-o", "c", cwd=folder)
            check(f"{compiler}: C11", code == 0, text)
            if code == 0:
                code, _ = run("./c", cwd=folder)
                check(f"{compiler}: C calls, exit {code}", code == 0)
        if platform.machine() == "x86_64":
            # Bulldozers are gone, and their instructions with them: a status, never SIGILL.
            run(fnc, "compile", HERE / "add.mlir", "--cpu", "bdver4", "-o", f"{folder}/old.o")
            run(CC[0], "-std=c11", "-I", RUNTIME, "-I.", *scalar, HERE / "c_test.c", "calls.o",
                "old.o", "-o", "old", cwd=folder)
            code, _ = run("./old", cwd=folder)
            check(f"unsupported CPU is a status, exit {code}", code == 10)
        taken = instructions(f"{folder}/add.o", "tiny_add")
        print(f"adding two scalars: {taken} instructions, checks included")
        check("checks of a small call", taken <= MAX_CHECK_INSTRUCTIONS, str(taken))
    print(f"{count - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
