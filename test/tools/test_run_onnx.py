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


def write_model(tools, folder="."):
    encoded = tools.run(
        "protoc",
        "--encode=onnx.ModelProto",
        "-I",
        "/usr/include/onnx",
        "/usr/include/onnx/onnx.proto",
        input=MODEL.encode(),
        text=False,
        errors=None,
    )
    assert encoded.returncode == 0, encoded.stderr
    (tools.folder / folder).mkdir(exist_ok=True)
    (tools.folder / folder / "m.onnx").write_bytes(encoded.stdout)
    np.array([10, 20], np.float32).tofile(tools.folder / folder / "w.bin")


def test_sizes_and_external_data(tools):
    write_model(tools, "models")
    environment = os.environ | {"XDG_CACHE_HOME": str(tools.folder / "cache"), "LD_DEBUG": "files"}

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
