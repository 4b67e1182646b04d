//===- OpsReduction.cpp - reductions and arg max --------------------------===//

#include "compiler/import/onnx/Families.h"
#include <numeric>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

struct Reduction {
  Value x;
  Ints axes;
  bool keepDims = true;
  bool isNothing = false; ///< of no axes: an identity
};

/// Axes are an attribute, then an input: of ReduceSum since opset 13, of the others since 18.
FailureOr<Reduction> reduction(Node &n, int64_t inputSince) {
  Reduction r;
  r.x = n.in(0);
  if (!r.x)
    return failure();
  int64_t rank = Ops::rank(r.x);
  r.keepDims = n.i("keepdims", 1);
  Ints axes;
  if (n.opset < inputSince) {
    axes = n.is("axes", {});
  } else if (n.has(1)) {
    FailureOr<Ints> given = n.ints(1);
    if (failed(given))
      return failure();
    axes = *given;
  }
  FailureOr<Ints> checked = n.axes(axes, rank);
  if (failed(checked))
    return failure();
  r.axes = *checked;
  if (r.axes.empty()) {
    r.isNothing = n.opset >= inputSince && n.i("noop_with_empty_axes", 0);
    if (!r.isNothing) {
      r.axes.resize(rank);
      std::iota(r.axes.begin(), r.axes.end(), 0);
    }
  }
  return r;
}

/// A reduction whose step is `Op`, of `before(x)`, with `after` on the result.
template <typename Op, typename Before, typename After>
LogicalResult reduceWith(Node &n, Ops &o, Before before, After after, int64_t inputSince = 18) {
  FailureOr<Reduction> r = reduction(n, inputSince);
  if (failed(r))
    return failure();
  Value x = before(r->x);
  if (!r->isNothing)
    x = o.reduce<Op>(x, r->axes, r->keepDims);
  return n.result(after(x));
}
Value same(Value x) { return x; }

template <typename Op> LogicalResult reduce(Node &n, Ops &o) {
  return reduceWith<Op>(n, o, same, same);
}
LogicalResult reduceSum(Node &n, Ops &o) {
  return reduceWith<fn::ReduceSumOp>(n, o, same, same, 13);
}

/// The largest of booleans is whether any holds.
template <typename Op, typename BoolOp> LogicalResult reduceExtreme(Node &n, Ops &o) {
  Value x = n.in(0);
  return x && Ops::isBool(x) ? reduce<BoolOp>(n, o) : reduce<Op>(n, o);
}

LogicalResult reduceMean(Node &n, Ops &o) {
  FailureOr<Reduction> r = reduction(n, 18);
  if (failed(r))
    return failure();
  if (r->isNothing)
    return n.result(r->x);
  if (Ops::isFloat(r->x))
    return n.result(o.mean(r->x, r->axes, r->keepDims));
  Value count = o.scalar(1, Ops::element(r->x));
  for (int64_t axis : r->axes)
    count = o.mul(count, o.sizeOf(r->x, axis, Ops::element(r->x)));
  return n.result(o.div(o.sum(r->x, r->axes, r->keepDims), count));
}

LogicalResult reduceL1(Node &n, Ops &o) {
  return reduceWith<fn::ReduceSumOp>(n, o, [&](Value x) { return o.abs(x); }, same);
}
LogicalResult reduceSumSquare(Node &n, Ops &o) {
  return reduceWith<fn::ReduceSumOp>(n, o, [&](Value x) { return o.square(x); }, same);
}

/// Roots and logarithms of integers: through f64, then cut off.
template <typename Op> auto through(Ops &o) {
  return [&o](Value x) -> Value {
    if (!x)
      return x;
    if (Ops::isFloat(x))
      return o.make<Op>({x});
    return o.cast(o.make<Op>({o.cast(x, o.b.getF64Type())}), Ops::element(x));
  };
}
LogicalResult reduceL2(Node &n, Ops &o) {
  return reduceWith<fn::ReduceSumOp>(
      n, o, [&](Value x) { return o.square(x); }, through<fn::SqrtOp>(o));
}
LogicalResult reduceLogSum(Node &n, Ops &o) {
  return reduceWith<fn::ReduceSumOp>(n, o, same, through<fn::LogOp>(o));
}

LogicalResult reduceLogSumExp(Node &n, Ops &o) {
  FailureOr<Reduction> r = reduction(n, 18);
  if (failed(r))
    return failure();
  if (r->isNothing)
    return n.result(r->x);
  Type type = Ops::element(r->x);
  Value x = Ops::isFloat(r->x) ? r->x : o.cast(r->x, o.b.getF64Type());
  return n.result(o.cast(o.reduce<fn::LogSumExpOp>(x, r->axes, r->keepDims), type));
}

template <typename Op> LogicalResult arg(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  if (failed(axis))
    return failure();
  SmallVector<NamedAttribute> attrs = {o.attr("axis", *axis), o.attr("index_type", o.i64())};
  if (n.i("keepdims", 1))
    attrs.push_back(o.unit("keep_dims"));
  if (!n.i("select_last_index", 0))
    return n.result(o.make<Op>({x}, attrs));
  // The last one is the first of the reversed.
  Value index = o.make<Op>({o.reverse(x, {*axis})}, attrs);
  return n.result(o.sub(o.sub(o.sizeOf(x, *axis, o.i64()), 1.0), index));
}

} // namespace

void fnc::onnx_import::addReductionOps(OpTable &table) {
  table[":ArgMax"] = arg<fn::ArgMaxOp>;
  table[":ArgMin"] = arg<fn::ArgMinOp>;
  table[":ReduceL1"] = reduceL1;
  table[":ReduceL2"] = reduceL2;
  table[":ReduceLogSum"] = reduceLogSum;
  table[":ReduceLogSumExp"] = reduceLogSumExp;
  table[":ReduceMax"] = reduceExtreme<fn::ReduceMaxOp, fn::ReduceAnyOp>;
  table[":ReduceMean"] = reduceMean;
  table[":ReduceMin"] = reduceExtreme<fn::ReduceMinOp, fn::ReduceAllOp>;
  table[":ReduceProd"] = reduce<fn::ReduceProdOp>;
  table[":ReduceSum"] = reduceSum;
  table[":ReduceSumSquare"] = reduceSumSquare;
}
