"""Loads a compiled graph and calls one of its functions through the C interface; needs numpy and a C compiler."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from machine import Status  # noqa: E402

TIMEOUT = 120
BUFFER_TOO_SMALL = 4


def aligned(size):
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start:start + max(size, 1)]


class Program:
    """One function of an object, as GRAPH_function, and a state at its initial values."""

    def __init__(self, path, shared, function, state_bytes=0):
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-o", shared, path], check=True, timeout=TIMEOUT)
        header = pathlib.Path(path).with_suffix(".h").read_text()
        self.struct = re.search(rf"typedef struct {function}_args \{{(.*?)\}}", header, re.S).group(1)
        self.library = ctypes.CDLL(os.path.abspath(shared))
        self.function = self.library[function]
        self.function.restype, self.function.argtypes = Status, [ctypes.c_void_p]
        self.state = aligned(max(state_bytes, 64))
        if state_bytes:
            self.library[function.split("_")[0] + "_init"](ctypes.c_void_p(self.state.ctypes.data))
        self.workspace, self.args = None, None

    def prepare(self, feeds, sizes):
        """The argument struct for these inputs in order, and for outputs of these sizes in bytes."""
        fields, values, current = [], {}, None
        left, self.results = list(feeds), [aligned(size) for size in sizes]
        results, self.feeds = list(self.results), []
        for line in self.struct.strip().splitlines():
            line = line.split("/*")[0].strip().rstrip(";")
            if m := re.match(r"ptrdiff_t (\w+)\[(\d+)\]", line):
                fields.append((m.group(1), ctypes.c_ssize_t * int(m.group(2))))
                values[m.group(1)] = (ctypes.c_ssize_t * int(m.group(2)))(*current.shape)
                continue
            if line == "size_t workspace_bytes":
                fields.append(("workspace_bytes", ctypes.c_size_t))
                continue
            field = re.search(r"\*(\w+)$", line).group(1) if "*" in line else "unused"
            fields.append((field, ctypes.c_void_p))
            if field in ("workspace", "unused"):
                continue
            if field == "state":
                values[field] = self.state.ctypes.data
            elif left:
                current = left.pop(0)
                block = aligned(current.nbytes)
                block[:current.nbytes] = np.frombuffer(np.ascontiguousarray(current).tobytes(), np.uint8)
                self.feeds.append(block)
                values[field] = block.ctypes.data
            else:
                values[field] = results.pop(0).ctypes.data
        self.args = type("Args", (ctypes.Structure,), {"_fields_": fields})()
        for field, value in values.items():
            setattr(self.args, field, value)
        self.takes_workspace = any(name == "workspace" for name, _ in fields)

    def run(self):
        if self.takes_workspace and self.workspace is not None:
            self.args.workspace, self.args.workspace_bytes = self.workspace.ctypes.data, self.workspace.size
        status = self.function(ctypes.addressof(self.args))
        if status.code == BUFFER_TOO_SMALL and self.takes_workspace:
            self.workspace = aligned(status.expected)
            self.workspace[:] = 0xFF
            self.args.workspace, self.args.workspace_bytes = self.workspace.ctypes.data, status.expected
            status = self.function(ctypes.addressof(self.args))
        if status.code:
            raise RuntimeError(f"status {status.code}, expected {status.expected}, got {status.got}")

    def call(self, feeds, sizes):
        """The outputs as bytes."""
        self.prepare(feeds, sizes)
        self.run()
        return [result[:size].tobytes() for result, size in zip(self.results, sizes)]
