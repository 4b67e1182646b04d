"""Graphs, files and numbers for the tests of fnc run."""

import json
import pathlib

import numpy as np

DTYPES = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "ui8": np.uint8,
    "ui16": np.uint16,
    "ui32": np.uint32,
    "ui64": np.uint64,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
}
SAFETENSORS = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "BOOL": np.bool_}

# A running sum, with a check that can fail after it has computed.
SUM = """fn.graph @sum {
  %x = fn.placeholder "x" : tensor<?x3xf32>
  %scale = fn.placeholder "scale" : tensor<f32>
  %total = fn.variable "total" : tensor<3xf32> = dense<[1.0, 2.0, 3.0]>
  %count = fn.variable "count" : tensor<i64> = dense<0>
  %one = fn.constant dense<1> : tensor<i64>
  %scaled = fn.mul %x, %scale : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x3xf32>
  %sums = fn.reduce_sum %scaled {axes = array<i64: 0>} : (tensor<?x3xf32>) -> tensor<3xf32>
  %added = fn.add %total, %sums : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %checked = fn.check_finite %added, "the total" : tensor<3xf32>
  %next = fn.add %count, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
  fn.function @add inputs(%x : tensor<?x3xf32>, %scale : tensor<f32>)
                   outputs("scaled" = %scaled : tensor<?x3xf32>, "before" = %total : tensor<3xf32>,
                           "n" = %count : tensor<i64>)
                   updates(%total = %checked : tensor<3xf32>, %count = %next : tensor<i64>)
}
"""


def write_sum(tools):
    (tools.folder / "sum.mlir").write_text(SUM)
    x = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
    np.save(tools.folder / "x.npy", x)
    return x


def read_state(path):
    """The tensors of a .safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    length = int.from_bytes(raw[:8], "little")
    data = raw[8 + length :]
    header = json.loads(raw[8 : 8 + length])
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], SAFETENSORS[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def write_state(path, tensors):
    header, data = {}, b""
    names = {np.dtype(v): k for k, v in SAFETENSORS.items()}
    for name, array in tensors.items():
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + data)
