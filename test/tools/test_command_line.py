"""Command lines that make no sense end with exit code 2, and say which name is near; help and completion."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

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


def test_the_compiler_runs_when_there_is_something_to_compile(tools):
    tools.watch_compiler()
    assert "fnc-compiler" in tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o").stderr
    for arguments in (("--version",), ("--help",), ("compile", "--help"), ("completion", "bash")):
        assert "fnc-compiler" not in tools.expect(0, *arguments).stderr, arguments


def test_every_option_reaches_the_compiler(tools):
    """Names with '=', empty values, functions of a model with what belongs to each."""
    tools.watch_compiler('shift; printf "%s\\n" "$@"')
    done = tools.expect(0, "compile", "a=b.onnx", "-o", "o.o", "--header", "", "--function", "f", "--function", "g=1",
                        "--target", "t", "--cpu", "c", "--features", "+x,-y", "--abi", "a", "-Os", "--no-winograd",
                        "--fast-math", "-g", "--shape", "x=1,2", "--dim", "n=3", "--graph-name", "gn", "--bind", "b=1",
                        "--state", "h=k", "--bound", "m=2", "--no-simplify", "--fetch", "p", "--feed", "q", "--weights",
                        "w", "--emit", "asm", "--graph", "the graph")
    action, *given = done.stdout.splitlines()
    assert action == "compile" and {
        "input=a=b.onnx", "output=o.o", "header=", "graph=the graph", "emit=asm", "function=f", "function=g=1", "target=t",
        "cpu=c", "features=+x,-y", "abi=a", "level=s", "no-winograd=", "fast-math=", "debug-lines=", "shape=x=1,2",
        "dim=n=3", "graph-name=gn", "bind=b=1", "state=h=k", "bound=m=2", "no-simplify=", "model-function=predict",
        "fetch=p", "feed=q", "weights=w"} <= set(given), done.stdout
    done = tools.expect(0, "import", "m", "-o", "g", "--function", "f", "--fetch", "a", "--function", "h", "--fetch", "b")
    assert "\nmodel-function=f\nfetch=a\nmodel-function=h\nfetch=b\n" in done.stdout, done.stdout
    assert {"is-model=", "model=m", "model-output=g"} <= set(done.stdout.splitlines())
    assert "json=" in tools.expect(0, "inspect", "x", "--json").stdout.splitlines()


def test_a_compiler_that_crashes(tools):
    for command in (("compile", "x", "-o", "y"), ("run", "x", "--no-cache")):
        (tools.folder / "x").write_text("")
        tools.watch_compiler("kill -SEGV $$")
        tools.expect(-signal.SIGSEGV, *command)
    tools.watch_compiler("exit 0")
    tools.expect(1, "run", "x", "--no-cache", says="cannot run")


def test_the_compiler_ends_with_fnc_run(tools):
    ops = "\n".join(f"%v{i + 1} = fn.add %v{i}, %v{i // 2} : (tensor<f32>, tensor<f32>) -> tensor<f32>" for i in range(60000))
    (tools.folder / "chain.mlir").write_text(f"""fn.graph @chain {{
      %v0 = fn.placeholder "x" : tensor<f32>
      {ops}
      fn.function @f inputs(%v0 : tensor<f32>) outputs("y" = %v60000 : tensor<f32>)
    }}""")
    run = subprocess.Popen([tools.fnc, "run", "chain.mlir", "-i", "x=1", "--no-cache"], cwd=tools.folder)
    children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while run.poll() is None and not (compiler := children.read_text().split()):
        time.sleep(0.01)
    time.sleep(0.3)
    status = pathlib.Path(f"/proc/{compiler[0]}/stat")
    assert status.read_text().split()[2] != "Z"
    run.kill()
    run.wait()
    end = time.monotonic() + 1
    while status.exists() and status.read_text().split()[2] != "Z" and time.monotonic() < end:
        time.sleep(0.01)
    assert time.monotonic() < end


def test_without_its_parts(tools):
    (tools.folder / "bin").mkdir()
    alone = shutil.copy(tools.fnc, tools.folder / "bin" / "fnc")
    assert tools.run(alone, "--version").returncode == 0
    done = tools.run(alone, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o")
    assert done.returncode == 1 and done.stderr == (
        "fnc: error: fnc-compiler is not where it was installed, in ../lib/fnc beside fnc\n"), done.stderr
    compiler = tools.folder / "lib" / "fnc-compiler"
    compiler.parent.mkdir()
    compiler.write_text("no program")
    for says in ("Permission denied", "Exec format error"):
        for command in (("compile", tools.inputs / "mlp.mlir", "-o", "mlp.o"), ("run", tools.inputs / "mlp.mlir")):
            done = tools.run(alone, *command)
            assert done.returncode == 1 and done.stderr.startswith("fnc: error: cannot run '"), done.stderr
            assert done.stderr.endswith(f"lib/fnc-compiler': {says}\n"), done.stderr
        compiler.chmod(0o755)
    real = tools.bin.parent / "lib" / "fnc-compiler"
    for arguments, says in ((("0.0.0", "compile"), f"'{real}' is of another version than fnc 0.0.0"),
                            ((), f"'{real}' is run by fnc")):
        done = tools.run(real, *arguments)
        assert done.returncode and done.stderr == f"fnc: error: {says}\n", done.stderr


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
