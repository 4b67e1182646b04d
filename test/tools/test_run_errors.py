"""What cannot be run: a message, exit code 1, nothing written, state files as they were."""

import os
import random
import struct
import subprocess
import zipfile

import numpy as np

from arrays import read_state, write_state, write_sum

GRAPH = ("run", "sum.mlir", "-i", "scale=1", "-o", "out.npz", "--output-dir", "out", "--save-state", "s.safetensors")


def refused(tools, *arguments, says, code=1):
    """Refused with one message, and nothing written."""
    before = {path: path.read_bytes() for path in tools.folder.rglob("*") if path.is_file()}
    done = tools.expect(code, *arguments, says=says)
    assert not done.stdout and len(done.stderr) < 1000 and "error: " in done.stderr, done.stderr
    after = {path: path.read_bytes() for path in tools.folder.rglob("*") if path.is_file()}
    assert before == after and not (tools.folder / "out").exists()


def npy(header, data=b"", version=(1, 0), length=None):
    header = header.encode("latin1")
    length = len(header) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", length) + header + data


def test_missing_and_unknown_inputs(tools):
    write_sum(tools)
    x = ("-i", "x=x.npy")
    for arguments, says in (
        ((), "fnc: error: function 'add' needs input 'x', f32[?, 3]: give it as --input x=FILE"),
        (("-i", "y=x.npy"), "fnc: error: function 'add' has no input 'y'; it has 'x', 'scale'"),
        ((*x, "-i", "sclae=1"), "fnc: error: function 'add' has no input 'sclae'; did you mean 'scale'?"),
        ((*x, *x), "fnc: error: input 'x' is given twice"),
        (("-i", "x=none.npy"), "none.npy: error: No such file or directory"),
        (("-i", "x=none.npz"), "none.npz: error: No such file or directory"),
        (("-i", "x=none.npz:x"), "none.npz: error: No such file or directory"),
        (("-i", "x=."), ".: error: Is a directory"),
        (("-i", "x=sum.mlir"), "sum.mlir: error: is not a .npy file"),
    ):
        refused(tools, *GRAPH, *arguments, says=says)
    for arguments in (("-i", "x.npy"), ("-i", "=3"), ("-i", "x=")):
        refused(tools, *GRAPH, *arguments, says="fnc run: error: --input expects NAME=VALUE", code=2)
    refused(
        tools,
        "run",
        "sum.mlir",
        "--function",
        "ad",
        says="sum.mlir:1:1: error: graph @sum has no function @ad; did you mean 'add'?",
    )
    refused(tools, "run", "none.mlir", says="none.mlir: error: No such file or directory")
    (tools.folder / "bad.mlir").write_text("fn.graph @g { %x = }")
    refused(tools, "run", "bad.mlir", says="bad.mlir:1:")
    refused(
        tools,
        "run",
        tools.inputs / "mlp.mlir",
        says="graph @mlp has 2 functions: say which with --function: predict, shift",
    )


def test_arrays_that_do_not_fit(tools):
    x = write_sum(tools)
    for array, says in (
        (x.astype(np.float64), "input 'x' is f32[?, 3], a.npy holds f64[5, 3]; --cast converts"),
        (x[:, :2], "input 'x' is f32[?, 3], a.npy holds f32[5, 2]"),
        (x[0], "input 'x' is f32[?, 3], a.npy holds f32[3]"),
        (x.astype(np.complex64), "a.npy: error: holds elements of type '<c8', which no tensor has"),
        (np.array(["text"] * 3), "a.npy: error: holds elements of type '<U4', which no tensor has"),
        (np.zeros(3, [("a", "f4"), ("b", "i4")]), "a.npy: error: holds records, expected numbers"),
        (np.array([None, 1]), "a.npy: error: holds elements of type '|O', which no tensor has"),
    ):
        np.save(tools.folder / "a.npy", array)
        refused(tools, *GRAPH, "-i", "x=a.npy", says=says)


FITS = """fn.graph @fits {
  %x = fn.placeholder "x" : tensor<1x?x1xf32>
  %a = fn.placeholder "a" : tensor<?xf32>
  %b = fn.placeholder "b" : tensor<?xf32>
  %c = fn.placeholder "c" : tensor<?xf32>
  %d = fn.placeholder "d" : tensor<?xf32>
  %k = fn.constant dense<1.0> : tensor<3x1x1xf32>
  %y = fn.conv %x, %k : (tensor<1x?x1xf32>, tensor<3x1x1xf32>) -> tensor<1x?x1xf32>
  %ab = fn.concat %a, %b {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %cd = fn.concat %c, %d {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %s = fn.add %ab, %cd : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  fn.function @window inputs(%x : tensor<1x?x1xf32>) outputs("y" = %y : tensor<1x?x1xf32>)
  fn.function @sums inputs(%a : tensor<?xf32>, %b : tensor<?xf32>, %c : tensor<?xf32>, %d : tensor<?xf32>)
                    outputs("s" = %s : tensor<?xf32>)
}
"""


def test_sizes_that_do_not_fit(tools):
    """A size that only the whole function asks for is told of the input that it is made of."""
    (tools.folder / "fits.mlir").write_text(FITS)
    np.save(tools.folder / "x.npy", np.zeros((1, 2, 1), np.float32))
    refused(
        tools,
        *("run", "fits.mlir", "--function", "window", "-i", "x=x.npy"),
        says="window: input 'x' has shape [1, 2, 1], expected [1, at least 3, 1]",
    )
    refused(
        tools,
        *("run", "fits.mlir", "--function", "sums", "-i", "a=[1]", "-i", "b=[1,2]", "-i", "c=[1,2]", "-i", "d=[1,2]"),
        says="sums: a size made of input 'a' does not fit: 3, expected 4",
    )


def test_malformed_npy(tools):
    write_sum(tools)
    good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
    for raw, says in (
        (b"", "is not a .npy file"),
        (b"\x93NUMPY", "is not a .npy file"),
        (npy(good, bytes(12))[:20], "is truncated: its header ends early"),
        (npy(good, bytes(11)), "is truncated: f32[1, 3] takes 12 bytes, the file has 11"),
        (npy(good, bytes(13)), "is too long: f32[1, 3] takes 12 bytes, the file has 13"),
        (npy(good, bytes(12), version=(4, 0)), "is of version 4.0 of the .npy format, expected 1.0, 2.0 or 3.0"),
        (npy(good, bytes(12), version=(2, 0), length=2**32 - 1), "is truncated: its header ends early"),
        (npy(good.replace("(1, 3)", f"({2**62}, 3)")), "has a size that no memory has"),
        (npy(good.replace("(1, 3)", f"({10**30}, 3)")), "has a size that no memory has"),
        (
            npy(good.replace("(1, 3)", f"({2**40}, 3)")),
            "is truncated: f32[1099511627776, 3] takes 13194139533312 bytes",
        ),
        (npy(good.replace("1, 3", "-1, 3")), "has a malformed .npy header"),
        (npy(good.replace("(1, 3)", "(3)"), bytes(12)), "has a malformed .npy header"),
        (npy(good.replace("(1, 3)", "[1, 3]"), bytes(12)), "has a malformed .npy header"),
        (npy(good.replace("False", "0"), bytes(12)), "has a malformed .npy header"),
        (npy(good.replace("'shape'", "'shpae'"), bytes(12)), "has a malformed .npy header"),
        (npy(good.replace("'fortran_order': False, ", ""), bytes(12)), "has a malformed .npy header"),
        (npy(good[:-1] + "'shape': (1, 3)}", bytes(12)), "has a malformed .npy header"),
        (npy(good + "__import__('os')", bytes(12)), "has a malformed .npy header"),
        (npy("__import__('os').abort()", bytes(12)), "has a malformed .npy header"),
        (npy(good.replace("<f4", "\\x3cf4"), bytes(12)), "has a malformed .npy header"),
        (npy("{" * 60000), "has a malformed .npy header"),
        (npy(good + " " * (2 << 20), bytes(12), version=(2, 0)), "has a malformed .npy header"),
    ):
        (tools.folder / "a.npy").write_bytes(raw)
        refused(tools, *GRAPH, "-i", "x=a.npy", says="a.npy: error: " + says)


def test_malformed_npz(tools):
    x = write_sum(tools)
    np.savez(tools.folder / "good.npz", x=x)
    whole = (tools.folder / "good.npz").read_bytes()
    path = tools.folder / "a.npz"
    for raw, says in (
        (b"", "a.npz: error: is not a .npz archive"),
        (b"PK\3\4", "a.npz: error: is not a .npz archive"),
        (whole[:-10], "a.npz: error: is a damaged .npz archive"),
        (whole.replace(x.tobytes(), bytes(x.nbytes)), "a.npz:x: error: is damaged"),
    ):
        path.write_bytes(raw)
        refused(tools, *GRAPH, "-i", "x=a.npz", says=says)
    np.savez(path, y=x, z=x)
    refused(tools, *GRAPH, "-i", "x=a.npz", says="a.npz: error: has no array 'x'; it has 'y', 'z'")
    refused(tools, *GRAPH, "-i", "x=a.npz:q", says="a.npz: error: has no array 'q'")
    refused(tools, *GRAPH, "-i", "a.npz", says="function 'add' has no input 'y'")
    # A member that says more than it holds.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "x.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999, 9999), }", bytes(10**6))
        )
    refused(tools, *GRAPH, "-i", "x=a.npz", says="a.npz:x: error: is truncated")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"nothing")
    refused(tools, *GRAPH, "-i", "x=a.npz", says="a.npz:x: error: is not a .npy file")


def test_malformed_state(tools):
    write_sum(tools)
    write_state(tools.folder / "s.safetensors", {"total": np.zeros(3, np.float32), "count": np.array(5)})
    whole = (tools.folder / "s.safetensors").read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header, data = whole[8 : 8 + length], whole[8 + length :]

    def file(header, data=data):
        return len(header).to_bytes(8, "little") + header + data

    for raw, says in (
        (b"", "is not a .safetensors file"),
        (b"text here", "is not a .safetensors file"),
        (whole[:-1], "is truncated: 'count' ends at byte 20 of 19"),
        (whole + b"1", "has 21 bytes of tensors, its header says 20"),
        (whole[:50], "is truncated: its header ends early"),
        ((2**63).to_bytes(8, "little") + b"{}", "is not a .safetensors file"),
        (file(b"[]"), "is not a .safetensors file"),
        (file(b"{" * 100000), "is not a .safetensors file"),
        (file(b"[" * 1000000 + b"]" * 1000000), "is not a .safetensors file"),
        (file(header.replace(b"[0, 12]", b"[0, 11]")), ":total: error: has 11 bytes, f32[3] does not"),
        (file(header.replace(b"[0, 12]", b"[12, 0]")), ":total: error: has -12 bytes, f32[3] does not"),
        (file(header.replace(b"[12, 20]", b"[8, 16]")), "has tensors that overlap or leave gaps"),
        (file(header.replace(b"[12, 20]", b"[16, 24]"), data + bytes(4)), "has tensors that overlap or leave gaps"),
        (file(header.replace(b'"F32"', b'"F8_E4M3"')), ":total: error: is of type 'F8_E4M3', which no tensor has"),
        (file(header.replace(b"[3]", b"[-3]")), ":total: error: has a malformed shape"),
        (
            file(header.replace(b"[3]", b"[4611686018427387904, 4611686018427387904]")),
            ":total: error: has 12 bytes, f32[",
        ),
        (file(header.replace(b'"dtype"', b'"type"')), ":total: error: has a malformed entry in the header"),
    ):
        (tools.folder / "s.safetensors").write_bytes(raw)
        refused(tools, *GRAPH, "-i", "x=x.npy", "--load-state", "s.safetensors", says="s.safetensors")
        refused(tools, *GRAPH, "-i", "x=x.npy", "--load-state", "s.safetensors", says=says)


def test_read_only_and_no_state(tools):
    (tools.folder / "k.mlir").write_text("""fn.graph @k {
      %k = fn.variable "k" read_only : tensor<2xf32> = dense<2.0>
      fn.function @f inputs() outputs("k" = %k : tensor<2xf32>)
    }""")
    write_state(tools.folder / "s.safetensors", {"k": np.zeros(2, np.float32)})
    refused(
        tools,
        "run",
        "k.mlir",
        "--load-state",
        "s.safetensors",
        says="s.safetensors: error: variable 'k' of graph @k is read-only",
    )
    refused(tools, "run", "k.mlir", "--save-state", "t.safetensors", says="graph @k has no variables to save")
    refused(tools, "run", "k.mlir", "-i", "k=1", says="function 'f' has no inputs, got 'k'")


def test_failed_calls_change_nothing(tools):
    write_sum(tools)
    write_state(tools.folder / "s.safetensors", {"total": np.ones(3, np.float32), "count": np.array(5)})
    state = ("--load-state", "s.safetensors")
    refused(
        tools,
        *GRAPH,
        *state,
        "-i",
        "x=[[1,2,3],[4,1e38,inf]]".replace("inf", "1e39"),
        says="fnc: error: add: not finite: the total",
    )
    # Also where calls before it were good.
    x = np.ones((4, 2, 3), np.float32)
    x[2] = np.inf
    np.save(tools.folder / "x.npy", x)
    refused(tools, *GRAPH, *state, "-i", "x=x.npy", "--batch-axis", "0", says="fnc: error: add: not finite: the total")
    assert read_state(tools.folder / "s.safetensors")["count"] == 5


def test_outputs_that_cannot_be_written(tools):
    write_sum(tools)
    (tools.folder / "s.safetensors").mkdir()
    x = ("-i", "x=x.npy", "-q")
    refused(tools, *GRAPH, *x, says="fnc: error: cannot write 's.safetensors': Is a directory")
    graph = ("run", "sum.mlir", "-i", "scale=1", *x)
    refused(tools, *graph, "-o", "none/out.npz", says="cannot write 'none/out.npz': No such file or directory")
    refused(tools, *graph, "--output-dir", "none/out", says="cannot write 'none/out': No such file or directory")
    refused(tools, *graph, "--output-dir", "sum.mlir", says="cannot write 'sum.mlir")
    refused(tools, *graph, "-o", "out.npy", says="function 'add' has 3 outputs: write them to a .npz")
    refused(tools, *graph, "-o", "/proc/out.npz", "--output-dir", "out", says="cannot write '/proc/out.npz'")
    refused(
        tools,
        *graph,
        "-o",
        "out.npz",
        "--save-state",
        "/dev/full",
        says="cannot write '/dev/full': No space left on device",
    )
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [tools.fnc, *GRAPH[:-2], "-i", "x=x.npy"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tools.folder,
            env=os.environ | {"XDG_CACHE_HOME": str(tools.cache)},
        )
    assert (
        done.returncode == 1 and "cannot write 'standard output': No space left on device" in done.stderr
    ), done.stderr
    assert tools.listing() == ["s.safetensors", "sum.mlir", "x.npy"]


def test_more_than_memory_has(tools):
    (tools.folder / "m.mlir").write_text("""fn.graph @m {
      %a = fn.placeholder "a" : tensor<?x?xf32, #fn.coo>
      %d = fn.to_dense %a : (tensor<?x?xf32, #fn.coo>) -> tensor<?x?xf32>
      fn.function @f inputs(%a : tensor<?x?xf32, #fn.coo>) outputs("d" = %d : tensor<?x?xf32>)
    }""")
    for shape in (
        "[1000000000,1000000000]",
        "[9000000000000000000,9000000000000000000]",
        "[-1,5]",
        "[1000000,100000000]",
    ):
        done = tools.expect(
            1,
            "run",
            "m.mlir",
            "-i",
            "a.indices=i.npy".replace("i.npy", "[[0,0]]"),
            "-i",
            "a.values=[1]",
            "-i",
            f"a.shape={shape}",
            "-o",
            "out.npz",
        )
        assert "error: " in done.stderr and tools.listing() == ["m.mlir"]


def damage(raw, draw):
    """Some bytes changed, inserted, removed or repeated; more of them where headers are."""
    raw = bytearray(raw)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(min(len(raw), 200) if draw.random() < 0.7 else len(raw))
        kind = draw.randrange(5)
        if kind == 0:
            raw[at] = draw.randrange(256)
        elif kind == 1:
            raw[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            raw[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
        elif kind == 3:
            del raw[at : at + draw.randrange(1, 20)]
        else:
            raw[at : at + 4] = draw.choice((b"\xff" * 4, bytes(4), b"9999", b"\x7f\xff\xff\xff"))
        if not raw:
            break
    return bytes(raw)


def test_damaged_files_end_in_a_message(tools):
    x = write_sum(tools)
    np.savez(tools.folder / "stored.npz", x=x)
    np.savez_compressed(tools.folder / "packed.npz", x=x)
    write_state(tools.folder / "s.safetensors", {"total": np.zeros(3, np.float32), "count": np.array(5)})
    cases = (
        (name, (tools.folder / name).read_bytes()) for name in ("x.npy", "stored.npz", "packed.npz", "s.safetensors")
    )
    listing = None
    for name, raw in cases:
        for seed in range(50):
            damaged = tools.folder / ("damaged." + name.split(".")[1])
            damaged.write_bytes(damage(raw, random.Random(f"{name} {seed}")))
            if name == "s.safetensors":
                arguments = ("-i", "x=x.npy", "--load-state", damaged.name)
            else:
                arguments = ("-i", f"x={damaged.name}")
            done = tools.run_fnc("run", "sum.mlir", "-i", "scale=1", *arguments, timeout=20)
            assert done.returncode in (0, 1), f"{name}, seed {seed}: exit {done.returncode}\n{done.stderr}"
            assert (done.returncode == 0) == (not done.stderr) and len(
                done.stderr
            ) < 1000, f"{name}, seed {seed}: {done.stderr}"
            damaged.unlink()
            listing = listing or tools.listing()
            assert tools.listing() == listing
