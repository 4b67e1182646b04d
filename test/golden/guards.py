#!/usr/bin/env python3
"""Whether the guard zones of run.py see what they are for: guards.py FNC

An object is replaced by functions that write one byte too far, before or behind one of their buffers; each must be
reported, and the honest call must not.
"""
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from run import Library

GRAPH = """fn.graph @g {
  %x = fn.placeholder "x" : tensor<?x3xf32>
  %w = fn.variable "w" : tensor<3x3xf32> = dense<0.5>
  %y = fn.matmul %x, %w : (tensor<?x3xf32>, tensor<3x3xf32>) -> tensor<?x3xf32>
  %s = fn.softmax %y {axis = 0 : i64} : tensor<?x3xf32>
  %z = fn.matmul %s, %w : (tensor<?x3xf32>, tensor<3x3xf32>) -> tensor<?x3xf32>
  fn.function @f as "f_f" inputs(%x : tensor<?x3xf32>) outputs("z" = %z : tensor<?x3xf32>)
}
"""
FORGED = """#include "g.h"
static long target, place;
void aim(long buffer, long offset) { target = buffer; place = offset; }
void g_init(void *state) { (void)state; }
fn_status g_f_f(const g_f_f_args *args) {
  fn_status status = {0};
  if (!args->workspace) {
    status.code = FN_WORKSPACE_TOO_SMALL;
    status.expected = 128;
    return status;
  }
  unsigned char *buffers[] = {(unsigned char *)args->state, (unsigned char *)args->x, (unsigned char *)args->out_z,
                              (unsigned char *)args->workspace};
  if (place)
    buffers[target][place < 0 ? place : place - 1] ^= 0x5A;
  return status;
}
"""

passed, failed = 0, 0


def check(what, good):
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    if not good:
        print(f"FAILED: {what}")


def reported(library):
    x = np.ones((2, 3), np.float32)
    try:
        library.call("f", [x], [x])
    except RuntimeError as problem:
        return "wrote outside" in str(problem) or "changed an input" in str(problem)
    return False


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder)
    library = Library(sys.argv[1], GRAPH, path)
    check("the object itself stays inside", not reported(library))
    (path / "forged.c").write_text(FORGED)
    include = pathlib.Path(__file__).resolve().parents[2] / "runtime" / "include"
    subprocess.run(["cc", "-shared", "-fPIC", "-I", str(include), "-I", folder, str(path / "forged.c"), "-o",
                    str(path / "forged.so")], check=True)
    library.machine.library = ctypes.CDLL(str(path / "forged.so"))
    library.machine.library.aim.argtypes = [ctypes.c_long, ctypes.c_long]
    library.machine.library.aim(0, 0)
    check("an object that writes nothing stays inside", not reported(library))
    sizes = [max(library.manifest["state_bytes"], 64), 24, 24, 128]
    for buffer, (name, size) in enumerate(zip(("state", "input", "output", "workspace"), sizes)):
        for where, offset in (("before", -1), ("behind", size + 1)):
            library.machine.library.aim(buffer, offset)
            check(f"a store {where} the {name}", reported(library))
    library.machine.library.aim(1, 1)
    check("a store into an input", reported(library))
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
