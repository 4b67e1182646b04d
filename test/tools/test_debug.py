"""fnc compile -g: code maps to lines of the graph, and is the same code."""
import re

LINES = """fn.graph @g {
  %x = fn.placeholder "x" : tensor<?x8xf32>
  %w = fn.variable "w" : tensor<8x4xf32> = #fn.glorot_uniform<seed = 1>
  %n = fn.variable "n" : tensor<f32> = dense<0.0>
  %h = fn.matmul %x, %w : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>

  %t = fn.tanh %h : tensor<?x4xf32>
  %m = fn.reduce_max %t : (tensor<?x4xf32>) -> tensor<f32>
  %next = fn.add %n, %m : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %p = fn.print "m", %m : tensor<f32>
  fn.function @f inputs(%x : tensor<?x8xf32>)
    outputs("t" = %t : tensor<?x4xf32>) updates(%n = %next : tensor<f32>, %p)
}
"""
TARGETS = ((), ("-O0",), ("-O3", "--cpu", "x86-64-v3"), ("--target", "riscv64", "--features", "+m,+f,+d"),
           ("--target", "thumbv7em-none-eabihf", "--cpu", "cortex-m4", "-Os"),
           ("--target", "aarch64-linux-gnu"))


def rows(tools, path):
    """(address, line) of each row of the line tables."""
    done = tools.run(tools.llvm / "llvm-dwarfdump", "--debug-line", path)
    assert done.returncode == 0, done.stderr
    return [(int(address, 16), int(line)) for address, line in
            re.findall(r"^(0x[0-9a-f]+)\s+(\d+)\s", done.stdout, re.M)], done.stdout


def code(tools, path):
    """Bytes of every section of code."""
    done = tools.run(tools.llvm / "llvm-objdump", "-s", "-h", "-w", path)
    assert done.returncode == 0, done.stderr
    names = re.findall(r"^\s*\d+ (\.text\S*) ", done.stdout, re.M)
    assert names
    out = {}
    for name in names:
        dump = tools.folder / "section"
        assert tools.run(tools.llvm / "llvm-objcopy", f"--dump-section={name}={dump}", path, "/dev/null").returncode == 0
        out[name] = dump.read_bytes()
    return out


def test_lines_of_the_graph(tools):
    (tools.folder / "g.mlir").write_text(LINES)
    last = LINES.count("\n")
    for options in TARGETS:
        tools.expect(0, "compile", "g.mlir", "-o", "g.o", "-g", *options)
        table, text = rows(tools, "g.o")
        assert 'name: "g.mlir"' in text, text
        found = {line for _, line in table}
        # The matmul, the tanh, the maximum, the new value, and the function itself.
        assert {5, 7, 8, 9} <= found and found & {11, 12}, (options, sorted(found))
        assert all(0 <= line <= last for line in found), (options, sorted(found))
        # Code generation merges code of several lines into some of line 0.
        unknown = sum(line == 0 for _, line in table)
        assert unknown <= len(table) // 2, (options, unknown, len(table))


def test_every_instruction_has_a_line(tools):
    """Before LLVM's optimizations: what lacks one was dropped by a pass of fnc."""
    (tools.folder / "g.mlir").write_text(LINES)
    text = tools.expect(0, "compile", "g.mlir", "-o", "-", "-g", "-O0", "--emit=llvm").stdout
    bodies = re.findall(r"^define [^\n]* !dbg [^\n]*\n(.*?)^}", text, re.M | re.S)
    assert len(bodies) >= 4
    for body in bodies:
        for line in body.splitlines():
            if line.startswith("  ") and line.strip() not in ("]", ""):
                assert "!dbg" in line or line.startswith("    "), line
    assert "!DILocation(line: 0" not in text


def test_code_is_the_same(tools):
    (tools.folder / "g.mlir").write_text(LINES)
    for options in TARGETS:
        for source in ("g.mlir", tools.inputs / "mlp.mlir"):
            tools.expect(0, "compile", source, "-o", "plain.o", *options)
            tools.expect(0, "compile", source, "-o", "debug.o", "-g", *options)
            plain, debug = code(tools, "plain.o"), code(tools, "debug.o")
            assert plain == debug, (options, [name for name in plain if plain[name] != debug.get(name)])


def test_nothing_is_said(tools):
    """Attributes of arguments are no news to the user."""
    (tools.folder / "g.mlir").write_text(LINES)
    done = tools.expect(0, "compile", "g.mlir", "-o", "g.o")
    assert not done.stderr, done.stderr
