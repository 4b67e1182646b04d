#!/usr/bin/env python3
"""Runs every `test_*` function of the test_*.py files beside this one; `N passed, N failed` at the end.

    run.py --tools BUILD/bin [--llvm FOLDER] [NAME...]

Each function is given a Tools: how to run a program, and a folder of its own. All share a cache of compiled models.
"""
import argparse
import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent


class Tools:
    def __init__(self, bin, llvm, folder, cache):
        self.bin, self.llvm, self.folder, self.cache = bin, llvm, folder, cache
        self.fnc = str(bin / "fnc")
        self.inputs = HERE / "Inputs"
        self.source = HERE.parent.parent

    def run(self, *command, **options):
        """A finished process, with its output as text."""
        options = {"text": True, "errors": "replace", "timeout": 120, "cwd": self.folder,
                   "env": os.environ | {"XDG_CACHE_HOME": str(self.cache)}} | options
        return subprocess.run([str(part) for part in command], capture_output=True, **options)

    def run_fnc(self, *arguments, **options):
        return self.run(self.fnc, *arguments, **options)

    def expect(self, code, *arguments, says=None, **options):
        """Runs fnc, checks its exit code and that stderr has a text; returns the process."""
        done = self.run_fnc(*arguments, **options)
        shown = f"fnc {' '.join(map(str, arguments))}\nexit {done.returncode}\n{done.stderr}"
        assert done.returncode == code, f"expected exit {code}: {shown}"
        if says is not None:
            error = done.stderr if isinstance(done.stderr, str) else done.stderr.decode(errors="replace")
            assert says in error, f"expected '{says}': {shown}"
        return done

    def watch_compiler(self, script='exec "$compiler" "$@"'):
        """From now on fnc is a copy whose compiler is a shell script, which says so on stderr first."""
        for folder in ("bin", "lib"):
            (self.folder / "watched" / folder).mkdir(parents=True, exist_ok=True)
        self.fnc = shutil.copy(self.bin / "fnc", self.folder / "watched" / "bin" / "fnc")
        watched = self.folder / "watched" / "lib" / "fnc-compiler"
        watched.write_text(f"#!/bin/sh\necho fnc-compiler runs >&2\n"
                           f"compiler={self.bin}/../lib/fnc-compiler\n{script}\n")
        watched.chmod(0o755)

    def listing(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--llvm", type=pathlib.Path, default=pathlib.Path("/usr/lib/llvm-22/bin"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    passed = failed = 0
    cache = tempfile.TemporaryDirectory()
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in sorted(vars(module).items()):
            if not name.startswith("test_") or not callable(function):
                continue
            if options.names and not any(part in f"{path.stem}.{name}" for part in options.names):
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    function(Tools(options.tools.resolve(), options.llvm, pathlib.Path(folder),
                                   pathlib.Path(cache.name)))
                    passed += 1
                except Exception:  # one test's failure is not the others'
                    failed += 1
                    print(f"FAILED: {path.stem}.{name}")
                    traceback.print_exc(limit=-2, file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
