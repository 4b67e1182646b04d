"""Objects say what they are: fnc inspect of an object and of the graph that it was made of."""
import json
import random
import re

TARGETS = {
    "x86_64": (),
    "cortex-m4": ("--target", "thumbv7em-none-eabihf", "--cpu", "cortex-m4", "-Os"),
    "riscv32": ("--target", "riscv32"),
    "riscv64": ("--target", "riscv64", "--features", "+m,+f,+d", "--abi", "lp64d"),
    "aarch64": ("--target", "aarch64-linux-gnu"),
}


def sections(tools, path):
    """Name, flags and size of each section, as LLVM's reader has them."""
    done = tools.run(tools.llvm / "llvm-readelf", "-S", "-W", path)
    assert done.returncode == 0, done.stderr
    row = re.compile(r"\] (\S+)\s+\S+\s+[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Z]*) +")
    return [(name, flags, int(size, 16)) for name, size, flags in row.findall(done.stdout)]


def test_object_says_what_the_graph_says(tools):
    for name, options in TARGETS.items():
        obj = tools.folder / f"{name}.o"
        tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", obj, *options)
        for form in ((), ("--json",)):
            of_object = tools.expect(0, "inspect", obj, *form).stdout
            of_graph = tools.expect(0, "inspect", tools.inputs / "mlp.mlir", *options, *form).stdout
            assert of_object == of_graph, f"{name}: {of_object}\n{of_graph}"


def test_sizes_are_those_of_the_sections(tools):
    for name, options in TARGETS.items():
        obj = tools.folder / f"{name}.o"
        tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", obj, *options)
        page = json.loads(tools.expect(0, "inspect", obj, "--json").stdout)
        loaded = [row for row in sections(tools, obj) if "A" in row[1]]
        assert page["code_bytes"] == sum(size for _, flags, size in loaded if "X" in flags) > 0, (name, loaded)
        assert page["constant_bytes"] == sum(
            size for section, flags, size in loaded
            if "X" not in flags and ("W" not in flags or section.startswith(".data.rel.ro")))
        manifest = [flags for section, flags, _ in sections(tools, obj) if section == ".fn.manifest"]
        assert manifest == ["E"], manifest
        undefined = tools.run(tools.llvm / "llvm-nm", "-u", "-j", obj).stdout.split()
        assert sorted(undefined) == page["undefined"]


def test_page(tools):
    page = json.loads(tools.expect(0, "inspect", tools.inputs / "mlp.mlir", "--json").stdout)
    # 64 x 10 floats, then 10 floats, rounded to 64 bytes; what is read-only is not of the state.
    assert page["state_bytes"] == 2624
    assert [(v["name"], v.get("offset"), v["bytes"], v["read_only"]) for v in page["variables"]] == [
        ("w", 0, 2560, False), ("k", None, 256, True), ("b", 2560, 40, False)]
    predict, shift = page["functions"]
    assert predict["inputs"] == [{"name": "x", "identifier": "x", "dtype": "f32", "shape": [None, 64],
                                  "largest_shape": [32, 64], "sizes": ["s0", 64]}]
    assert predict["outputs"][0]["largest_shape"] == [32, 10]
    assert predict["updates"] == [] and shift["updates"] == ["b"]
    assert shift["checks"] == [{"code": "not_finite", "name": "probs"}]
    assert 0 < shift["live_bytes"] <= shift["workspace_bytes"]
    text = tools.expect(0, "inspect", tools.inputs / "mlp.mlir").stdout
    for line in ("graph mlp", "          0      2560  w                    64x10xf32",
                 "  input     x                    ?x64xf32, at most 32x64",
                 "state: 2624 bytes, layout " + page["layout_hash"]):
        assert line in text.splitlines(), text


def test_manifest_is_not_in_programs(tools):
    tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o")
    (tools.folder / "main.c").write_text("#include \"mlp.h\"\nint main(void) { return 0; }\n")
    done = tools.run("cc", "-I", tools.source / "runtime" / "include", "main.c", "mlp.o", "-o", "main")
    assert done.returncode == 0, done.stderr
    assert not [row for row in sections(tools, tools.folder / "main") if "manifest" in row[0]]


def test_damaged_and_foreign_objects(tools):
    tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", "mlp.o")
    whole = (tools.folder / "mlp.o").read_bytes()
    for size in (16, 63, 64, 1000, len(whole) // 2, len(whole) - 1):
        (tools.folder / "cut.o").write_bytes(whole[:size])
        done = tools.expect(1, "inspect", "cut.o", says="cut.o: error: ")
        assert not done.stdout
    for seed in range(40):
        draw = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(8):
            # Half of it where headers are, which sizes and places come from.
            damaged[draw.randrange(64) if draw.random() < 0.2 else draw.randrange(len(whole))] = draw.randrange(256)
        (tools.folder / "cut.o").write_bytes(damaged)
        done = tools.run_fnc("inspect", "cut.o")
        assert done.returncode in (0, 1), f"seed {seed}: exit {done.returncode}"
        assert (done.returncode == 0) == (not done.stderr), f"seed {seed}: {done.stderr}"

    (tools.folder / "other.c").write_text("int f(void) { return 1; }\n")
    assert tools.run("cc", "-c", "other.c", "-o", "other.o").returncode == 0
    tools.expect(1, "inspect", "other.o", says="other.o: error: has no manifest: fnc did not make it")
    assert tools.run("ar", "rc", "lib.a", "mlp.o").returncode == 0
    tools.expect(1, "inspect", "lib.a", says="lib.a: error: is an archive: extract its objects first")
    tools.expect(1, "inspect", tools.fnc, says="error: is not an object that fnc made")
