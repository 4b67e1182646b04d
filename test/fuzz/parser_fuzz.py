#!/usr/bin/env python3
"""Broken graphs must be refused cleanly: exit code 0 or 1, in time, and no file where the code is not 0.

    parser_fuzz.py --fnc PATH --seeds A:B [--corpus FOLDER]...

A seed picks a graph of the corpus and damages it: bytes, tokens, lines, or its end; or it changes the graph so that it
still parses more often: another size or element type everywhere, attributes dropped or driven to extremes, operands and
names of ops exchanged, lines moved, one graph's body put into another.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time

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


DIM = re.compile(rb"(?<=[<x])(\d+|\?)(?=x)")
ELEMENT = re.compile(rb"\b(?:f16|bf16|f32|f64|i1|i8|i32|i64|ui8)\b")
OPS = re.compile(rb"\bfn\.\w+|\b(?:arith|math|tensor|tosa)\.\w+")
NAME = re.compile(rb"%\w+")
NUMBER = re.compile(rb"(?<=[ \[=])-?\d+(?=[,>\]} ])")
EXTREMES = [b"0", b"1", b"-1", b"7", b"2147483648", b"9223372036854775807", b"-9223372036854775808", b"4294967296"]


def one_of(rng, pattern, text):
    found = list(pattern.finditer(text))
    return rng.choice(found) if found else None


def everywhere(rng, pattern, text, replacements):
    """One of what the pattern finds becomes another wherever it stands."""
    found = sorted(set(pattern.findall(text)))
    if not found:
        return text
    old, new = rng.choice(found), rng.choice(replacements or found)
    return pattern.sub(lambda m: new if m.group() == old else m.group(), text)


def exchange(rng, pattern, text, other=None):
    """One place takes what stands in another place."""
    at, source = one_of(rng, pattern, text), one_of(rng, pattern, other or text)
    return text if not at or not source else text[:at.start()] + source.group() + text[at.end():]


def drop_attribute(rng, text):
    at = one_of(rng, re.compile(rb"(?<=[{,] )?\w+ = [^,{}]*(?:<[^{}]*>)?(?:, )?"), text)
    return text if not at else text[:at.start()] + text[at.end():]


def restructure(rng, text, other):
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind = rng.randrange(9)
        if kind == 0:
            text = everywhere(rng, DIM, text, [b"?", b"0", b"1", b"2", b"5", b"64", b"1099511627776"])
        elif kind == 1:
            text = everywhere(rng, ELEMENT, text, [b"f16", b"bf16", b"f32", b"f64", b"i1", b"i8", b"i64", b"ui8"])
        elif kind == 2:
            at = one_of(rng, NUMBER, text)
            text = text if not at else text[:at.start()] + rng.choice(EXTREMES) + text[at.end():]
        elif kind == 3:
            text = drop_attribute(rng, text)
        elif kind == 4:
            text = exchange(rng, NAME, text)
        elif kind == 5:
            text = exchange(rng, OPS, text, other if rng.random() < 0.5 else None)
        elif kind == 6:
            head, *body = text.split(b"\n")
            rng.shuffle(body)
            text = b"\n".join([head] + sorted(body, key=lambda line: line.strip() == b"}"))
        elif kind == 7:
            text = exchange(rng, DIM, text)
        else:
            cut = text.rfind(b"}")
            start, end = other.find(b"{"), other.rfind(b"}")
            text = text[:cut] + NAME.sub(lambda m: m.group() + b"_o", other[start + 1:end]) + text[cut:]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--seeds", default="0:200")
    parser.add_argument("--corpus", action="append")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--time-limit", type=float, help="no new seed after so many seconds")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split(":"))
    top = os.path.join(HERE, "..", "..")
    texts = corpus(args.corpus or [os.path.join(top, "test"), os.path.join(top, "examples")])
    if not texts:
        sys.exit("parser_fuzz.py: no graphs in the corpus")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        for seed in range(first, last):
            if args.time_limit and time.monotonic() - start > args.time_limit:
                last = seed
                break
            rng = random.Random(seed)
            change = damage if rng.random() < 0.4 else restructure
            text = change(rng, rng.choice(texts), rng.choice(texts))
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
