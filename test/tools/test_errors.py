"""Bad input and outputs that cannot be written: a message, exit code 1, nothing written, nothing lost."""
import os
import subprocess

COMMANDS = (("compile", "-o", "out.o"), ("compile", "--emit=asm", "-o", "out.s"), ("inspect",))


def refused(tools, path, says):
    """Every command refuses a file, and writes nothing."""
    before = tools.listing()
    for command in COMMANDS:
        done = tools.expect(1, command[0], path, *command[1:], says=says)
        assert "error: " in done.stderr and not done.stdout
        assert len(done.stderr) < 4000, f"{len(done.stderr)} bytes of messages"
        assert tools.listing() == before


def test_missing_input(tools):
    refused(tools, "none.mlir", "none.mlir: error: No such file or directory")


def test_folder_as_input(tools):
    (tools.folder / "folder").mkdir()
    refused(tools, "folder", "folder: error: Is a directory")


def test_unreadable_input(tools):
    (tools.folder / "x.mlir").write_text("")
    (tools.folder / "x.mlir").chmod(0)
    # Root may read everything: as somebody else, then.
    user = {"user": 65534} if os.geteuid() == 0 else {}
    done = tools.run_fnc("compile", tools.folder / "x.mlir", "-o", tools.folder / "x.o", cwd="/", **user)
    assert done.returncode == 1 and "x.mlir: error: Permission denied" in done.stderr, done.stderr
    assert tools.listing() == ["x.mlir"]


def test_empty_input(tools):
    (tools.folder / "empty.mlir").write_text("")
    for command in COMMANDS:
        tools.expect(1, command[0], "empty.mlir", *command[1:], says="the file has no fn.graph")
    assert tools.listing() == ["empty.mlir"]


def test_array_of_index(tools):
    """MLIR's parser dies of it; once it does not, fnc need not look for it."""
    (tools.folder / "array.mlir").write_text('fn.graph @g {\n  %x = fn.iota {axis = 0, a = array< // "\n    index: 0>} : tensor<4xi32>\n}')
    refused(tools, "array.mlir", "array.mlir:3:5: error: an array has elements of i1, i8, i16, i32, i64, f32 or f64, got index")
    (tools.folder / "quoted.mlir").write_text('fn.graph @g {\n  %x = fn.placeholder "array<index" as "x" : tensor<4xi32> // array<index\n  fn.function @f inputs(%x : tensor<4xi32>) outputs("y" = %x : tensor<4xi32>)\n}')
    tools.expect(0, "inspect", "quoted.mlir")
    text = "module attributes {a = array<index: 0>} {}"
    done = subprocess.run(["/usr/lib/llvm-22/bin/mlir-opt"], input=text, capture_output=True, text=True)
    assert "Stack dump" in done.stderr, "mlir-opt survives array<index>: fnc can leave it to the parser"


def test_binary_input(tools):
    (tools.folder / "binary.mlir").write_bytes(bytes(range(256)) * 16)
    refused(tools, "binary.mlir", "binary.mlir:1:2: error: ")


def test_truncated_input(tools):
    whole = (tools.inputs / "mlp.mlir").read_text()
    for end in range(20, len(whole.rstrip()) - 1, 97):
        (tools.folder / "cut.mlir").write_text(whole[:end])
        done = tools.expect(1, "compile", "cut.mlir", "-o", "out.o", says="cut.mlir:")
        assert ": error: " in done.stderr
        assert tools.listing() == ["cut.mlir"]


def test_huge_input(tools):
    for name, byte in (("zeros", b"\0"), ("letters", b"a"), ("open", b"("), ("spaces", b" ")):
        (tools.folder / name).write_bytes(byte * (64 << 20))
        refused(tools, name, "error: ")
        (tools.folder / name).unlink()


def compiles_not(tools, *arguments, says, keep=()):
    before = {name: (tools.folder / name).read_bytes() for name in keep}
    listing = tools.listing()
    tools.expect(1, "compile", tools.inputs / "mlp.mlir", *arguments, says=says)
    assert tools.listing() == listing
    assert before == {name: (tools.folder / name).read_bytes() for name in keep}


def test_output_folder_is_missing(tools):
    compiles_not(tools, "-o", "none/out.o", says="cannot write 'none/out.o': No such file or directory")


def test_output_folder_is_not_writable(tools):
    compiles_not(tools, "-o", "/proc/out.o", says="cannot write '/proc/out.o': ")


def test_output_is_a_folder(tools):
    (tools.folder / "out.o").mkdir()
    compiles_not(tools, "-o", "out.o", says="cannot write 'out.o': Is a directory")


def test_header_is_a_folder(tools):
    """The object that was there stays, as the header cannot be written with it."""
    (tools.folder / "out.h").mkdir()
    (tools.folder / "out.o").write_text("the one before")
    compiles_not(tools, "-o", "out.o", says="cannot write 'out.h': Is a directory", keep=["out.o"])


def test_bad_input_keeps_previous_output(tools):
    (tools.folder / "out.o").write_text("the one before")
    (tools.folder / "bad.mlir").write_text("fn.graph @g { %x = }")
    tools.expect(1, "compile", "bad.mlir", "-o", "out.o", says="bad.mlir:1:")
    assert (tools.folder / "out.o").read_text() == "the one before"
    assert tools.listing() == ["bad.mlir", "out.o"]


def test_full_disk(tools):
    with open("/dev/full", "wb") as full:
        for arguments in (("compile", tools.inputs / "mlp.mlir", "-o", "-"), ("inspect", tools.inputs / "mlp.mlir"),
                          ("inspect", tools.inputs / "mlp.mlir", "--json"), ("completion", "bash")):
            done = subprocess.run([tools.fnc, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True,
                                  cwd=tools.folder)
            assert done.returncode == 1, (arguments, done.returncode, done.stderr)
            assert "No space left on device" in done.stderr, (arguments, done.stderr)
    assert not tools.listing()


def test_unknown_targets(tools):
    for arguments, says in (
        (("--target", "pdp11"), "unknown target 'pdp11'"),
        (("--target", "arm64-apple-macos"), "has no ELF objects, which fnc makes"),
        (("--cpu", "cortex-m4"), "unknown CPU 'cortex-m4' for target 'x86_64"),
        (("--target", "thumbv7em-none-eabihf", "--cpu", "cortex-m44"), "did you mean 'cortex-m4'?"),
        (("--features", "+avx22"), "unknown feature 'avx22' for target 'x86_64"),
        (("--features", "avx2"), "expected '+' or '-' before feature 'avx2'"),
        (("--target", "riscv32", "--abi", "ilp23"), "unknown ABI 'ilp23' for target 'riscv32'; did you mean 'ilp32'?"),
    ):
        done = tools.expect(2, "compile", tools.inputs / "mlp.mlir", "-o", "out.o", *arguments, says=says)
        assert done.stderr.startswith("fnc: error: ") and not tools.listing(), done.stderr


def test_outputs_are_repeatable(tools):
    for name in ("a.o", "b.o"):
        tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", name, "--header", name + ".h")
    assert (tools.folder / "a.o").read_bytes() == (tools.folder / "b.o").read_bytes()
    assert os.stat(tools.folder / "a.o").st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o22))
