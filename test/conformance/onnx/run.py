#!/usr/bin/env python3
"""Compiles and runs ONNX's backend tests, and compares with the outputs they come with.

    run.py --fnc PATH FOLDER [--only REGEX] [--cases FILE] [--jobs N] [--table FILE] [--verbose]

FOLDER has one folder per case, at any depth: model.onnx and test_data_set_<i>/{input,output}_<j>.pb. An index.tsv in it
(columns kind, name, rtol, atol, needs, ...) gives the tolerances; else they are 1e-3 and 1e-7. Sizes that the model leaves
open are given on the command line from the data. An input that fnc says must be known when compiling (a shape, axes) is
bound to its data. Of models that draw random numbers, types and sizes of outputs are
compared. --table writes every case that does not pass, with the reason, as Markdown.
Needs numpy and a C compiler (cc, or $CC). Ends with `N passed, N failed, N skipped`.
"""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from program import Program  # noqa: E402

TIMEOUT = 120
RANDOM = (b"Bernoulli", b"Multinomial", b"RandomNormal", b"RandomUniform")


def compile_model(fnc, folder, inputs, feeds, temporary):
    """The object of a case and the names of the inputs that had to be bound."""
    command = [fnc, "compile", str(folder / "model.onnx"), "-o", f"{temporary}/case.o", "--graph-name", "g"]
    for name, kind, sizes in inputs:
        arrays = feeds[name][1]
        if arrays is None or (not arrays and kind == "sequence"):
            command += ["--shape", f"{name}=none"]
        elif kind.endswith("sequence"):
            command += ["--shape", f"{name}=" + "".join(f"[{','.join(map(str, a.shape))}]" for a in arrays)]
        elif sizes is None or None in sizes:
            command += ["--shape", f"{name}={','.join(map(str, arrays[0].shape))}"]
    bound = set()
    while True:
        binds = [f"--bind={name}=@{feeds[name][0]}" for name in sorted(bound)]
        done = subprocess.run(command + binds, capture_output=True, text=True, timeout=TIMEOUT)
        if done.returncode == 0:
            return bound
        needed = set(re.findall(r"--bind (\S+)=\.\.\.", done.stderr)) - bound
        if not needed or not needed <= feeds.keys():
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[:600]}")
        bound |= needed


def check(name, raw, want, rtol, atol):
    got = wire.as_numbers(np.frombuffer(raw, want.dtype).reshape(want.shape))
    want = wire.as_numbers(want)
    if want.dtype.kind in "biu":
        equal = np.array_equal(got, want) or (want.dtype != np.bool_ and atol >= 1 and
                                              np.allclose(got.astype(float), want.astype(float), rtol=rtol, atol=atol))
    else:
        with np.errstate(all="ignore"):
            equal = np.allclose(got.astype(np.float64), want.astype(np.float64), rtol=rtol, atol=atol, equal_nan=True)
    if not equal:
        with np.errstate(all="ignore"):
            off = np.max(np.abs(got.astype(np.float64) - want.astype(np.float64)))
        raise RuntimeError(f"output '{name}' is off by up to {off:.2g} of {np.max(np.abs(want)):.2g}: "
                           f"got {got.reshape(-1)[:5]}, want {want.reshape(-1)[:5]}")


def check_types(fnc, path, wanted):
    """That the outputs of a program have these types and sizes; how many bytes its state has."""
    shown = subprocess.run([fnc, "inspect", path, "--json"], capture_output=True, text=True, check=True)
    manifest = json.loads(shown.stdout)
    for output, (name, want) in zip(manifest["functions"][0]["outputs"], wanted, strict=True):
        kind = {"f": "f", "i": "i", "u": "ui", "b": "i"}[want.dtype.kind] + str(1 if want.dtype == bool else 8 * want.itemsize)
        if output["shape"] != list(want.shape) or output["dtype"] != kind:
            raise RuntimeError(f"output '{name}': got {output['dtype']} {output['shape']}, want {kind} {list(want.shape)}")
    return manifest["state_bytes"]


def run_case(fnc, folder, rtol, atol):
    """('passed' | 'failed' | 'skipped', reason)"""
    try:
        serialized = (folder / "model.onnx").read_bytes()
        random = any(op in serialized for op in RANDOM)
        inputs, outputs = wire.model(serialized)
        for name, kind, _ in inputs + outputs:
            if kind in ("map", "sparse tensor", "nothing"):
                raise wire.Unsupported(f"'{name}' is a {kind}")
        sets = sorted(d for d in folder.iterdir() if d.is_dir())
        with tempfile.TemporaryDirectory() as temporary:
            bound = None
            for data in sets:
                feeds = {}
                for i, (name, kind, _) in enumerate(inputs):
                    path = data / f"input_{i}.pb"
                    if path.exists():
                        feeds[name] = (path, wire.value(path.read_bytes(), kind))
                wanted = []
                for j, (name, kind, _) in enumerate(outputs):
                    arrays = wire.value((data / f"output_{j}.pb").read_bytes(), kind)
                    wanted += [(name, array) for array in arrays or []]
                if bound is None or bound:
                    bound = compile_model(fnc, folder, inputs, feeds, temporary)
                    state = check_types(fnc, f"{temporary}/case.o", wanted) if random else 0
                    program = Program(f"{temporary}/case.o", f"{temporary}/{data.name}.so", "g_predict", state)
                raw = program.call([array for n, _, _ in inputs if n not in bound for array in feeds[n][1] or []],
                                   [want.nbytes for _, want in wanted])
                for (name, want), got in zip(wanted, raw):
                    if not random:
                        check(name, got, want, rtol, atol)
        return "passed", ""
    except wire.Unsupported as e:
        return "skipped", str(e)
    except Exception as e:                                  # any other failure is the case's failure
        return "failed", f"{type(e).__name__ + ': ' if not isinstance(e, RuntimeError) else ''}{e}"


def isolated(arguments):
    """One case in a process of its own: what it compiles to may crash."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        outcome, why = run_case(*arguments)
        with os.fdopen(write, "w") as pipe:
            pipe.write(f"{outcome}\n{why}")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if not text:
        return "failed", f"crashed with signal {status & 127}"
    outcome, _, why = text.partition("\n")
    return outcome, why


def reason(why):
    """What failures of one kind have in common."""
    why = why.splitlines()[0] if why else ""
    why = re.sub(r"^exit \d+: \S*: error: ", "", why)
    if m := re.match(r"node '.*?' \((.*?)\): (.*)", why):
        return f"{m.group(1)}: {m.group(2)}"
    return re.sub(r"(:? got|want) \[.*", "", why)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--plain", action="store_true", help="only cases whose 'needs' in the index is '-'")
    parser.add_argument("--cases", type=pathlib.Path, help="names of the cases to run, one a line")
    parser.add_argument("--known", type=pathlib.Path, help="names of cases that are skipped, one a line")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    index = {}
    if (options.folder / "index.tsv").exists():
        with open(options.folder / "index.tsv") as f:
            index = {(row["kind"], row["name"]): row for row in csv.DictReader(f, delimiter="\t")}
    known = set(options.known.read_text().split()) if options.known else set()
    listed = options.cases and set(options.cases.read_text().split())
    counts, plain, rows = collections.Counter(), collections.Counter(), []
    cases = []
    for path in sorted(options.folder.rglob("model.onnx")):
        folder = path.parent
        row = index.get((folder.parent.name, folder.name), {})
        name = f"{folder.parent.name}/{folder.name}"
        if name in known:
            counts["skipped"] += 1
            continue
        if listed and name not in listed:
            continue
        if re.search(options.only, name) and not (options.plain and row.get("needs", "-") != "-"):
            cases.append((name, row, (os.path.abspath(options.fnc), folder, float(row.get("rtol", 1e-3)),
                                      float(row.get("atol", 1e-7)))))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (name, row, _), (outcome, why) in zip(cases, pool.map(isolated, [c[2] for c in cases])):
            counts[outcome] += 1
            if row.get("needs") == "-":
                plain[outcome] += 1
            if outcome != "passed":
                rows.append((name, row.get("op", ""), outcome, reason(why)))
            if outcome != "passed" or options.verbose:
                print(f"{outcome:7} {name} {why}", flush=True)
    if options.table:
        total = sum(counts.values())
        lines = ["# ONNX backend tests", "",
                 "Made by `test/conformance/onnx/run.py --table`; `test/conformance/README.md` says where the cases come from.",
                 "", f"{counts['passed']} of {total} cases pass" +
                 (f", of those with dense tensors of plain types alone {plain['passed']} of {sum(plain.values())}." if plain else "."),
                 "All others:", "", "| case | op | outcome | reason |", "| --- | --- | --- | --- |"]
        lines += [f"| {name} | {op} | {outcome} | {why.replace('|', chr(92) + '|')} |" for name, op, outcome, why in rows]
        options.table.write_text("\n".join(lines) + "\n")
    missing = listed - {name for name, _, _ in cases} if listed else set()
    for name in sorted(missing):
        print(f"failed  {name} is not in {options.folder}")
    counts["failed"] += len(missing)
    if plain:
        print(f"of dense plain types: {plain['passed']} of {sum(plain.values())} pass")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
