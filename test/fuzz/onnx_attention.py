"""Makers of attention ops of com.microsoft for onnx_fuzz.py, with the inputs that exporters give them."""
import numpy as np

from onnx_nodes import among, chance, maker

DOMAIN = "com.microsoft"


def optional(g, p, make):
    """An input that may be left out."""
    return g.given(make()) if chance(g, p) else ""


@maker(2)
def group_query_attention(g):
    groups = among(g, 1, 2, 3)
    heads, size, batch = groups * among(g, 1, 2, 4), among(g, 16, 32), among(g, 1, 2)
    past = among(g, 0, 0, 5)
    steps = 1 if past else among(g, 1, 6)
    lengths = np.full(batch, past + steps - 1, np.int32)
    total = int(lengths.max()) + 1
    new = [g.numbers((batch, steps, groups * size)) for _ in range(2)]
    if chance(g, 0.3):
        inputs = [g.feed(g.numbers((batch, steps, (heads + 2 * groups) * size))), "", ""]
    else:
        inputs = [g.feed(g.numbers((batch, steps, heads * size))), *map(g.feed, new)]
    inputs += [g.feed(g.numbers((batch, groups, past, size))) for _ in range(2)] if past else ["", ""]
    inputs += [g.constant(lengths), g.constant(np.int32(total))]
    attributes = {"num_heads": heads, "kv_num_heads": groups}
    if chance(g, 0.5):
        angles = np.outer(np.arange(total + 3), 1000.0 ** (-np.arange(size // 2) / (size // 2)))
        inputs += [g.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
        attributes |= {"do_rotary": 1, "rotary_interleaved": int(chance(g, 0.5))}
    else:
        inputs += ["", ""]
    inputs += ["", optional(g, 0.3, lambda: g.numbers((1, among(g, 1, heads), steps, total)))]
    sink = chance(g, 0.3)
    inputs.append(g.constant(g.numbers((heads,))) if sink else "")
    if not sink and chance(g, 0.3):
        attributes["smooth_softmax"] = 1
    if chance(g, 0.3):
        attributes["softcap"] = among(g, 2.0, 20.0)
    if chance(g, 0.3):
        attributes["scale"] = 0.3
    if chance(g, 0.2):
        attributes["local_window_size"] = 3
    while inputs and not inputs[-1]:
        inputs.pop()
    # onnxruntime joins past and present in the outputs.
    g.add("GroupQueryAttention", inputs, 3 if past else among(g, 1, 3), DOMAIN, **attributes)


@maker()
def multi_head_attention(g):
    heads, size, batch, queries = among(g, 1, 2, 4), among(g, 8, 16), among(g, 1, 2), among(g, 1, 5)
    keys, width = among(g, queries, 7), heads * size
    inputs = [g.feed(g.numbers((batch, queries, width))), g.feed(g.numbers((batch, keys, width))),
              g.feed(g.numbers((batch, keys, width))), optional(g, 0.4, lambda: g.numbers((3 * width,))),
              optional(g, 0.3, lambda: g.rng.integers(0, 2, (batch, keys)).astype(np.int32)),
              optional(g, 0.3, lambda: g.numbers((batch, heads, queries, keys)))]
    attributes = {"num_heads": heads}
    if chance(g, 0.3):
        attributes["scale"] = 0.3
    if chance(g, 0.3) and queries == keys and not inputs[4]:
        attributes["unidirectional"] = 1
    while not inputs[-1]:
        inputs.pop()
    g.add("MultiHeadAttention", inputs, among(g, 1, 3), DOMAIN, **attributes)


@maker()
def packed_attention(g):
    heads, size, batch, steps, width = among(g, 1, 2, 4), among(g, 8, 16), among(g, 1, 2), among(g, 1, 5), 12
    past = among(g, 0, 0, 3)
    mask = among(g, "", "row", "length") if not past else ""
    inputs = [g.feed(g.numbers((batch, steps, width))), g.constant(g.numbers((width, 3 * heads * size)) / 4),
              g.constant(g.numbers((3 * heads * size,))),
              "" if not mask else g.feed(g.rng.integers(0, 2, (batch, steps)).astype(np.int32)) if mask == "row" else
              g.feed(g.rng.integers(1, steps + 1, batch).astype(np.int32)),
              g.feed(g.numbers((2, batch, heads, past, size))) if past else "",
              optional(g, 0.3, lambda: g.numbers((batch, heads, steps, past + steps)))]
    while not inputs[-1]:
        inputs.pop()
    g.add("Attention", inputs, 2 if past else 1, DOMAIN, num_heads=heads, unidirectional=int(chance(g, 0.4)))


@maker()
def rotary_embedding(g):
    heads, size, batch, steps = among(g, 1, 3), among(g, 16, 32), among(g, 1, 2), among(g, 1, 5)
    angles = np.outer(np.arange(12), 1000.0 ** (-np.arange(size // 2) / (size // 2)))
    x = g.numbers((batch, steps, heads * size) if chance(g, 0.5) else (batch, heads, steps, size))
    at = np.array([2], np.int64) if chance(g, 0.5) else g.rng.integers(0, 12, (batch, steps))
    g.add("RotaryEmbedding", [g.feed(x), g.given(at), *(g.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin))],
          1, DOMAIN, interleaved=int(chance(g, 0.5)))
