#!/usr/bin/env python3
"""Broken graphs must be refused cleanly: exit code 0 or 1, in time, and no file where the code is not 0.

    parser_fuzz.py --fnc PATH --seeds A:B [--corpus FOLDER]...

A seed picks a graph of the corpus and damages it: bytes, tokens, lines, or its end.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = re.compile(rb'"[^"\n]*"|[%@#!]?[\w.]+|\s+|.', re.S)
ODD = [b"", b"?", b"-1", b"0", b"9223372036854775808", b"tensor<*xf32>", b"tensor<?x0xf32>", b"dense<[]>", b'""', b"{", b">",
       b"%", b"\0", b"\xff", b"index", b"i1", b"f16", b"none", b"array<i64>", b"999999999999"]


def corpus(folders):
    texts = []
    for folder in folders:
        for root, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith(".mlir"):
                    with open(os.path.join(root, name), "rb") as file:
                        # A file of many cases is many graphs.
                        texts += [t for t in file.read().split(b"// -----") if b"fn.graph" in t and len(t) < 20000]
    return texts


def damage(rng, text, other):
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        kind = rng.randrange(7)
        if kind == 0:
            text = text[:rng.randrange(len(text) + 1)]
        elif kind == 1 and text:
            data = bytearray(text)
            data[rng.randrange(len(data))] = rng.randrange(256)
            text = bytes(data)
        elif kind == 2:
            lines = text.split(b"\n")
            lines.insert(rng.randrange(len(lines)), lines[rng.randrange(len(lines))])
            text = b"\n".join(lines)
        elif kind == 3:
            lines = text.split(b"\n")
            del lines[rng.randrange(len(lines))]
            text = b"\n".join(lines)
        else:
            tokens = TOKEN.findall(text) or [b""]
            words = TOKEN.findall(other) or [b""]
            at = rng.randrange(len(tokens))
            tokens[at] = rng.choice(ODD) if kind == 4 else rng.choice(words if kind == 5 else tokens)
            text = b"".join(tokens)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--seeds", default="0:200")
    parser.add_argument("--corpus", action="append")
    parser.add_argument("--timeout", type=float, default=30)
    args = parser.parse_args()
    first, last = map(int, args.seeds.split(":"))
    top = os.path.join(HERE, "..", "..")
    texts = corpus(args.corpus or [os.path.join(top, "test"), os.path.join(top, "examples")])
    if not texts:
        sys.exit("parser_fuzz.py: no graphs in the corpus")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, last):
            rng = random.Random(seed)
            text = damage(rng, rng.choice(texts), rng.choice(texts))
            path = os.path.join(folder, "g.mlir")
            with open(path, "wb") as file:
                file.write(text)
            try:
                done = subprocess.run([args.fnc, "compile", path, "-o", os.path.join(folder, "g.o")],
                                      capture_output=True, timeout=args.timeout)
                code, said = done.returncode, done.stderr
            except subprocess.TimeoutExpired:
                code, said = "timeout", b""
            left = sorted(set(os.listdir(folder)) - {"g.mlir"})
            wrong = (code not in (0, 1) and f"ends with {code}" or code == 1 and left and f"leaves {left}"
                     or code == 1 and not said.strip() and "says nothing"
                     or code == 0 and left != ["g.h", "g.o"] and f"writes {left}")
            if wrong:
                failed += 1
                print(f"--- seed {seed}: {wrong}\n{said[-600:].decode(errors='replace')}\n{text.decode(errors='backslashreplace')}")
            for name in left:
                os.remove(os.path.join(folder, name))
    print(f"{last - first - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
