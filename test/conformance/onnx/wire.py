"""Reads the few protobuf messages of ONNX that a test case consists of; needs numpy alone."""
import numpy as np

DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
          10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64}
NAMES = ["UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16",
         "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ",
         "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2"]
BFLOAT16 = 16
# Elements of 8 bits and less travel as bytes: floats by their bits, integers by value. (bits, signed)
SMALL = {17: (8, False), 18: (8, False), 19: (8, False), 20: (8, False), 21: (4, False), 22: (4, True), 23: (4, False),
         24: (8, False), 25: (2, False), 26: (2, True)}


class Unsupported(Exception):
    """The case holds something that is no tensor of plain numbers."""


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def message(data):
    """The fields of a message: {number: [values]}; numbers of varints, bytes of all else."""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if kind == 1 else 4
            value, at = data[at:at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def varints(values):
    """A repeated integer field, packed or not."""
    result = []
    for value in values:
        if isinstance(value, int):
            result.append(signed(value))
            continue
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            result.append(signed(one))
    return result


def floats(values, dtype):
    return np.frombuffer(b"".join(values), dtype)


def unpacked(data, bits, signed_, count):
    data = np.frombuffer(data, np.uint8)
    parts = [data >> shift & (1 << bits) - 1 for shift in range(0, 8, bits)]
    values = np.stack(parts, 1).reshape(-1)[:count].astype(np.uint8)
    return (values.astype(np.int8) << 8 - bits >> 8 - bits).astype(np.int8) if signed_ else values


def tensor(data):
    """(name, array) of a TensorProto; a bfloat16 tensor is an array of the dtype 'V2', small elements are bytes."""
    fields = message(data)
    kind = fields.get(2, [0])[0]
    shape = varints(fields.get(1, []))
    name = fields.get(8, [b""])[0].decode()
    if kind in SMALL:
        packed = fields[9][0] if 9 in fields else bytes(v & 255 for v in varints(fields.get(5, [])))
        return name, unpacked(packed, *SMALL[kind], int(np.prod(shape, dtype=np.int64))).reshape(shape)
    if kind not in DTYPES and kind != BFLOAT16:
        raise Unsupported(f"tensor of {NAMES[kind] if kind < len(NAMES) else kind}")
    dtype = np.dtype("V2") if kind == BFLOAT16 else np.dtype(DTYPES[kind])
    if 9 in fields:
        array = np.frombuffer(fields[9][0], dtype)
    elif kind == 1:
        array = floats(fields.get(4, []), np.float32)
    elif kind == 11:
        array = floats(fields.get(10, []), np.float64)
    elif kind == 7:
        array = np.array(varints(fields.get(7, [])), np.int64)
    elif kind in (12, 13):
        array = np.array([v & (1 << 64) - 1 for v in varints(fields.get(11, []))], np.uint64).astype(dtype)
    elif kind in (10, BFLOAT16):
        array = np.array(varints(fields.get(5, [])), np.uint16).view(dtype)
    else:
        array = np.array(varints(fields.get(5, [])), np.int64).astype(dtype)
    return name, array.reshape(shape)


def value_info(data):
    """(name, kind of type, sizes or None); a size is None where it is not a number."""
    fields = message(data)
    name = fields.get(1, [b""])[0].decode()
    type_fields = message(fields.get(2, [b""])[0])
    if 9 in type_fields:
        inner = message(message(type_fields[9][0]).get(1, [b""])[0])
        return name, "optional sequence" if 4 in inner else "optional", None
    if 1 not in type_fields:
        kinds = {4: "sequence", 5: "map", 8: "sparse tensor"}
        return name, next((kinds[k] for k in type_fields if k in kinds), "nothing"), None
    tensor_fields = message(type_fields[1][0])
    kind = tensor_fields.get(1, [0])[0]
    kind = NAMES[kind] if kind < len(NAMES) else str(kind)
    if 2 not in tensor_fields:
        return name, kind, None
    sizes = []
    for dim in message(tensor_fields[2][0]).get(1, []):
        size = message(dim).get(1, [None])[0]
        sizes.append(None if size is None or signed(size) < 0 else size)
    return name, kind, sizes


def value(data, kind):
    """The arrays in a serialized tensor, sequence or optional; None for an optional that is absent."""
    fields = message(data)
    if kind.startswith("optional"):
        inner = fields.get(5 if kind == "optional sequence" else 3)
        return value(inner[0], "sequence" if kind == "optional sequence" else "tensor") if inner else None
    if kind == "sequence":
        return [tensor(t)[1] for t in fields.get(3, [])]
    return [tensor(data)[1]]


def model(data):
    """Inputs (without initializers) and outputs of a model, as value_info gives them."""
    graph = message(message(data)[7][0])
    initialized = {message(t).get(8, [b""])[0].decode() for t in graph.get(5, [])}
    inputs = [value_info(v) for v in graph.get(11, [])]
    return [i for i in inputs if i[0] not in initialized], [value_info(v) for v in graph.get(12, [])]


def computes_in_half(data):
    """Whether a weight of the main graph is of float16 or bfloat16."""
    graph = message(message(data)[7][0])
    return any(message(t).get(2, [0])[0] in (10, BFLOAT16) for t in graph.get(5, []))


def as_numbers(array):
    """For comparison: bfloat16 as float32."""
    if array.dtype == np.dtype("V2"):
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array


