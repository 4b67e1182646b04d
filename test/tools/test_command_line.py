"""Command lines that make no sense end with exit code 2, and say which name is near; help and completion."""
import os
import re
import shutil

GOLDEN = ("compile", "import", "inspect", "run", "bench", "completion")


def test_nonsense(tools):
    for arguments, message in (
        ((), "fnc: error: expected a command"),
        (("complie", "x"), "fnc: error: unknown command 'complie'; did you mean 'compile'?"),
        (("frobnicate",), "fnc: error: unknown command 'frobnicate'\n"),
        (("compile", "x", "-o", "y", "--functon", "f"),
         "fnc compile: error: unknown option '--functon'; did you mean '--function'?"),
        (("compile", "x", "-o", "y", "--emit=tensr"), "unknown value 'tensr'; did you mean 'tensor'?"),
        (("compile", "x", "-o", "y", "-O4"), "unknown value '4'; expected one of 0, 1, 2, 3, s"),
        (("compile", "x", "y", "-o", "z"), "fnc compile: error: unexpected argument 'y'"),
        (("compile", "x"), "fnc compile: error: --output is required"),
        (("compile", "-o", "x"), "fnc compile: error: GRAPH is required"),
        (("inspect",), "fnc inspect: error: GRAPH is required"),
        (("inspect", "x", "--jsn"), "unknown option '--jsn'; did you mean '--json'?"),
        (("run", "x", "--inptu", "x=1"), "unknown option '--inptu'; did you mean '--input'?"),
        (("run", "x", "--batch-axis", "-1"), "fnc run: error: --batch-axis"),
        (("run", "x", "--repeat", "0"), "fnc run: error: --repeat"),
        (("run", "x", "--batch-size", "3"), "fnc run: error: --batch-size needs --batch-axis"),
        (("run", "x", "-o", "x.txt"), "fnc run: error: --output expects a .npz or .npy file, got 'x.txt'"),
        (("run", "x", "--cache-limit", "3 apples"), "--cache-limit expects a size as 512M, got '3 apples'"),
        (("completion", "fih"), "unknown value 'fih'; did you mean 'fish'?"),
    ):
        done = tools.expect(2, *arguments, says=message)
        assert not done.stdout and not tools.listing()


def loaded(tools, *arguments):
    """The libraries that a command loads."""
    done = tools.expect(0, *arguments, env=os.environ | {"LD_DEBUG": "files"})
    return set(re.findall(r"file=(\S+) \[0\];\s+generating link map", done.stderr))


def test_the_compiler_is_loaded_when_there_is_something_to_compile(tools):
    assert any("fnc-compiler" in name for name in loaded(tools, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o"))
    for arguments in (("--version",), ("--help",), ("compile", "--help"), ("completion", "bash")):
        assert not any("fnc-compiler" in name for name in loaded(tools, *arguments)), arguments


def test_without_its_libraries(tools):
    (tools.folder / "bin").mkdir()
    alone = shutil.copy(tools.fnc, tools.folder / "bin" / "fnc")
    assert tools.run(alone, "--version").returncode == 0
    done = tools.run(alone, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o")
    assert done.returncode == 1 and done.stderr == (
        "fnc: error: libfnc-compiler.so is not where it was installed, in ../lib/fnc beside fnc\n"), done.stderr
    (tools.folder / "lib").mkdir()
    (tools.folder / "lib" / "libfnc-compiler.so").write_text("no library")
    done = tools.run(alone, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o")
    assert done.returncode == 1 and done.stderr.startswith("fnc: error: cannot load '"), done.stderr


def test_misspelt_names_of_the_graph(tools):
    tools.expect(1, "compile", tools.inputs / "mlp.mlir", "-o", "x.o", "--function", "@predcit",
                 says="mlp.mlir:1:1: error: graph @mlp has no function @predcit; did you mean 'predict'?")
    tools.expect(1, "compile", tools.inputs / "mlp.mlir", "-o", "x.o", "--function", "zzzzzz",
                 says="has no function @zzzzzz\n")
    tools.expect(1, "compile", tools.inputs / "mlp.mlir", "-o", "x.o", "--graph", "mpl",
                 says="the file has no graph @mpl; did you mean 'mlp'?")
    assert not tools.listing()


def test_help_pages(tools):
    """Written anew by: for c in compile import inspect run bench completion; do fnc $c --help > Inputs/help-$c.txt; done"""
    for command in GOLDEN:
        page = tools.expect(0, command, "--help").stdout
        assert page == (tools.inputs / f"help-{command}.txt").read_text(), f"{command}:\n{page}"
        assert all(len(line) <= 100 for line in page.splitlines()), page
    page = tools.expect(0, "--help").stdout
    for command in GOLDEN:
        assert re.search(rf"^  {command}  ", page, re.M), page


def options_of(tools, command):
    page = tools.expect(0, command, "--help").stdout
    return sorted(set(re.findall(r"(--[a-z-]+)", "\n".join(
        line[:30] for line in page.splitlines() if line.startswith("  -")))))


def commands_of(tools):
    page = tools.expect(0, "--help").stdout
    return re.findall(r"^  ([a-z]+)  ", page.split("ommands:")[1].split("\n\n")[0], re.M)


def test_completion_knows_every_option(tools):
    scripts = {shell: tools.expect(0, "completion", shell).stdout for shell in ("bash", "zsh", "fish")}
    commands = commands_of(tools)
    assert set(GOLDEN) <= set(commands)
    for command in commands:
        for option in options_of(tools, command):
            assert option in scripts["bash"] and option + "[" in scripts["zsh"].replace("=[", "[")
            assert f"seen_subcommand_from {command}'" in scripts["fish"]
            assert re.search(rf"from {command}'.* -l {option[2:]}\b", scripts["fish"]), option


def complete(tools, *words):
    """What bash offers for the last word."""
    script = f"source <({tools.fnc} completion bash); COMP_WORDS=({' '.join(map(repr, words))}); " \
             f"COMP_CWORD={len(words) - 1}; _fnc; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = tools.run("bash", "-c", script)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def test_bash_completes(tools):
    (tools.folder / "net.mlir").write_text("")
    assert complete(tools, "fnc", "com") == ["compile", "completion"]
    assert complete(tools, "fnc", "compile", "--fu") == ["--function"]
    assert complete(tools, "fnc", "compile", "--emit", "llvm") == ["llvm-dialect", "llvm"]
    assert complete(tools, "fnc", "compile", "--emit", "=", "te") == ["tensor"]
    assert complete(tools, "fnc", "compile", "--emit", "=") == [
        "obj", "asm", "graph", "tensor", "buffer", "loops", "llvm-dialect", "llvm"]
    assert complete(tools, "fnc", "inspect", "ne") == ["net.mlir"]
    assert complete(tools, "fnc", "completion", "z") == ["zsh"]
    assert complete(tools, "fnc", "run", "--ba") == ["--batch-axis", "--batch-size"]
    assert complete(tools, "fnc", "run", "--load-state", "ne") == ["net.mlir"]
