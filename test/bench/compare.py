#!/usr/bin/env python3
"""Compares the speed of generated code with its peers on the same work: one process per (peer, workload), pinned to one core, rounds interleaved.

    compare.py --set-up --build BUILD --work FOLDER              environments, data and workers, made once: some 8 GB
    compare.py --build BUILD --work FOLDER --table docs/speed.md everything; the README's table, too
    compare.py --build BUILD --work FOLDER --peers onnxruntime,openvino --workloads softmax_1024 --rounds 31

Protocol (see README.md): the worker prints `ready` once it has written its outputs to {out}, or `no REASON`; then it answers
each `run K` with one line of per-call nanoseconds (K values, or fewer, each the mean of a batch). Wrong outputs disqualify.
"""
import argparse
import glob
import json
import math
import os
import pathlib
import platform
import select
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# name: (virtual environment, file in peers/, extra environment, what it is)
PEERS = {
    "xla": ("a", "jax_peer.py", {}, "JAX jit (XLA CPU), buffers donated"),
    "tf": ("tf", "tf_peer.py", {"BENCH_TF": "function"}, "tf_keras K.function, graph mode session (oneDNN)"),
    "tf-xla": ("tf", "tf_peer.py", {"BENCH_TF": "xla"}, "tf.function(jit_compile=True)"),
    "onnxruntime": ("a", "onnxruntime_peer.py", {}, "ONNX Runtime, I/O binding"),
    "openvino": ("a", "openvino_peer.py", {}, "OpenVINO CPU plugin"),
    "litert": ("a", "litert_peer.py", {}, "LiteRT (XNNPACK)"),
    "scipy-csr": ("a", "scipy_peer.py", {}, "SciPy sparse, CSR made before the call"),
    "scipy-coo": ("a", "scipy_peer.py", {"BENCH_COO": "1"}, "SciPy sparse, from COO at each call"),
}
# Workers in C++ against the libraries of two packages: source, folder of the package, its headers and libraries.
NATIVE = {
    "openvino-c++": ("a", "openvino_native.cpp", "openvino", ["-I{0}/include"], ["{0}/libs/libopenvino.so.*", "-Wl,-rpath,{0}/libs",
                                                                                "-Wl,--allow-shlib-undefined"]),
    "tf-session-c": ("tf", "tf_session.cpp", "tensorflow", ["-I{0}/include"], ["{0}/libtensorflow_cc.so.2", "{0}/libtensorflow_framework.so.2",
                                                                           "-Wl,-rpath,{0}"]),
}
EXPORTED = ["mlp_predict_tiny", "lstm_stream", "kalman", "mlp_train"]       # as a TensorFlow graph
# For LiteRT; of vgg16 the converter would need more memory than there is.
CONVERTED = ["resnet50", "mobilenet_v2", "bert_encoder", "mlp_predict_tiny", "gelu_residual", "softmax_1024", "layernorm_1024",
             "lstm_stream", "kalman", "mlp_train"]
NETWORKS = ["vgg16", "resnet50", "mobilenet_v2", "bert_encoder"]            # a program each, from their model.onnx
# At least so many times as fast as the best peer.
GOALS = {"vgg16": 1.7, "resnet50": 1.2, "mobilenet_v2": 1.15, "bert_encoder": 1.04, "mlp_train": 1.15, "cnn_bn_train": 1.55,
         "lstm_stream": 1.4, "gelu_residual": 2.4, "softmax_1024": 1.3, "layernorm_1024": 2.4, "spmm": 2.6, "spmm_shuffled": 1.8,
         "mlp_predict_tiny": 7, "kalman": 60}
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "TVM_NUM_THREADS": "1",
           "NPROC": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
           "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu",
           "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
           # Peers that return fresh buffers would otherwise map and fault them in at each call (XLA: 2.5x on a 4 MiB softmax).
           "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "67108864"}


class Failure(Exception):
    pass


class Worker:
    """A running worker process."""

    def __init__(self, name, command, environment, core, out, timeout):
        self.name, self.out, self.timeout = name, out, timeout
        out.mkdir(parents=True)
        self.errors = out / "stderr.txt"
        pin = (lambda: os.sched_setaffinity(0, {core})) if core >= 0 else None
        self.begin = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors.open("w"), bufsize=0,
                                        env={**os.environ, **ENVIRONMENT, **environment}, preexec_fn=pin, start_new_session=True)
        self.buffer = b""

    def line(self):
        deadline = time.monotonic() + self.timeout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failure(f"no answer in {self.timeout:.0f} s")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                tail = [t for t in self.errors.read_text(errors="replace").splitlines() if t.strip()][-1:]
                raise Failure(f"ended with {self.process.wait()}: {(tail or ['no message'])[0].strip()[:160]}")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode().strip()

    def wait_ready(self):
        while True:
            line = self.line()
            if line == "ready":
                self.startup = time.monotonic() - self.begin
                return
            if line.startswith("no "):
                raise Failure(line[3:])

    def run(self, calls):
        self.process.stdin.write(f"run {calls}\n".encode())
        times = [float(t) for t in self.line().split()]
        if not times:
            raise Failure("empty answer to run")
        return statistics.median(times)

    def memory(self):
        """(resident, peak resident) MiB."""
        fields = dict(l.split(":", 1) for l in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if ":" in l)
        return tuple(int(fields[k].split()[0]) / 1024 for k in ("VmRSS", "VmHWM"))

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(2)
        except (OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def check(out, case, meta):
    """(worst relative L2 error, worst max abs error relative to the largest value); raises on wrong results."""
    worst_l2 = worst_abs = 0.0
    for path in sorted((case / "expected").glob("*.npy")):
        want = np.load(path).astype(np.float64)
        if not (out / path.name).exists():
            raise Failure(f"WRONG: no output {path.stem}")
        got = np.load(out / path.name).astype(np.float64)
        if got.size != want.size:
            raise Failure(f"WRONG: {path.stem} has shape {got.shape}, expected {want.shape}")
        error = got.reshape(want.shape) - want
        if not np.isfinite(error).all():
            raise Failure(f"WRONG: {path.stem} is not finite")
        scale = max(np.linalg.norm(want), 1e-30)
        l2, largest = np.linalg.norm(error) / scale, np.abs(error).max(initial=0) / max(np.abs(want).max(initial=0), 1e-30)
        worst_l2, worst_abs = max(worst_l2, l2), max(worst_abs, largest)
        if l2 > meta["rtol"] or largest > 30 * meta["rtol"]:
            raise Failure(f"WRONG: {path.stem} is off by {l2:.1e} (relative L2), {largest:.1e} (max abs / max)")
    return worst_l2, worst_abs


def roof_us(meta, roof):
    """Lower bound: the larger of FLOPs / peak and bytes / (read bandwidth of the working set's size)."""
    fits = [b["read_gbs"] for b in roof["bandwidth"] if b["kib"] * 1024 >= meta["bytes"]] or [roof["bandwidth"][-1]["read_gbs"]]
    compute, memory = meta["flops"] / roof["fma_gflops"] * 1e-3, meta["bytes"] / fits[0] * 1e-3
    return max(compute, memory), "compute" if compute > memory else "memory"


def measure(workload, commands, args, roof):
    case = args.data / workload
    meta = json.loads((case / "meta.json").read_text())
    result = {"workload": workload, "title": meta["title"], "flops": meta["flops"], "bytes": meta["bytes"], "peers": {}}
    if roof:
        result["roof_us"], result["bound"] = roof_us(meta, roof)
    workers, scratch = {}, pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        for name, (command, environment) in commands.items():
            out = scratch / name
            filled = [part.format(workload=workload, dir=case, out=out) for part in shlex.split(command)]
            begin = time.monotonic()
            worker = None
            try:
                worker = Worker(name, filled, environment, args.core, out, args.timeout)
                worker.wait_ready()
                errors = check(out, case, meta)
                ns = min(worker.run(1), worker.run(1))
                worker.calls = max(1, min(5000, int(args.round_ms * 1e6 / max(ns, 1))))
                worker.run(worker.calls)  # warm-up
                rss, peak = worker.memory()
                result["peers"][name] = {"startup_s": worker.startup, "rss_mib": rss, "peak_rss_mib": peak, "rel_l2": errors[0], "rel_max": errors[1], "calls": worker.calls}
                workers[name] = worker
            except (Failure, OSError) as reason:
                result["peers"][name] = {"no": str(reason)}
                if worker:
                    worker.stop()
            state = result["peers"][name]
            print(f"  {workload} {name}: {state.get('no', 'ready')} ({time.monotonic() - begin:.1f} s)", file=sys.stderr, flush=True)
        rounds = {name: [] for name in workers}
        for turn in range(args.rounds):
            for name in list(workers):
                if turn >= 3 and rounds[name][0] > args.slow_s * 1e6:
                    continue  # three rounds tell enough of a peer as slow as this
                try:
                    rounds[name].append(workers[name].run(workers[name].calls) * 1e-3)
                except (Failure, OSError) as reason:
                    result["peers"][name] = {"no": f"while running: {reason}"}
                    workers.pop(name).stop()
        for name in workers:
            r = rounds[name]
            result["peers"][name].update(median_us=statistics.median(r), min_us=min(r), max_us=max(r), rounds_us=r)
        for name in workers:  # ratios round by round: neighbours in time saw the same machine
            result["peers"][name]["ratio_to"] = {
                other: statistics.median(a / b for a, b in zip(rounds[name], rounds[other])) for other in workers if other != name}
    finally:
        for worker in workers.values():
            worker.stop()
        subprocess.run(["rm", "-rf", str(scratch)], check=False)
    return result


def quantity(us):
    return f"{us:,.3f}" if us < 3 else f"{us:,.1f}" if us < 100 else f"{us:,.0f}"


def best_of(result):
    """The fastest peer."""
    timed = {k: p["median_us"] for k, p in result["peers"].items() if "median_us" in p and k != "fnc"}
    return min(timed, key=timed.get, default=None)


def ratios(result):
    """(median, least, largest) of the best peer's time by ours, round by round."""
    pairs = [theirs / ours for ours, theirs in zip(result["peers"]["fnc"]["rounds_us"], result["peers"][best_of(result)]["rounds_us"])]
    return statistics.median(pairs), min(pairs), max(pairs)


def summary(results):
    """A row a workload: ours beside the best peer."""
    lines = ["| workload | fnc us | best peer us | times as fast | goal | of the roof | start-up, fnc / peer | memory, fnc / peer |",
             "| --- | --: | --: | --: | --: | --: | --: | --: |"]
    for r in results:
        ours, best = r["peers"].get("fnc", {}), best_of(r)
        if "median_us" not in ours or best is None:
            lines.append(f"| {r['workload']} | {ours.get('no', 'not measured')} | | | | | | |")
            continue
        peer = r["peers"][best]
        lines.append(f"| {r['workload']} | {quantity(ours['median_us'])} | {quantity(peer['median_us'])}, {best} | **{ratios(r)[0]:.2f}** | "
                     f"{GOALS.get(r['workload'], '')} | {100 * r['roof_us'] / ours['median_us']:.0f} % | "
                     f"{ours['startup_s']:.2f} / {peer['startup_s']:.2f} s | {ours['rss_mib']:.0f} / {peer['rss_mib']:.0f} MiB |")
    return "\n".join(lines) + "\n"


def details(results, roof):
    """Every peer of every workload."""
    lines = [f"Roof of the core: {roof['fma_gflops']:.0f} GFLOP/s f32 ({roof['isa']}); read bandwidth by working set: "
             + ", ".join(f"{b['kib'] / 1024:g} MiB {b['read_gbs']:.0f} GB/s" for b in roof["bandwidth"]) + ".", ""]
    for result in results:
        timed = {k: v for k, v in result["peers"].items() if "median_us" in v}
        best = min(timed, key=lambda k: timed[k]["median_us"], default=None)
        lines += [f"### {result['workload']}", "", f"{result['title']}. {result['flops'] / 1e6:,.3f} MFLOP, {result['bytes'] / 1e6:,.3f} MB."
                  f" Roof {quantity(result['roof_us'])} us ({result['bound']}).", "",
                  "| peer | median us | min-max us | x best | of roof | GFLOP/s | start s | RSS MiB | peak MiB | error |",
                  "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
        for name in sorted(timed, key=lambda k: timed[k]["median_us"]):
            p = timed[name]
            ratio = 1.0 if name == best else p["ratio_to"][best]
            lines.append(f"| {name} | {quantity(p['median_us'])} | {quantity(p['min_us'])}-{quantity(p['max_us'])} | {ratio:.2f} | "
                         f"{100 * result['roof_us'] / p['median_us']:.1f} % | {result['flops'] / p['median_us'] * 1e-3:.1f} | "
                         f"{p['startup_s']:.1f} | {p['rss_mib']:.0f} | {p['peak_rss_mib']:.0f} | {p['rel_l2']:.0e} |")
        lines += [f"| {name} | no: {p['no'].replace('|', '/')} | | | | | | | | |" for name, p in result["peers"].items() if "no" in p]
        lines.append("")
    return "\n".join(lines)


def plot(results):
    """Bars: how many times the best peer's speed ours is."""
    shown = [(r["workload"], *ratios(r), best_of(r)) for r in results if "median_us" in r["peers"].get("fnc", {}) and best_of(r)]
    left, width, row = 150, 420, 22
    at = lambda ratio: left + width * min(math.log2(max(ratio, 0.5)) + 1, 7) / 7     # 0.5 to 64 times
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{row * len(shown) + 40}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for ratio in (0.5, 1, 2, 4, 8, 16, 32, 64):
        parts.append(f'<line x1="{at(ratio):.0f}" x2="{at(ratio):.0f}" y1="20" y2="{row * len(shown) + 25}" stroke="{"black" if ratio == 1 else "#ddd"}"/>'
                     f'<text x="{at(ratio):.0f}" y="14" text-anchor="middle">{ratio:g}x</text>')
    for i, (workload, median, least, most, peer) in enumerate(shown):
        y = 25 + row * i
        begin, end = sorted((at(1), at(median)))
        parts.append(f'<text x="{left - 6}" y="{y + 13}" text-anchor="end">{workload}</text>'
                     f'<rect x="{begin:.0f}" y="{y + 3}" width="{end - begin:.0f}" height="12" fill="{"#2a7" if median >= 1 else "#c53"}"/>'
                     f'<line x1="{at(least):.0f}" x2="{at(most):.0f}" y1="{y + 9}" y2="{y + 9}" stroke="black"/>'
                     f'<text x="{left + width + 12}" y="{y + 13}">{median:.2f} x {peer}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def machine():
    """The processor's name."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def between(path, marker, text):
    """Replaces what stands between two marks of a file."""
    before, rest = path.read_text().split(f"<!-- {marker} -->\n")
    path.write_text(f"{before}<!-- {marker} -->\n{text}<!-- end -->{rest.split('<!-- end -->', 1)[1]}")


def write(results, roof, args):
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "roof": roof, "results": results}) + "\n")
    if not args.table:
        return
    head = (f"One core of {machine()}; the medians of {args.rounds} interleaved rounds; roof: operations by the multiply-add peak or bytes by the "
            "bandwidth, whichever takes longer.\n")
    args.table.write_text("# Speed beside other compilers and runtimes\n\n`test/bench/compare.py --table docs/speed.md` makes this page; `test/bench/README.md` "
                          f"describes the method.\n\n{head}\n{summary(results)}\n![ratios](speed.svg)\n\n{details(results, roof)}")
    args.table.with_suffix(".svg").write_text(plot(results))
    between(ROOT / "README.md", "compare.py", f"{head}\n{summary(results)}")


def set_up(args):
    """What is missing of environments, data and workers."""
    def run(*command, **options):
        print("$", " ".join(map(str, command)), flush=True)
        subprocess.run([str(c) for c in command], check=True, **options)

    for name in ("a", "tf"):
        if not (args.venvs / name / "done").exists():
            run(args.python, "-m", "venv", args.venvs / name)
            run(args.venvs / name / "bin" / "pip", "install", "-q", "-r", HERE / "peers" / f"requirements-{name}.txt")
            (args.venvs / name / "done").touch()
    if not (args.data / "done").exists():
        run(args.venvs / "a" / "bin" / "python", HERE / "export.py", "--export", args.data)
        run(args.venvs / "tf" / "bin" / "python", HERE / "peers" / "to_tflite.py", args.data, *CONVERTED)
        for workload in EXPORTED:
            run(args.venvs / "tf" / "bin" / "python", HERE / "peers" / "export_graph.py", args.data, workload)
        (args.data / "done").touch()
    for name, (venv, source, package, includes, libraries) in NATIVE.items():
        if not (args.work / name).exists():
            folder, = (args.venvs / venv).glob(f"lib/python*/site-packages/{package}")
            flags = [found for flag in libraries for found in (sorted(glob.glob(flag.format(folder))) or [flag.format(folder)])]
            run("g++", "-O2", "-std=c++17", *(flag.format(folder) for flag in includes), f"-I{HERE / 'peers'}", HERE / "peers" / source, *flags,
                "-o", args.work / name)
    if not (args.work / "roof").exists():
        run("cc", "-O3", "-march=native", HERE / "roof.c", "-o", args.work / "roof")
    run("cmake", args.build, f"-DFNC_BENCH_DATA={args.data}")
    run("cmake", "--build", args.build, "--target", "fnc-bench-worker", *(f"fnc-bench-worker-{name}" for name in NETWORKS))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder of fnc")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for environments, data and workers")
    parser.add_argument("--set-up", action="store_true", help="make what is missing there, and end")
    parser.add_argument("--python", default="python3.11", help="what the environments are made with")
    parser.add_argument("--data", type=pathlib.Path, help="exported workloads (default: WORK/data)")
    parser.add_argument("--venvs", type=pathlib.Path, help="environments a and tf (default: WORK/venvs)")
    parser.add_argument("--peers", help=f"comma-separated, of {', '.join([*PEERS, *NATIVE])}; none: fnc alone")
    parser.add_argument("--workloads", help="comma-separated")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--round-ms", type=float, default=150, help="aimed length of one peer's share of a round")
    parser.add_argument("--slow-s", type=float, default=1.5, help="a peer whose call takes longer takes part in three rounds only")
    parser.add_argument("--core", type=int, default=1, help="-1: do not pin")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that a worker may take to get ready or to answer")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path)
    args = parser.parse_args()
    args.build, args.work = args.build.resolve(), args.work.absolute()
    args.work.mkdir(parents=True, exist_ok=True)
    args.data, args.venvs = (args.data or args.work / "data").absolute(), (args.venvs or args.work / "venvs").absolute()
    if args.set_up:
        return set_up(args)
    commands = {"fnc": (f"{args.build}/bin/fnc-bench-worker {{workload}} {{dir}} {{out}}", {})}
    for name in (args.peers.split(",") if args.peers else [*PEERS, *NATIVE]):
        if name == "none":
            continue
        if name not in PEERS and name not in NATIVE:
            parser.error(f"unknown peer {name}")
        if name in NATIVE:
            commands[name] = (f"{args.work / name} {{workload}} {{dir}} {{out}}", {})
            continue
        venv, file, environment, _ = PEERS[name]
        commands[name] = (f"{args.venvs / venv}/bin/python {HERE / 'peers' / file} {{workload}} {{dir}} {{out}}", environment)
    workloads = args.workloads.split(",") if args.workloads else [name for name in GOALS if (args.data / name / "meta.json").exists()]
    for name in workloads:
        if not (args.data / name / "meta.json").exists():
            parser.error(f"no workload {name} in {args.data}: run with --set-up first")
    pin = ["taskset", "-c", str(args.core)] if args.core >= 0 else []
    roof = json.loads(subprocess.run([*pin, args.work / "roof"], check=True, capture_output=True, text=True).stdout)
    results = []
    for workload in workloads:
        results.append(measure(workload, commands, args, roof))
        print(summary(results[-1:]), flush=True)
        write(results, roof, args)
    return any("WRONG" in p.get("no", "") for r in results for p in r["peers"].values())


if __name__ == "__main__":
    sys.exit(main())
