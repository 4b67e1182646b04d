#!/usr/bin/env python3
"""Compiles whole models, calls them, and compares with recorded outputs.

    run.py --fnc PATH CACHE [--only REGEX] [--table FILE] [--arguments "-O3 --cpu native"] [--times]

A model is a folder of CACHE with one .onnx file, reference.json (names, shapes and types of inputs and outputs; per output
`noise`, how far the recording framework is from itself, relative to the largest value) and step_<k>/input_<i>.npy,
output_<j>.npy. Where there are several steps, an input that is what an output was one step before is a state: it becomes a
variable which that output updates, and is compared after each call. Sizes come from the reference; an input that must be
known when compiling is bound to its data, which must be the same in every step.

An output agrees where it is within 1e-4 + 20 * noise of the largest value of all steps, with f16 weights within 4e-3 of it
(the recording framework rounds after each op); that of a dynamically quantized model, whose rounding a last bit can move
by a whole step, within 5 % or in every arg max. Whole numbers agree exactly.
--times measures calls, and those of onnxruntime on one thread where it is installed.
Needs numpy and a C compiler. Ends with `N passed, N failed, N skipped`.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "onnx"))
import wire  # noqa: E402
from program import Program  # noqa: E402

TIMEOUT = 600
DYNAMIC = (b"DynamicQuantizeLinear", b"DynamicQuantizeLSTM", b"DynamicQuantizeMatMul")


class Model:
    def __init__(self, folder):
        self.folder = folder
        self.reference = json.loads((folder / "reference.json").read_text())
        self.path = next(iter(sorted(folder.glob("*.onnx"))))
        self.inputs = [i["name"] for i in self.reference["inputs"]]
        self.outputs = [o["name"] for o in self.reference["outputs"]]
        self.steps = [([np.load(folder / f"step_{k}/input_{i}.npy") for i in range(len(self.inputs))],
                       [np.load(folder / f"step_{k}/output_{j}.npy") for j in range(len(self.outputs))])
                      for k in range(self.reference["steps"])]
        data = self.path.read_bytes()
        self.is_dynamic = any(word in data for word in DYNAMIC)
        self.is_half = wire.computes_in_half(data)
        self.states = self.find_states()

    def find_states(self):
        """{input: output} where the input of each step is the output of the one before."""
        states = {}
        for i, name in enumerate(self.inputs):
            for j, output in enumerate(self.outputs):
                pairs = [(before[1][j], after[0][i]) for before, after in zip(self.steps, self.steps[1:])]
                if pairs and output not in states.values() and all(
                        a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs):
                    states[name] = output
                    break
        return states

    def constant(self, i):
        return all(np.array_equal(self.steps[0][0][i], inputs[i]) for inputs, _ in self.steps)


def literal(array):
    return ",".join(repr(x) for x in array.reshape(-1).tolist())


def peak(pid):
    """The most memory that a process has had so far; what a child inherits would count elsewhere."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        found = None
    return int(found.group(1)) * 1024 if found else 0


def compile_model(fnc, model, output, arguments):
    """The names of the inputs that were bound; seconds and bytes that it took."""
    command = [fnc, "compile", str(model.path), "-o", output, "--graph-name", "g", *arguments]
    for name, array in zip(model.inputs, model.steps[0][0]):
        command += ["--shape", f"{name}={','.join(map(str, array.shape))}"]
    for name, out in model.states.items():
        command.append(f"--state={name}={out}")
        start = model.steps[0][0][model.inputs.index(name)]
        if start.any():
            command.append(f"--bind={name}={literal(start)}")
    bound = set()
    while True:
        binds = [f"--bind={name}={literal(model.steps[0][0][model.inputs.index(name)])}" for name in sorted(bound)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command + binds, stderr=errors)
            memory = 0
            while process.poll() is None:
                memory = max(memory, peak(process.pid))
                time.sleep(0.01)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
            errors.seek(0)
            status, error = process.returncode, errors.read()
        if status == 0:
            return bound, seconds, memory
        needed = set(re.findall(r"--bind (\S+)=\.\.\.", error)) - bound - model.states.keys()
        needed &= {name for i, name in enumerate(model.inputs) if model.constant(i)}
        if not needed:
            raise RuntimeError(f"exit {status}: {error.strip()[:400]}")
        bound |= needed


def distance(got, want, largest):
    """The greatest difference, relative to the largest value of any step."""
    got, want = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(all="ignore"):
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        return float(np.max(np.where(same, 0, np.abs(got - want)), initial=0) / max(1e-30, largest))


def disagreement(model, j, got, want):
    """How far off an output is, and whether that is too far."""
    if want.dtype.kind in "biu":
        return float(not np.array_equal(got, want)), not np.array_equal(got, want)
    largest = max(np.max(np.abs(outputs[j][np.isfinite(outputs[j])]), initial=0) for _, outputs in model.steps)
    far = distance(got, want, largest)
    if not np.isfinite(far):
        return far, True
    if model.is_dynamic:
        return far, far > 0.05 and not (want.ndim and np.array_equal(got.argmax(-1), want.argmax(-1)))
    return far, far > (4e-3 if model.is_half else 1e-4) + 20 * model.reference["outputs"][j].get("noise", 0)


def fastest(work):
    """CPU seconds of the fastest of several calls."""
    best, spent, rounds = float("inf"), 0.0, 0
    while rounds < 5 or (spent < 1 and rounds < 200):
        start = time.process_time()
        work()
        took = time.process_time() - start
        best, spent, rounds = min(best, took), spent + took, rounds + 1
    return best


def peer(model):
    """The same of onnxruntime, on one thread; not a number without it."""
    try:
        import onnxruntime
    except ImportError:
        return float("nan")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
        feeds = dict(zip(model.inputs, model.steps[0][0]))
        return fastest(lambda: session.run(None, feeds))
    except Exception:                                       # ops or types that it lacks
        return float("nan")


def run_model(fnc, folder, arguments, times):
    model = Model(folder)
    graph = wire.message(wire.message(model.path.read_bytes())[7][0])
    nodes = sum(wire.message(node)[4][0] != b"Constant" for node in graph.get(1, []))
    with tempfile.TemporaryDirectory() as temporary:
        bound, seconds, memory = compile_model(fnc, model, f"{temporary}/m.o", arguments)
        shown = subprocess.run([fnc, "inspect", f"{temporary}/m.o", "--json"], capture_output=True, text=True, check=True)
        manifest = json.loads(shown.stdout)
        variables = {v["name"]: v["offset"] for v in manifest["variables"] if "offset" in v}
        program = Program(f"{temporary}/m.o", f"{temporary}/m.so", "g_predict", manifest["state_bytes"])
        fed = [i for i, name in enumerate(model.inputs) if name not in bound and name not in model.states]
        fetched = [j for j, name in enumerate(model.outputs) if name not in model.states.values()]
        worst = 0.0
        for k, (inputs, outputs) in enumerate(model.steps):
            raw = program.call([inputs[i] for i in fed], [outputs[j].nbytes for j in fetched])
            got = dict(zip(fetched, raw))
            for name, output in model.states.items():
                j = model.outputs.index(output)
                start = variables[name]
                got[j] = program.state[start:start + outputs[j].nbytes].tobytes()
            for j, data in got.items():
                far, bad = disagreement(model, j, np.frombuffer(data, outputs[j].dtype).reshape(outputs[j].shape), outputs[j])
                worst = max(worst, far)
                if bad:
                    raise RuntimeError(f"step {k}, output '{model.outputs[j]}': off by {far:.2e} of the largest value")
        best = fastest(program.run) if times else float("nan")
        other = peer(model) if times else float("nan")
        size = os.path.getsize(f"{temporary}/m.o")
        workspace = program.workspace.size if program.workspace is not None else 0
        bytes_ = sum(f.stat().st_size for f in folder.iterdir() if f.is_file())
        return (f"| {folder.name} | {bytes_ / 1e6:.1f} | {nodes} | agrees | {worst:.1e} | {seconds:.1f} | {memory / 1e6:.0f} | "
                f"{size / 1e6:.1f} | {workspace / 1e6:.2f} | {1e3 * best:.3f} | {1e3 * other:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--arguments", default="", help="more arguments of fnc compile")
    parser.add_argument("--times", action="store_true", help="measure calls")
    parser.add_argument("cache", type=pathlib.Path)
    options = parser.parse_args()
    fnc = os.path.abspath(options.fnc)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    rows = ["# Whole models", "",
            "Made by `test/conformance/models/run.py --table`; `test/conformance/README.md` says where they come from.", "",
            f"Compiled with `fnc compile {options.arguments}`; calls on one thread, the fastest of several, in CPU time; compiling",
            "in CPU time and peak memory.", "",
            "| model | size MB | nodes | outcome | off by | compile s | compile MB | object MB | workspace MB | call ms | onnxruntime ms |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for folder in sorted(f for f in options.cache.iterdir() if (f / "reference.json").exists()):
        if not re.search(options.only, folder.name) or not any(folder.glob("*.onnx")):
            continue
        try:
            row = run_model(fnc, folder, options.arguments.split(), options.times)
            counts["passed"] += 1
        except Exception as e:                              # any failure is the model's failure
            counts["failed"] += 1
            row = f"| {folder.name} | | | {str(e).splitlines()[0]} | | | | | | | |"
        rows.append(row)
        print(row, flush=True)
    if options.table:
        options.table.write_text("\n".join(rows) + "\n")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
