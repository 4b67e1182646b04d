"""fnc run: what it feeds, calls and writes, against NumPy."""

import os
import re

import numpy as np

from arrays import DTYPES, SUM, read_state, write_state, write_sum


def test_outputs_and_state(tools):
    x = write_sum(tools)
    done = tools.expect(
        0,
        "run",
        "sum.mlir",
        "-i",
        "x=x.npy",
        "--input",
        "scale=0.5",
        "-o",
        "out.npz",
        "--output-dir",
        "out",
        "--save-state",
        "state.safetensors",
    )
    total = np.array([1, 2, 3], np.float32)
    half = x * np.float32(0.5)
    for outputs in (
        np.load(tools.folder / "out.npz"),
        {name: np.load(tools.folder / f"out/{name}.npy") for name in ("scaled", "before", "n")},
    ):
        assert sorted(outputs) == ["before", "n", "scaled"]
        assert np.array_equal(outputs["scaled"], half) and outputs["scaled"].dtype == np.float32
        assert np.array_equal(outputs["before"], total) and outputs["n"] == 0 and outputs["n"].shape == ()
    state = read_state(tools.folder / "state.safetensors")
    assert np.allclose(state["total"], total + half.sum(0), rtol=1e-6) and state["count"] == 1
    shown = done.stdout.splitlines()
    assert shown[0] == "scaled: f32[5, 3]" and shown[-2:] == ["before: f32[3] [1, 2, 3]", "n: i64[] 0"], done.stdout
    numbers = np.array(re.findall(r"-?\d+\.\d+(?:e-?\d+)?", done.stdout.split("before")[0]), np.float32)
    assert np.array_equal(numbers.reshape(5, 3), half), "the digits shown are not the numbers"
    # On top of what was saved; a state can be replaced by what follows it.
    tools.expect(
        0,
        "run",
        "sum.mlir",
        "-i",
        "x=x.npy",
        "-i",
        "scale=0.5",
        "--load-state",
        "state.safetensors",
        "--save-state",
        "state.safetensors",
        "-q",
    )
    again = read_state(tools.folder / "state.safetensors")
    assert np.allclose(again["total"], state["total"] + half.sum(0), rtol=1e-6) and again["count"] == 2


def test_forms_of_inputs(tools):
    x = write_sum(tools)
    np.savez(tools.folder / "both.npz", x=x, scale=np.float32(2))
    np.savez_compressed(tools.folder / "packed.npz", x=np.asfortranarray(x), other=x)
    np.savez(tools.folder / "one.npz", anything=x)
    np.save(tools.folder / "fortran.npy", np.asfortranarray(x))
    np.save(tools.folder / "big.npy", x.astype(">f4"))
    np.save(tools.folder / "wide.npy", x.astype(np.float64))
    literal = str(x.tolist())
    for arguments in (
        ("-i", "both.npz"),
        ("-i", "x=both.npz:x", "-i", "scale=both.npz"),
        ("-i", "x=packed.npz", "-i", "scale=2"),
        ("-i", "x=packed.npz:other", "-i", "scale=2.0"),
        ("-i", "x=one.npz", "-i", "scale=2e0"),
        ("-i", "x=fortran.npy", "-i", "scale=2"),
        ("-i", "x=big.npy", "-i", "scale=2"),
        ("-i", "x=wide.npy", "-i", "scale=2", "--cast"),
        ("-i", f"x={literal}", "-i", "scale=2"),
    ):
        tools.expect(0, "run", "sum.mlir", *arguments, "-o", "out.npz", "-q")
        assert np.array_equal(np.load(tools.folder / "out.npz")["scaled"], x * 2), arguments


def test_standard_input(tools):
    x = write_sum(tools)
    done = tools.expect(0, "run", "-", "-i", "x=x.npy", "-i", "scale=1", "-o", "out.npz", input=SUM)
    assert "scaled" in done.stdout and np.array_equal(np.load(tools.folder / "out.npz")["scaled"], x)
    tools.expect(1, "run", "-", "-i", "scale=1", input="fn.graph", says="<stdin>:1:")
    arguments = ("run", "sum.mlir", "-i", "x=-", "-i", "scale=1", "-o", "out.npz", "-q")
    tools.expect(0, *arguments, input=(tools.folder / "x.npy").read_bytes(), text=False, errors=None)
    assert np.array_equal(np.load(tools.folder / "out.npz")["scaled"], x)
    tools.expect(1, *arguments, input="", says="<stdin>: error: is not a .npy file")


def test_every_type(tools):
    draw = np.random.default_rng(0)
    lines, inputs, outputs, arrays = [], [], [], {}
    for name, dtype in DTYPES.items():
        lines.append(f'%{name} = fn.placeholder "{name}" : tensor<?x2x{name}>')
        inputs.append(f"%{name} : tensor<?x2x{name}>")
        outputs.append(f'"{name} out" = %{name} : tensor<?x2x{name}>')
        raw = draw.integers(0, 256, 6 * np.dtype(dtype).itemsize, np.uint8)
        arrays[name] = (raw % 2 if name == "i1" else raw).view(dtype).reshape(3, 2)
    (tools.folder / "types.mlir").write_text(
        "fn.graph @types {\n"
        + "\n".join(lines)
        + f"\nfn.function @same inputs({', '.join(inputs)}) outputs({', '.join(outputs)})\n}}"
    )
    np.savez(tools.folder / "in.npz", **arrays)
    done = tools.expect(0, "run", "types.mlir", "-i", "in.npz", "-o", "out.npz", "--output-dir", "out")
    results = np.load(tools.folder / "out.npz")
    for name, array in arrays.items():
        for result in (results[name + " out"], np.load(tools.folder / "out" / f"{name} out.npy")):
            assert result.dtype == array.dtype and result.tobytes() == array.tobytes(), name
        shown = re.search(rf"^{name} out: \w+\[3, 2\](.*?)(?=^\w+ out|\Z)", done.stdout, re.M | re.S).group(1)
        words = re.findall(r"[-\w.+]+", shown)
        values = [word == "true" if name == "i1" else word for word in words]
        assert np.array_equal(
            np.array(values).astype(dtype := array.dtype), array.reshape(-1), equal_nan=dtype.kind == "f"
        ), shown


def test_bfloat16(tools):
    (tools.folder / "b.mlir").write_text("""fn.graph @b {
      %x = fn.placeholder "x" : tensor<3xbf16>
      fn.function @same inputs(%x : tensor<3xbf16>) outputs("y" = %x : tensor<3xbf16>)
    }""")
    tools.expect(0, "run", "b.mlir", "-i", "x=[1.0, -2.5, 1.00390626]", "-o", "y.npy")
    bits = np.load(tools.folder / "y.npy").view(np.uint16)
    # 1 + 2^-8 lies between two numbers; a little more is rounded up.
    assert bits.tolist() == [0x3F80, 0xC020, 0x3F81], bits
    np.save(tools.folder / "x.npy", bits.view("V2"))
    tools.expect(0, "run", "b.mlir", "-i", "x=x.npy", "-o", "z.npy")
    assert np.load(tools.folder / "z.npy").view(np.uint16).tolist() == bits.tolist()


def test_literals(tools):
    (tools.folder / "l.mlir").write_text("""fn.graph @l {
      %b = fn.placeholder "b" : tensor<2xi1>
      %i = fn.placeholder "i" : tensor<2xi64>
      %u = fn.placeholder "u" : tensor<2xui8>
      %f = fn.placeholder "f" : tensor<f32>
      fn.function @same inputs(%b : tensor<2xi1>, %i : tensor<2xi64>, %u : tensor<2xui8>, %f : tensor<f32>)
        outputs("bo" = %b : tensor<2xi1>, "io" = %i : tensor<2xi64>, "uo" = %u : tensor<2xui8>, "fo" = %f : tensor<f32>)
    }""")
    good = {"b": "[true,false]", "i": "[-9223372036854775808,9223372036854775807]", "u": "[0,255]", "f": "nan"}

    def given(**other):
        return [part for name, value in (good | other).items() for part in ("-i", f"{name}={value}")]

    done = tools.expect(0, "run", "l.mlir", *given())
    assert done.stdout.splitlines() == [
        "bo: i1[2] [true, false]",
        "io: i64[2] [-9223372036854775808, 9223372036854775807]",
        "uo: u8[2] [0, 255]",
        "fo: f32[] nan",
    ], done.stdout
    for name, value, says in (
        ("b", "[1,0]", "fnc: error: input 'b': expected true or false, got 1"),
        ("i", "[1.5,0]", "fnc: error: input 'i': 1.5 is not a value of i64"),
        ("i", "[9223372036854775808,0]", "input 'i': 9223372036854775808 is not a value of i64"),
        ("u", "[256,0]", "input 'u': 256 is not a value of u8"),
        ("u", "[-1,0]", "input 'u': -1 is not a value of u8"),
        ("u", "[1,2,3]", "input 'u' is u8[2], '[1,2,3]' is u8[3]"),
        ("u", "[[1,2],[3]]", "input 'u': rows differ in length"),
        ("u", "[1,[2]]", "input 'u': rows differ in length"),
        ("u", "[1,", "input 'u': expected numbers as 1, [1, 2] or [[1, 2], [3, 4]], got '[1,'"),
        ("f", '["x"]', "input 'f': expected a number, got \"x\""),
        ("f", "[" * 1000, "input 'f': expected numbers"),
        ("f", "[" * 1000 + "]" * 1000, "input 'f': more than 64 dimensions"),
    ):
        tools.expect(1, "run", "l.mlir", *given(**{name: value}), says=says)


def test_sparse(tools):
    (tools.folder / "s.mlir").write_text("""fn.graph @s {
      %a = fn.placeholder "a" : tensor<?x4xf32, #fn.coo>
      %d = fn.to_dense %a : (tensor<?x4xf32, #fn.coo>) -> tensor<?x4xf32>
      fn.function @dense inputs(%a : tensor<?x4xf32, #fn.coo>) outputs("d" = %d : tensor<?x4xf32>)
    }""")
    indices, values = np.array([[2, 1], [0, 3], [2, 1]]), np.array([1, 2, 3], np.float32)
    np.savez(tools.folder / "a.npz", indices=indices, values=values, shape=[3, 4])
    np.savez(tools.folder / "all.npz", **{"a.indices": indices, "a.values": values, "a.shape": [3, 4]})
    np.save(tools.folder / "indices.npy", indices)
    want = np.zeros((3, 4), np.float32)
    want[2, 1], want[0, 3] = 4, 2
    for arguments in (
        ("-i", "a=a.npz"),
        ("-i", "all.npz"),
        ("-i", "a.indices=indices.npy", "-i", "a.values=[1,2,3]", "-i", "a.shape=[3,4]"),
    ):
        tools.expect(0, "run", "s.mlir", *arguments, "-o", "d.npy")
        assert np.array_equal(np.load(tools.folder / "d.npy"), want), arguments
    for arguments, says in (
        (
            ("-i", "a.indices=indices.npy", "-i", "a.values=[1,2]", "-i", "a.shape=[3,4]"),
            "input 'a' has 3 rows of indices and 2 values",
        ),
        (("-i", "a.indices=indices.npy", "-i", "a.values=[1,2,3]"), "got no 'a.shape'"),
        (
            ("-i", "a.indices=indices.npy", "-i", "a.values=[1,2,3]", "-i", "a.shape=[2,4]"),
            "dense: input 'a' has index 2 in dimension 0 of size 2",
        ),
        (
            ("-i", "a.indices=indices.npy", "-i", "a.values=[1,2,3]", "-i", "a.shape=[3,5]"),
            "dense: input 'a' has shape [3, 5], expected [?, 4]",
        ),
        (
            ("-i", "a.indices=[[1,2,3]]", "-i", "a.values=[1]", "-i", "a.shape=[3,4]"),
            "input 'a.indices' is i64[?, 2], '[[1,2,3]]' is i64[1, 3]",
        ),
    ):
        tools.expect(1, "run", "s.mlir", *arguments, says=says)


def test_loops(tools):
    write_sum(tools)
    x = np.random.default_rng(2).standard_normal((7, 4, 3)).astype(np.float32)
    scale = np.arange(7, dtype=np.float32)
    np.savez(tools.folder / "x.npz", x=x, scale=scale)
    np.savez(tools.folder / "y.npz", x=np.moveaxis(x, 0, 1))
    start = np.array([1, 2, 3], np.float32)

    def check(x, scale, repeat, *arguments):
        """x: one batch after the other; outputs of the last round are in out.npz."""
        tools.expect(0, "run", "sum.mlir", *arguments, "-o", "out.npz", "--save-state", "state.safetensors", "-q")
        total, befores, scaled = start, [], []
        for _ in range(repeat):
            befores, scaled = [], []
            for batch, factor in zip(x, scale):
                befores.append(total)
                scaled.append(batch * factor)
                total = total + scaled[-1].sum(0)
        out, state = np.load(tools.folder / "out.npz"), read_state(tools.folder / "state.safetensors")
        assert np.allclose(state["total"], total, rtol=1e-4, atol=1e-5) and state["count"] == repeat * len(x)
        assert np.array_equal(out["n"].reshape(-1), np.arange((repeat - 1) * len(x), repeat * len(x)))
        return out, np.array(befores), scaled

    # A slice of each input for each call: outputs get an axis of calls.
    out, befores, scaled = check(x, scale, 2, "-i", "x.npz", "--batch-axis", "0", "--repeat", "2")
    assert out["n"].shape == (7,) and out["scaled"].shape == (7, 4, 3)
    assert np.allclose(out["scaled"], scaled) and np.allclose(out["before"], befores, rtol=1e-4, atol=1e-5)
    out, befores, scaled = check(x, [2] * 7, 1, "-i", "x=y.npz", "-i", "scale=2", "--batch-axis", "1")
    assert np.allclose(out["scaled"], np.moveaxis(np.array(scaled), 0, 1))
    assert np.allclose(out["before"], np.moveaxis(befores, 0, 1), rtol=1e-4, atol=1e-5)
    # Chunks of a long axis: what has that axis is put together again, the rest gets an axis of calls.
    flat = x.reshape(28, 3)
    np.save(tools.folder / "flat.npy", flat)
    chunks = [flat[i : i + 8] for i in range(0, 28, 8)]
    out, befores, scaled = check(
        chunks,
        [3] * 4,
        3,
        "-i",
        "x=flat.npy",
        "-i",
        "scale=3",
        "--batch-axis",
        "0",
        "--batch-size",
        "8",
        "--repeat",
        "3",
    )
    assert np.allclose(out["scaled"], flat * 3) and np.allclose(out["before"], befores, rtol=1e-4, atol=1e-5)
    for arguments, says in (
        (("-i", "x=x.npz", "-i", "scale=[1,2]", "--batch-axis", "0"), "input 'x' is for 7 calls, input 'scale' for 2"),
        (("-i", "x=x.npy", "-i", "scale=1", "--batch-axis", "0"), "no input has more there than function 'add' takes"),
        (("-i", "x=x.npz", "-i", "scale=1", "--batch-axis", "3"), "input 'x' is f32[?, 3], x.npz:x holds f32[7, 4, 3]"),
    ):
        tools.expect(1, "run", "sum.mlir", *arguments, says=says)


def test_chunks_of_a_fixed_size(tools):
    (tools.folder / "c.mlir").write_text("""fn.graph @c {
      %x = fn.placeholder "x" : tensor<2x4xf32>
      %s = fn.reduce_sum %x {axes = array<i64: 1>} : (tensor<2x4xf32>) -> tensor<2xf32>
      fn.function @rows inputs(%x : tensor<2x4xf32>) outputs("s" = %s : tensor<2xf32>)
    }""")
    x = np.arange(24, dtype=np.float32).reshape(6, 4)
    np.save(tools.folder / "x.npy", x)
    tools.expect(0, "run", "c.mlir", "-i", "x=x.npy", "--batch-axis", "0", "-o", "s.npy")
    assert np.array_equal(np.load(tools.folder / "s.npy"), x.sum(1).reshape(3, 2))
    np.save(tools.folder / "x.npy", x[:5])
    tools.expect(
        1,
        "run",
        "c.mlir",
        "-i",
        "x=x.npy",
        "--batch-axis",
        "0",
        says="input 'x' is f32[2, 4]: 5 along axis 0 cannot be cut to its size",
    )


def test_progress(tools):
    write_sum(tools)
    arguments = ("run", "sum.mlir", "-i", "x=x.npy", "-i", "scale=0", "--repeat", "1000", "-q")
    assert not tools.expect(0, *arguments).stderr
    assert "1000 of 1000 calls" in tools.expect(0, *arguments, "--progress").stderr


def test_prints_of_the_graph(tools):
    (tools.folder / "p.mlir").write_text("""fn.graph @p {
      %x = fn.placeholder "x" : tensor<?xf32>
      %p = fn.print "seen", %x : tensor<?xf32>
      fn.function @f inputs(%x : tensor<?xf32>) outputs() updates(%p)
    }""")
    assert tools.expect(0, "run", "p.mlir", "-i", "x=[1,2.5]").stdout == "seen: f32[2] [1, 2.5]\n"


def test_large_outputs_are_summarised(tools):
    (tools.folder / "b.mlir").write_text("""fn.graph @b {
      %x = fn.placeholder "x" : tensor<?xf32>
      fn.function @f inputs(%x : tensor<?xf32>) outputs("y" = %x : tensor<?xf32>)
    }""")
    x = np.arange(1000, dtype=np.float32)
    x[17] = np.nan
    np.save(tools.folder / "x.npy", x)
    done = tools.expect(0, "run", "b.mlir", "-i", "x=x.npy")
    assert (
        done.stdout == "y: f32[1000] from 0 to 999, mean 499.983, 1 not finite\n  [0, 1, 2, 3, 4, 5, ...]\n"
    ), done.stdout


def test_names_of_files(tools):
    (tools.folder / "n.mlir").write_text("""fn.graph @n {
      %x = fn.placeholder "in=1/x:0" as "x" : tensor<f32>
      fn.function @f inputs(%x : tensor<f32>) outputs("../a/b%" as "a" = %x : tensor<f32>)
    }""")
    tools.expect(0, "run", "n.mlir", "-i", "in=1/x:0=2.5", "--output-dir", "out")
    assert [path.name for path in (tools.folder / "out").iterdir()] == ["%2E.%2Fa%2Fb%25.npy"]


def test_objects(tools):
    x = write_sum(tools)
    tools.expect(0, "compile", "sum.mlir", "-o", "sum.o", "-g", "-O3")
    tools.watch_compiler()
    done = tools.expect(0, "run", "sum.o", "-i", "x=x.npy", "-i", "scale=2", "-o", "out.npz")
    assert "fnc-compiler" not in done.stderr and np.array_equal(np.load(tools.folder / "out.npz")["scaled"], x * 2)
    for options, says in (
        (("--target", "thumbv7em-none-eabihf"), "arm.o: error: is not for this machine"),
        (("--target", "aarch64-linux-gnu"), "arm.o: error: is not for this machine"),
    ):
        tools.expect(0, "compile", "sum.mlir", "-o", "arm.o", *options)
        tools.expect(1, "run", "arm.o", "-i", "x=x.npy", says=says)
    tools.expect(
        1, "run", "sum.o", "--function", "ad", says="sum.o: error: graph @sum has no function @ad; did you mean 'add'?"
    )
    whole = (tools.folder / "sum.o").read_bytes()
    for size in (4, 63, 64, 1000, len(whole) // 2, len(whole) - 1):
        (tools.folder / "cut.o").write_bytes(whole[:size])
        tools.expect(1, "run", "cut.o", "-i", "x=x.npy", says="cut.o: error: is damaged or truncated")
    (tools.folder / "other.c").write_text("int f(void) { return 1; }\n")
    assert tools.run("cc", "-c", "other.c", "-o", "other.o").returncode == 0
    tools.expect(1, "run", "other.o", says="other.o: error: has no manifest: fnc did not make it")
    tools.expect(1, "run", tools.fnc, says="error: is not an object that fnc made")


def test_cache(tools):
    write_sum(tools)
    cache = tools.folder / "cache"
    quiet = {"env": os.environ | {"XDG_CACHE_HOME": str(cache)}}
    tools.watch_compiler()
    graph = ("run", "sum.mlir", "-i", "x=x.npy", "-i", "scale=2", "-q")

    def compiles(*arguments):
        return "fnc-compiler" in tools.expect(0, *arguments, **quiet).stderr

    assert compiles(*graph, "--no-cache") and not cache.exists()
    assert compiles(*graph) and not compiles(*graph)
    entries = list((cache / "fnc").iterdir())
    assert len(entries) == 1
    # By content: not the name, but whatever decides the code.
    (tools.folder / "same").mkdir()
    (tools.folder / "same" / "sum.mlir").write_text(SUM)
    assert not compiles("run", "same/sum.mlir", *graph[2:])
    assert compiles(*graph, "-O1") and compiles(*graph, "--function", "add")
    (tools.folder / "sum.mlir").write_text(SUM.replace("[1.0, 2.0, 3.0]", "[1.0, 2.0, 4.0]"))
    assert compiles(*graph) and not compiles(*graph)
    # A damaged entry is made anew.
    entries = list((cache / "fnc").iterdir())
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-40])
    assert compiles(*graph) and not compiles(*graph)
    # The oldest go; what does not fit is not kept.
    size = max(entry.stat().st_size for entry in entries)
    (tools.folder / "sum.mlir").write_text(SUM.replace("3.0]", "5.0]"))
    assert compiles(*graph, "--cache-limit", str(3 * size)) and not compiles(*graph)
    assert sum(entry.stat().st_size for entry in (cache / "fnc").iterdir()) <= 3 * size
    assert compiles(*graph, "-O3", "--cache-limit", "1K") and compiles(*graph, "-O3", "--cache-limit", "1K")
    # A cache that cannot be is no error.
    (tools.folder / "file").write_text("")
    for where in (tools.folder / "file", "/proc/none", ""):
        tools.expect(0, *graph, env=os.environ | {"XDG_CACHE_HOME": str(where), "HOME": "/none"})


def test_state_files(tools):
    write_sum(tools)
    total, count = np.array([7, 8, 9], np.float32), np.array(5)
    graph = ("run", "sum.mlir", "-i", "x=x.npy", "-i", "scale=0", "--load-state", "s.safetensors")
    write_state(tools.folder / "s.safetensors", {"total": total, "count": count})
    assert tools.expect(0, *graph).stdout.splitlines()[-2:] == ["before: f32[3] [7, 8, 9]", "n: i64[] 5"]
    for tensors, says in (
        ({"total": total}, "s.safetensors: error: has no variable 'count' of graph @sum"),
        (
            {"total": total, "cuont": count},
            "s.safetensors: error: graph @sum has no variable 'cuont'; did you mean 'count'?",
        ),
        ({"total": total[:2], "count": count}, "variable 'total' is f32[3], the file holds f32[2]"),
        ({"total": total.astype(np.float64), "count": count}, "variable 'total' is f32[3], the file holds f64[3]"),
    ):
        write_state(tools.folder / "s.safetensors", tensors)
        tools.expect(1, *graph, says=says)
