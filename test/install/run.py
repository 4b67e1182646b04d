#!/usr/bin/env python3
"""Installs a build, makes its package, and uses both as a stranger would: run.py BUILD_DIR

A project outside of the tree finds fnc by find_package, for this machine and for a Cortex-M4; its library follows
changes of the graph. The Debian package is unpacked and must hold the same and run. The compiler in both is the one whose code
was laid out, where the build does that.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
build = pathlib.Path(sys.argv[1]).resolve()
passed, failed = 0, 0
FILES = ["bin/fnc", "bin/fnc-opt", "bin/fnc-lsp-server", "lib/fnc/fnc-compiler", "lib/fnc/libfnc-media.so", "include/fn/view.h", "share/cmake/fnc/fncConfig.cmake",
         "share/cmake/fnc/FncAddLibrary.cmake", "share/doc/fnc/README.md",
         "share/bash-completion/completions/fnc"]


def check(what, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'passed' if good else 'FAILED'}: {what}" + ("" if good else f"\n{detail}"), flush=True)
    return good


def run(*command, cwd=None):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def configure(source, folder, prefix, *options):
    return run("cmake", "-G", "Ninja", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}", *options)


def consume(name, temporary, prefix, launcher, *options):
    """Builds and starts the consumer; then with another initial value."""
    source, folder = temporary / f"{name}-source", temporary / name
    shutil.copytree(HERE / "consumer", source)
    code, text = configure(source, folder, prefix, *options)
    if not check(f"{name}: configure", code == 0, text):
        return
    for initial, want in (("0.5", "5 9 13"), ("1.5", "7 11 15")):
        graph = source / "counter.mlir"
        graph.write_text(re.sub(r"dense<.*?>", f"dense<{initial}>", graph.read_text()))
        code, text = run("ninja", "-C", folder)
        if check(f"{name}: build with {initial}", code == 0, text):
            code, text = run(*launcher, folder / "consumer")
            check(f"{name}: prints {want}", code == 0 and text.split() == want.split(), text)


def undeclared(program, packages):
    """Libraries that a program names and that come with none of the packages."""
    _, dynamic = run("readelf", "-d", program)
    _, found = run("ldd", program)
    missing = []
    for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic):
        path = pathlib.Path(re.search(rf"(/\S*{re.escape(name)}) ", found).group(1)).resolve()
        _, owners = run("dpkg", "-S", f"*/{path.name}")
        if not packages & {line.split(":")[0] for line in owners.splitlines()}:
            missing.append(name)
    return missing


def lays_out():
    """Whether the build has to lay out the compiler's code: a release build with the tools for it."""
    cache = (build / "CMakeCache.txt").read_text()
    return (re.search(r"FNC_LAYOUT:BOOL=ON", cache) and re.search(r"CMAKE_BUILD_TYPE:\w+=Release", cache) and
            "-fsanitize" not in cache and platform.machine() == "x86_64" and shutil.which("qemu-x86_64") and
            re.search(r"FNC_BOLT:FILEPATH=/", cache))


def is_laid_out(program):
    """llvm-bolt keeps the code that was linked under another name."""
    _, sections = run("readelf", "--sections", "--wide", program)
    return ".bolt.org.text" in sections


def main():
    with tempfile.TemporaryDirectory() as folder:
        temporary = pathlib.Path(folder)
        prefix = temporary / "prefix"
        code, text = run("cmake", "--install", build, "--prefix", prefix)
        if not check("install", code == 0, text):
            return
        missing = [f for f in FILES if not (prefix / f).exists()]
        check("installed files", not missing, missing)
        check("the compiler's code is laid out where it can be", is_laid_out(prefix / "lib/fnc/fnc-compiler") == bool(lays_out()))
        consume("host", temporary, prefix, [])
        arm = ("-DCMAKE_TOOLCHAIN_FILE=" + str(HERE / "arm.cmake"), "-DCMAKE_BUILD_TYPE=MinSizeRel")
        emulator = re.search(r"EMULATOR (.*?)\)", (HERE / "arm.cmake").read_text(), re.S).group(1).split()
        consume("Cortex-M4", temporary, prefix, emulator, *arm, f"-DCMAKE_FIND_ROOT_PATH={prefix}")
        (temporary / "arm.cmake").write_text(f"include({HERE / 'arm.cmake'})\nset(FNC_OPTIONS -Os)\n")
        code, text = configure(HERE / "consumer", temporary / "no-target", prefix, f"-DCMAKE_FIND_ROOT_PATH={prefix}",
                               f"-DCMAKE_TOOLCHAIN_FILE={temporary / 'arm.cmake'}")
        check("a cross build without --target is an error", code and "needs --target" in text, text)

        code, text = run("cpack", "-G", "DEB", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", "-B", temporary / "package", cwd=build)
        if not check("package", code == 0, text):
            return
        package = next((temporary / "package").glob("*.deb"))
        unpacked = temporary / "unpacked"
        run("dpkg-deb", "--extract", package, unpacked)
        missing = [f for f in FILES if not (unpacked / "usr" / f).exists()]
        check("package: files", not missing, missing)
        check("package: the same", is_laid_out(unpacked / "usr/lib/fnc/fnc-compiler") == bool(lays_out()))
        _, depends = run("dpkg-deb", "--field", package, "Depends")
        programs = [unpacked / "usr" / "bin" / "fnc", *(unpacked / "usr" / "lib" / "fnc").iterdir()]
        packages = {"libc6", "libgcc-s1", *re.split(r"[\s,]+", depends)}
        missing = [name for program in programs for name in undeclared(program, packages)]
        check("package: dependencies", not missing, missing)
        code, text = run(unpacked / "usr" / "bin" / "fnc", "compile", HERE / "consumer" / "counter.mlir", "-o",
                         temporary / "counter.o")
        check("package: compiles", code == 0 and (temporary / "counter.h").exists(), text)


main()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
