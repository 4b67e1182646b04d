"""Pictures and sounds as inputs: against Pillow, and against tones whose samples are known."""

import random
import wave

import numpy as np
from PIL import Image

GRAPH = """fn.graph @same {{
  %x = fn.placeholder "x" : tensor<{type}>
  fn.function @same inputs(%x : tensor<{type}>) outputs("y" = %x : tensor<{type}>)
}}"""


def feed(tools, kind, value):
    """What an input of a type is fed with."""
    (tools.folder / "same.mlir").write_text(GRAPH.format(type=kind))
    tools.expect(0, "run", "same.mlir", "-i", f"x={value}", "-o", "y.npy", "-q")
    return np.load(tools.folder / "y.npy")


def picture():
    rows, columns = np.mgrid[0:37, 0:53]
    return np.stack([rows * 6, columns * 4, (rows * columns) % 256], -1).astype(np.uint8)


def test_pictures(tools):
    raw = picture()
    image = Image.fromarray(raw)
    image.save(tools.folder / "a.png")
    image.save(tools.folder / "a.jpg", quality=90)
    unit = raw.astype(np.float32) / 255
    # As it is, in the order of the input.
    assert np.allclose(feed(tools, "1x?x?x3xf32", "a.png"), unit[None], atol=1e-6)
    assert np.allclose(feed(tools, "1x3x?x?xf32", "a.png"), unit.transpose(2, 0, 1)[None], atol=1e-6)
    assert np.array_equal(feed(tools, "?x?x?x?xui8", "a.png:layout=nhwc"), raw[None])
    assert np.array_equal(feed(tools, "?x?x3xui8", "a.png:color=bgr"), raw[..., ::-1])
    assert np.allclose(feed(tools, "37x53xf32", "a.png:range=0..255"), raw @ [0.299, 0.587, 0.114], atol=1e-3)
    decoded = np.asarray(Image.open(tools.folder / "a.jpg"))
    assert np.abs(feed(tools, "37x53x3xui8", "a.jpg").astype(int) - decoded).max() <= 1
    # Resized as Pillow does, but for its rounding between the directions.
    want = np.asarray(image.resize((20, 10), Image.BILINEAR))
    assert np.abs(feed(tools, "10x20x3xui8", "a.png").astype(int) - want).max() <= 1
    want = np.asarray(image.resize((91, 64), Image.BILINEAR))[16:48, 29:62]
    got = feed(tools, "1x32x33x3xf32", "a.png:resize=64,crop=32x33,range=0..255")
    assert np.abs(got[0] - want).max() <= 1, np.abs(got[0] - want).max()
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    got = feed(tools, "1x3x37x53xf32", "a.png:mean=0.485,0.456,0.406,std=0.229,0.224,0.225,layout=nchw")
    assert np.allclose(got[0], ((unit - mean) / deviation).transpose(2, 0, 1), atol=1e-5)
    assert np.allclose(feed(tools, "37x53x3xf32", "a.png:range=-1..1"), unit * 2 - 1, atol=1e-6)
    # Other kinds of files: gray, a palette, transparency, 16 bits.
    gray = image.convert("L")
    for name, other, want in (
        ("gray", gray, np.asarray(gray)),
        ("palette", image.quantize(16), None),
        ("alpha", image.convert("RGBA"), raw),
        ("wide", Image.fromarray(np.asarray(gray).astype(np.uint16) * 257), np.asarray(gray)),
    ):
        other.save(tools.folder / f"{name}.png")
        if want is None:
            want = np.asarray(other.convert("RGB"))
        got = feed(tools, "37x53x3xui8", f"{name}.png")
        assert np.array_equal(got, want if want.ndim == 3 else np.repeat(want[..., None], 3, -1)), name


def write_tone(path, rate, frequency, seconds=0.5, channels=1):
    time = np.arange(int(rate * seconds)) / rate
    samples = np.round(np.sin(2 * np.pi * frequency * time) * 20000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack([samples] + [np.zeros_like(samples)] * (channels - 1), -1).tobytes())
    return samples


def test_sounds(tools):
    samples = write_tone(tools.folder / "a.wav", 8000, 440)
    unit = samples.astype(np.float32) / 32768
    assert np.array_equal(feed(tools, "?xf32", "a.wav"), unit)
    assert np.array_equal(feed(tools, "1x?xf32", "a.wav"), unit[None])
    assert np.array_equal(feed(tools, "?x4000x1xf32", "a.wav"), unit[None, :, None])
    assert np.array_equal(feed(tools, "?xi16", "a.wav"), samples)
    assert np.array_equal(feed(tools, "?xf32", "a.wav:from=1000,length=10"), unit[1000:1010])
    assert np.array_equal(feed(tools, "5000xf32", "a.wav:length=5000"), np.pad(unit, (0, 1000)))
    write_tone(tools.folder / "two.wav", 8000, 440, channels=2)
    assert (
        np.allclose(feed(tools, "?xf32", "two.wav"), unit / 2) and not feed(tools, "?xf32", "two.wav:channel=1").any()
    )
    # A tone keeps its frequency at another rate; one that the new rate cannot hold is gone.
    for rate in (16000, 6000):
        got = feed(tools, "?xf32", f"a.wav:rate={rate}")
        want = (
            np.sin(2 * np.pi * 440 * np.arange(len(got)) / rate + np.pi * 440 * (1 / rate - 1 / 8000)) * 20000 / 32768
        )
        assert len(got) == rate // 2 and np.abs(got - want)[50:-50].max() < 2e-3, (
            rate,
            np.abs(got - want)[50:-50].max(),
        )
    write_tone(tools.folder / "high.wav", 8000, 3500)
    assert np.abs(feed(tools, "?xf32", "high.wav:rate=4000")[50:-50]).max() < 2e-3


def test_labels(tools):
    (tools.folder / "same.mlir").write_text(GRAPH.format(type="?x7xf32"))
    (tools.folder / "names.txt").write_text("a\nb\r\nc d\ne\nf\ng\nh")
    np.save(tools.folder / "x.npy", np.array([[1, 7, 3, np.nan, 5, 5, 2], [0, 0, 0, 0, 0, 0, 1]], np.float32))
    graph = ("run", "same.mlir", "-i", "x=x.npy", "--labels", "names.txt")
    assert tools.expect(0, *graph).stdout.splitlines() == [
        "y: f32[2, 7]",
        "  row 0",
        "             7  b (1)",
        "             5  f (4)",
        "             5  g (5)",
        "             3  c d (2)",
        "             2  h (6)",
        "  row 1",
        "             1  h (6)",
        "             0  a (0)",
        "             0  b (1)",
        "             0  c d (2)",
        "             0  e (3)",
    ]
    (tools.folder / "names.txt").write_text("a\nb\n")
    tools.expect(1, *graph, says="names.txt: error: has 2 lines, and no output has as many elements in a row")
    tools.expect(1, *graph[:-1], "none.txt", says="none.txt: error: No such file or directory")


def test_steps_that_make_no_sense(tools):
    Image.fromarray(picture()).save(tools.folder / "a.png")
    write_tone(tools.folder / "a.wav", 8000, 440)
    np.save(tools.folder / "a.npy", np.zeros(3, np.float32))
    for kind, value, code, says in (
        ("3x?x?xf32", "a.png:resise=3", 2, "unknown step 'resise' for 'a.png'; did you mean 'resize'?"),
        ("3x?x?xf32", "a.png:rate=3", 2, "unknown step 'rate' for 'a.png'"),
        ("?xf32", "a.wav:resize=3", 2, "unknown step 'resize' for 'a.wav'; there are rate, channel, from, length"),
        ("3x?x?xf32", "a.png:resize=axb", 2, "step 'resize' for 'a.png' expects whole numbers, got 'axb'"),
        ("3x?x?xf32", "a.png:resize=0x5", 2, "step 'resize' for 'a.png' expects HEIGHTxWIDTH"),
        ("3x?x?xf32", "a.png:resize=99999999x9999999", 2, "expects a size that memory can hold"),
        ("3x?x?xf32", "a.png:mean=1,2", 2, "step 'mean' for 'a.png' expects 1 or 3 numbers, got '1,2'"),
        ("3x?x?xf32", "a.png:std=0", 2, "step 'std' for 'a.png' expects numbers other than 0"),
        ("3x?x?xf32", "a.png:range=1", 2, "step 'range' for 'a.png' expects LOW..HIGH, got '1'"),
        ("3x?x?xf32", "a.png:color=cmyk", 2, "step 'color' for 'a.png' expects one of rgb, bgr, gray, got 'cmyk'"),
        ("3x?x?xf32", "a.png:resize=3,resize=4", 2, "two steps 'resize' for 'a.png'"),
        ("?x?x?x?xf32", "a.png", 2, "input 'x' is f32[?, ?, ?, ?]: say how 'a.png' is laid out, as layout=nchw"),
        ("?xf32", "a.wav:rate=0", 2, "step 'rate' for 'a.wav' expects samples per second, got '0'"),
        ("3x?x?xf32", "a.png:crop=100", 1, "a.png: error: is 37x53 before it is cropped to 100x100"),
        ("3x?x?xf32", "a.png:layout=nchw", 1, "input 'x' is f32[3, ?, ?], 'a.png' is laid out as nchw"),
        ("4x?x?x3xf32", "a.png", 1, "input 'x' is f32[4, ?, ?, 3], a.png holds f32[1, 37, 53, 3]"),
        ("100xf32", "a.wav", 1, "input 'x' is f32[100], a.wav holds f32[4000]"),
        ("2x2xf32", "a.wav", 1, "input 'x' is f32[2, 2], which is not the shape of a sound"),
        ("?xf32", "a.wav:channel=1", 1, "a.wav: error: has 1 channels, no channel 1"),
        ("3xf32", "a.npy:resize=3", 1, "a.npy: error: is no picture or sound, which 'resize=3' could be done with"),
        ("3xf32", "none.png:resize=3", 1, "none.png:resize=3: error: No such file or directory"),
    ):
        (tools.folder / "same.mlir").write_text(GRAPH.format(type=kind))
        before = tools.listing()
        tools.expect(code, "run", "same.mlir", "-i", f"x={value}", "-o", "y.npy", says=says)
        assert tools.listing() == before


def test_damaged_pictures_and_sounds(tools):
    image = Image.fromarray(picture())
    image.save(tools.folder / "a.png")
    image.save(tools.folder / "a.jpg")
    write_tone(tools.folder / "a.wav", 8000, 440, seconds=0.05)
    for name, kind in (("a.png", "3x?x?xf32"), ("a.jpg", "3x?x?xf32"), ("a.wav", "?xf32")):
        (tools.folder / "same.mlir").write_text(GRAPH.format(type=kind))
        whole = (tools.folder / name).read_bytes()
        damaged = tools.folder / f"damaged.{name}"
        if name != "a.wav":  # a shorter sound is one
            for size in (8, len(whole) // 2, len(whole) - 3):
                damaged.write_bytes(whole[:size])
                tools.expect(1, "run", "same.mlir", "-i", f"x={damaged.name}", says=f"{damaged.name}: error: ")
        for seed in range(30):
            draw = random.Random(f"{name} {seed}")
            raw = bytearray(whole)
            for _ in range(draw.randrange(1, 5)):
                raw[draw.randrange(len(raw) if draw.random() < 0.5 else 60)] = draw.randrange(256)
            damaged.write_bytes(raw)
            done = tools.run_fnc("run", "same.mlir", "-i", f"x={damaged.name}", "-q", timeout=20)
            assert done.returncode in (0, 1) and (done.returncode == 0) == (not done.stderr), (name, seed, done)
