"""fnc run of ONNX models: sizes come from the arrays, external data belongs to the model."""

import os

import numpy as np

# y = x + w, w in a file of its own.
MODEL = """ir_version: 8
opset_import { version: 17 }
graph {
  name: "g"
  input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_param: "N" } dim { dim_value: 2 } } } } }
  initializer { name: "w" data_type: 1 dims: 2 data_location: EXTERNAL
                external_data { key: "location" value: "w.bin" } external_data { key: "length" value: "8" } }
  node { op_type: "Add" input: ["x", "w"] output: "y" }
  output { name: "y" type { tensor_type { elem_type: 1 } } }
}
"""


def encode(tools, text, path):
    encoded = tools.run(
        "protoc",
        "--encode=onnx.ModelProto",
        "-I",
        "/usr/include/onnx",
        "/usr/include/onnx/onnx.proto",
        input=text.encode(),
        text=False,
        errors=None,
    )
    assert encoded.returncode == 0, encoded.stderr
    (tools.folder / path).write_bytes(encoded.stdout)


def write_model(tools, folder="."):
    (tools.folder / folder).mkdir(exist_ok=True)
    encode(tools, MODEL, f"{folder}/m.onnx")
    np.array([10, 20], np.float32).tofile(tools.folder / folder / "w.bin")


def test_sizes_and_external_data(tools):
    write_model(tools, "models")
    environment = os.environ | {"XDG_CACHE_HOME": str(tools.folder / "cache")}
    tools.watch_compiler()

    def run(x, *arguments):
        done = tools.expect(0, "run", "models/m.onnx", "-i", f"x={x}", "-o", "y.npy", *arguments, env=environment)
        return np.load(tools.folder / "y.npy").tolist(), "fnc-compiler" in done.stderr

    assert run("[[1,2]]") == ([[11, 22]], True) and run("[[3,4]]") == ([[13, 24]], False)
    # Other sizes are another model, unless they are left open.
    assert run("[[1,2],[3,4]]") == ([[11, 22], [13, 24]], True)
    open_sizes = ("--shape", "x=?,2")
    assert run("[[1,2]]", *open_sizes) == ([[11, 22]], True)
    assert run("[[1,2],[3,4]]", *open_sizes) == ([[11, 22], [13, 24]], False)
    np.array([0, 5], np.float32).tofile(tools.folder / "models/w.bin")
    assert run("[[1,2]]") == ([[1, 7]], True) and run("[[1,2]]") == ([[1, 7]], False)
    (tools.folder / "models/w.bin").unlink()
    tools.expect(1, "run", "models/m.onnx", "-i", "x=[[1,2]]", says="w.bin': No such file or directory")


def test_inputs_that_a_model_does_not_have(tools):
    write_model(tools)
    for arguments, says in (
        (("-i", "xx=[[1,2]]"), "m.onnx: error: the model has no input 'xx'"),
        (("-i", "x=[[1,2,3]]"), "m.onnx: error: "),
        (("-i", "x=none.npy"), "none.npy: error: No such file or directory"),
        ((), "fnc: error: function 'predict' needs input 'x', f32[?, 2]: give it as --input x=FILE"),
    ):
        tools.expect(1, "run", "m.onnx", *arguments, "-o", "y.npy", says=says)
    assert tools.listing() == ["m.onnx", "w.bin"]


def graph(inputs, body, outputs):
    """A model of inputs (name, element type, sizes), nodes and initializers, and output names."""
    declared = "".join(
        f'input {{ name: "{name}" type {{ tensor_type {{ elem_type: {kind} shape {{ '
        + "".join(f"dim {{ dim_value: {size} }} " for size in sizes)
        + "} } } }\n"
        for name, kind, sizes in inputs
    )
    shown = "".join(f'output {{ name: "{name}" }}\n' for name in outputs)
    return f'ir_version: 8\nopset_import {{ version: 17 }}\ngraph {{\nname: "g"\n{declared}{body}{shown}}}\n'


def outputs_of(tools, text, feeds, *arguments):
    encode(tools, text, "g.onnx")
    np.savez(tools.folder / "g.npz", **feeds)
    tools.expect(0, "run", "g.onnx", "-i", "g.npz", "-q", "-o", "out.npz", *arguments)
    return dict(np.load(tools.folder / "out.npz"))


def test_weights_beside_the_object(tools):
    weights = """initializer { name: "w" data_type: 1 dims: 2 float_data: 3 float_data: 4 }
    initializer { name: "b" data_type: 1 float_data: 1 }
    node { op_type: "Mul" input: ["x", "w"] output: "p" } node { op_type: "Add" input: ["p", "b"] output: "y" }
    node { op_type: "Add" input: ["h", "y"] output: "h2" }
    """
    encode(tools, graph([("x", 1, [2]), ("h", 1, [2])], weights, ["y", "h2"]), "w.onnx")
    tools.expect(0, "compile", "w.onnx", "--state", "h=h2", "--weights", "w.safetensors", "-o", "w.o")
    call = ("run", "w.o", "-i", "x=[1,2]", "-q", "-o", "y.npy")
    tools.expect(1, *call, says="variable 'w' of graph @w is in a file of weights: give --load-weights")
    for extra in ((), ("--load-state", "s.safetensors")):
        tools.expect(0, *call, "--load-weights", "w.safetensors", *extra, "--save-state", "s.safetensors")
        assert np.load(tools.folder / "y.npy").tolist() == [4, 9]
    tools.expect(1, *call, "--load-weights", "y.npy", says="y.npy: error: is not a .safetensors file")
    # A graph with its weights elsewhere, compiled with none of them.
    tools.expect(0, "import", "w.onnx", "--weights", "v.safetensors", "-o", "w.mlir")
    tools.expect(0, "run", "w.mlir", "-i", "x=[1,2]", "-i", "h=[0,0]", "--load-weights", "v.safetensors", "-q")
    assert (tools.folder / "v.safetensors").read_bytes() == (tools.folder / "w.safetensors").read_bytes()
    shown = tools.expect(0, "inspect", "w.o").stdout
    assert "2xf32, to be loaded" in shown


def subgraph(name, inputs, nodes, outputs):
    ports = "".join(f'input {{ name: "{x}" }} ' for x in inputs), "".join(f'output {{ name: "{x}" }} ' for x in outputs)
    return f'attribute {{ name: "{name}" type: GRAPH g {{ {ports[0]}{nodes}{ports[1]}}} }}'


def test_loops_and_branches_at_run_time(tools):
    body = """initializer { name: "limit" data_type: 1 float_data: 40 }
    node { op_type: "Loop" input: ["n", "", "x"] output: "y" """ + subgraph(
        "body", ["i", "go", "v"],
        """node { op_type: "Add" input: ["v", "x"] output: "u" }
        node { op_type: "ReduceSum" input: "u" output: "s" attribute { name: "keepdims" i: 0 type: INT } }
        node { op_type: "Less" input: ["s", "limit"] output: "on" } """, ["on", "u"]) + """ }
    node { op_type: "If" input: "c" output: "z" """ + subgraph(
        "then_branch", [], 'node { op_type: "Mul" input: ["y", "x"] output: "t" } ', ["t"]) + subgraph(
        "else_branch", [], 'node { op_type: "Sub" input: ["y", "x"] output: "e" } ', ["e"]) + """ }
    node { op_type: "Scan" input: ["x", "rows"] output: ["end", "all"]
      attribute { name: "num_scan_inputs" i: 1 type: INT } attribute { name: "scan_output_directions" ints: 1 type: INTS }
      """ + subgraph("body", ["v", "r"], """node { op_type: "Mul" input: ["v", "r"] output: "p" }
        node { op_type: "Add" input: ["p", "x"] output: "u" } """, ["u", "p"]) + """ }
    """
    text = graph([("x", 1, [2]), ("rows", 1, [20, 2]), ("n", 7, []), ("c", 9, [])], body, ["y", "z", "end", "all"])
    rows = np.linspace(-1, 1, 40, dtype=np.float32).reshape(20, 2)
    x = np.array([2, 3], np.float32)
    for n, c, times in ((4, True, 4), (100, False, 7), (0, True, 0)):
        got = outputs_of(tools, text, {"x": x, "rows": rows, "n": np.int64(n), "c": np.bool_(c)})
        y = x * (times + 1)
        assert np.array_equal(got["y"], y) and np.array_equal(got["z"], y * x if c else y - x), got
        state, products = x, []
        for row in rows:
            products.append(state * row)
            state = products[-1] + x
        assert np.allclose(got["end"], state, rtol=1e-6) and np.allclose(got["all"], products[::-1], rtol=1e-5)


def test_selections_with_a_bound(tools):
    nodes = """initializer { name: "most" data_type: 7 int64_data: 3 }
    initializer { name: "overlap" data_type: 1 float_data: 0.4 } initializer { name: "least" data_type: 1 float_data: 0.2 }
    node { op_type: "NonZero" input: "x" output: "at" }
    node { op_type: "Compress" input: ["x", "keep"] output: "some" attribute { name: "axis" i: 1 type: INT } }
    node { op_type: "NonMaxSuppression" input: ["boxes", "scores", "most", "overlap", "least"] output: "best" }
    """
    text = graph([("x", 1, [3, 4]), ("keep", 9, [4]), ("boxes", 1, [1, 30, 4]), ("scores", 1, [1, 2, 30])],
                 nodes, ["at", "some", "best"])
    rng = np.random.default_rng(7)
    x = rng.integers(0, 2, (3, 4)).astype(np.float32)
    keep = np.array([False, True, True, False])
    boxes, scores = rng.random((1, 30, 4), np.float32), rng.random((1, 2, 30), np.float32)
    want = []
    for c in range(2):
        chosen = []
        for i in np.argsort(-scores[0, c], kind="stable"):
            def overlap(j):
                low = [np.minimum(b[:2], b[2:]) for b in (boxes[0, i], boxes[0, j])]
                high = [np.maximum(b[:2], b[2:]) for b in (boxes[0, i], boxes[0, j])]
                both = np.prod(np.maximum(0, np.minimum(*high) - np.maximum(*low)))
                return both / (np.prod(high[0] - low[0]) + np.prod(high[1] - low[1]) - both)
            if len(chosen) < 3 and scores[0, c, i] > 0.2 and all(overlap(j) <= 0.4 for j in chosen):
                chosen.append(i)
        want += [[0, c, i] for i in chosen]
    feeds = {"x": x, "keep": keep, "boxes": boxes, "scores": scores}
    bounds = ("--bound", "at=12", "--bound", "some=2", "--bound", "best=9")
    got = outputs_of(tools, text, feeds, *bounds)
    counts = [int(got[f"{name}.count"]) for name in ("at", "some", "best")]
    assert np.array_equal(got["at"][:, : counts[0]], np.nonzero(x)), got["at"]
    assert counts[1] == 2 and np.array_equal(got["some"], x[:, keep])
    assert np.array_equal(got["best"][: counts[2]], want)
    np.savez(tools.folder / "g.npz", **feeds)
    tools.expect(1, "run", "g.onnx", "-i", "g.npz", *bounds[:4], "--bound", "best=1", says="best has at most 1")


def initializer(name, array):
    kinds = {np.dtype(np.uint8): 2, np.dtype(np.int8): 3, np.dtype(np.float32): 1}
    raw = "".join(f"\\{byte:03o}" for byte in array.tobytes())
    dims = "".join(f"dims: {size} " for size in array.shape)
    return f'initializer {{ name: "{name}" data_type: {kinds[array.dtype]} {dims}raw_data: "{raw}" }}\n'


def test_integer_products_are_exact(tools):
    rng = np.random.default_rng(3)
    # So many terms that f32 could not hold their sum, and in two dimensions.
    a, b = rng.integers(0, 256, (3, 700), np.uint8), rng.integers(100, 256, (700, 33), np.uint8)
    x, w = rng.integers(0, 256, (1, 4, 6, 6), np.uint8), rng.integers(-128, 128, (5, 4, 2, 2), np.int8)
    nodes = initializer("b", b) + initializer("w", w) + initializer("z", np.uint8(7)) + """
    node { op_type: "MatMulInteger" input: ["a", "b", "z", "z"] output: "y" }
    node { op_type: "MatMulInteger" input: ["a", "c"] output: "y2" }
    node { op_type: "ConvInteger" input: ["x", "w", "z"] output: "v" }
    """
    text = graph([("a", 2, a.shape), ("c", 3, [700, 2]), ("x", 2, x.shape)], nodes, ["y", "y2", "v"])
    c = rng.integers(-128, 128, (700, 2), np.int8)
    got = outputs_of(tools, text, {"a": a, "c": c, "x": x})
    assert np.array_equal(got["y"], (a.astype(np.int32) - 7) @ (b.astype(np.int32) - 7))
    assert np.array_equal(got["y2"], a.astype(np.int32) @ c.astype(np.int32))
    windows = np.lib.stride_tricks.sliding_window_view(x[0].astype(np.int32) - 7, (2, 2), (1, 2))
    assert np.array_equal(got["v"][0], np.einsum("cyxij,ocij->oyx", windows, w.astype(np.int32)))


def test_support_vector_machines(tools):
    rng = np.random.default_rng(4)
    vectors, x = rng.standard_normal((6, 3)).astype(np.float32), rng.standard_normal((5, 3)).astype(np.float32)
    coefficients, rho, per_class = rng.standard_normal((2, 6)), rng.standard_normal(3), [1, 2, 3]

    def floats(name, values):
        return f'attribute {{ name: "{name}" type: FLOATS {" ".join(f"floats: {v:.9g}" for v in np.ravel(values))} }}\n'

    def ints(name, values):
        return f'attribute {{ name: "{name}" type: INTS {" ".join(f"ints: {v}" for v in values)} }}\n'

    kernel = 'attribute { name: "kernel_type" type: STRING s: "RBF" }\n' + floats("kernel_params", [0.5, 0, 3])
    nodes = """node { domain: "ai.onnx.ml" op_type: "SVMRegressor" input: "x" output: "r"
      attribute { name: "n_supports" type: INT i: 6 } """ + kernel + floats("support_vectors", vectors) \
        + floats("coefficients", coefficients[0]) + floats("rho", [0.25]) + """ }
    node { domain: "ai.onnx.ml" op_type: "SVMClassifier" input: "x" output: ["label", "scores"] """ + kernel \
        + floats("support_vectors", vectors) + floats("coefficients", coefficients) + floats("rho", rho) \
        + ints("vectors_per_class", per_class) + ints("classlabels_ints", [10, 20, 30]) + " }\n"
    got = outputs_of(tools, graph([("x", 1, x.shape)], nodes, ["r", "label", "scores"]), {"x": x})
    k = np.exp(-0.5 * np.sum((x[:, None] - vectors) ** 2, -1))
    assert np.allclose(got["r"][:, 0], k @ coefficients[0] + 0.25, atol=1e-5)
    of = np.repeat([0, 1, 2], per_class)
    scores, votes = [], np.zeros((5, 3))
    for pair, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        score = k @ np.where(of == i, coefficients[j - 1], np.where(of == j, coefficients[i], 0)) + rho[pair]
        scores.append(score)
        votes[np.arange(5), np.where(score > 0, i, j)] += 1
    assert np.allclose(got["scores"], np.stack(scores, 1), atol=1e-5)
    assert np.array_equal(got["label"], 10 * (1 + votes.argmax(1)))


def test_the_greatest_of_many(tools):
    rng = np.random.default_rng(5)
    x = rng.integers(-50, 50, (2, 600)).astype(np.float32)
    x[0, 5:] = -np.inf                                      # fewer numbers than places
    nodes = """initializer { name: "k" data_type: 7 dims: 1 int64_data: 9 }
    node { op_type: "TopK" input: ["x", "k"] output: ["v", "i"] }
    node { op_type: "TopK" input: ["b", "k"] output: ["w", "j"] attribute { name: "largest" type: INT i: 0 } }
    """
    b = rng.integers(100, 128, 600).astype(np.int8)
    got = outputs_of(tools, graph([("x", 1, x.shape), ("b", 3, b.shape)], nodes, ["v", "i", "w", "j"]), {"x": x, "b": b})
    order = np.argsort(-x, 1, kind="stable")[:, :9]
    assert np.array_equal(got["i"], order) and np.array_equal(got["v"], np.take_along_axis(x, order, 1))
    order = np.argsort(b, kind="stable")[:9]
    assert np.array_equal(got["j"], order) and np.array_equal(got["w"], b[order])
