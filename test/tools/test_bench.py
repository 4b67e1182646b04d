"""fnc bench: times, the work of a function and of its parts, and what it says of command lines that make no sense."""
import json


def bench(tools, *arguments):
    return json.loads(tools.expect(0, "bench", *arguments, "--time", "0.05", "--json").stdout)


def test_work_is_that_of_the_sizes(tools):
    for rows in (5, 32):
        page = bench(tools, tools.inputs / "mlp.mlir", "--function", "predict", "--shape", f"x={rows},64")
        assert page["function"] == "predict"
        timed, = page["timed"]
        assert 0 < timed["least_seconds"] <= timed["median_seconds"] <= timed["p90_seconds"] and timed["calls"] >= 20
        contraction, = (region for region in page["regions"] if region["kind"] == "contraction")
        # 64 products a result, and the bias that is added to each.
        assert contraction["flops"] == rows * 10 * (2 * 64 + 1), contraction
        assert "line 7" in contraction["places"], contraction
        assert sum(region["seconds"] for region in page["regions"]) > 0
    machine = page["machine"]
    assert machine["flops_per_second"] > 1e8 and len(machine["bandwidths"]) > 3


def test_page(tools):
    graph = tools.folder / "sum.mlir"
    graph.write_text("""fn.graph @g {
  %x = fn.placeholder "x" : tensor<64x64xf32>
  %y = fn.reduce_sum %x {axes = array<i64: 1>} : (tensor<64x64xf32>) -> tensor<64xf32>
  fn.function @f inputs(%x : tensor<64x64xf32>) outputs("y" = %y : tensor<64xf32>)
}
""")
    page = tools.expect(0, "bench", graph, "--time", "0.05").stdout
    lines = page.splitlines()
    assert lines[0].startswith("machine: ") and "FLOP/s in f32 on one core" in lines[0], page
    assert lines[1].startswith(f"{graph}: ") and "in the median of" in lines[1], page
    assert "4.096 kFLOP and 16.64 kB a call: " in page, page
    assert any(line.endswith("reduction: line 3") for line in lines), page


def test_other_objects_are_called_in_turns(tools):
    obj = tools.folder / "mlp.o"
    tools.expect(0, "compile", tools.inputs / "mlp.mlir", "-o", obj)
    call = (tools.inputs / "mlp.mlir", "--function", "predict", "--shape", "x=8,64", "--compare", obj)
    page = bench(tools, *call)
    assert [timed["file"] for timed in page["timed"]] == [str(tools.inputs / "mlp.mlir"), str(obj)]
    assert f"times the time of {tools.inputs / 'mlp.mlir'}" in tools.expect(0, "bench", *call, "--time", "0.05").stdout
    # An object has no parts that tell their time.
    alone = bench(tools, obj, "--function", "predict", "--shape", "x=8,64")
    assert "regions" not in alone and len(alone["timed"]) == 1


def test_state_goes_on_from_call_to_call(tools):
    page = bench(tools, tools.inputs / "mlp.mlir", "--function", "shift", "--shape", "x=8,64")
    assert page["timed"][0]["calls"] >= 20


def test_errors(tools):
    mlp = tools.inputs / "mlp.mlir"
    tools.expect(1, "bench", mlp, "--function", "predict",
                 says="input 'x' is f32[?, 64]: say its sizes as --shape x=SIZES, or give it as --input")
    tools.expect(1, "bench", mlp, "--function", "predict", "--shape", "x=8,65",
                 says="input 'x' is f32[?, 64], its --shape has other sizes")
    tools.expect(2, "bench", mlp, "--function", "predict", "--shape", "x=8,many", says="--shape expects NAME=SIZES")
    # More rows than the function has memory for.
    tools.expect(1, "bench", mlp, "--function", "predict", "--shape", "x=65,64", says="65")
    tools.expect(1, "bench", mlp, "--function", "predit", says="predict")
    tools.expect(1, "bench", "nowhere.mlir", says="nowhere.mlir")
    tools.expect(1, "bench", mlp, "--function", "predict", "--shape", "x=8,64", "--compare", "nowhere.o",
                 says="nowhere.o")
    tools.expect(2, "bench", "-", says="standard input can be read only once")
    tools.expect(2, "bench", mlp, "--time", "0", says="--time")
