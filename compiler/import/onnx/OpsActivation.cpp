//===- OpsActivation.cpp - activation functions ---------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

template <typename Op> LogicalResult unary(Node &n, Ops &o) {
  return n.result(o.make<Op>({n.in(0)}));
}

/// `x < 0 ? negative : x`.
Value belowZero(Ops &o, Value x, Value negative) { return o.where(o.less(x, 0.0), negative, x); }

LogicalResult leakyRelu(Node &n, Ops &o) {
  return n.result(o.make<fn::LeakyReluOp>({n.in(0)}, {o.real("alpha", n.f("alpha", 0.01f))}));
}

LogicalResult elu(Node &n, Ops &o) {
  return n.result(o.make<fn::EluOp>({n.in(0)}, {o.real("alpha", n.f("alpha", 1))}));
}

LogicalResult selu(Node &n, Ops &o) {
  double alpha = n.f("alpha", 1.67326319217681884765625);
  double gamma = n.f("gamma", 1.05070102214813232421875);
  return n.result(o.mul(o.make<fn::EluOp>({n.in(0)}, {o.real("alpha", alpha)}), gamma));
}

LogicalResult celu(Node &n, Ops &o) {
  double alpha = n.f("alpha", 1);
  Value x = n.in(0);
  // Below zero only, so that large x do not overflow.
  Value below = o.mul(o.make<fn::Expm1Op>({o.div(o.minimum(x, 0.0), alpha)}), alpha);
  return n.result(belowZero(o, x, below));
}

LogicalResult thresholdedRelu(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Value zero = o.scalar(0, Ops::element(x));
  Value alpha = o.scalar(n.f("alpha", 1), Ops::element(x));
  return n.result(o.where(o.make<fn::GreaterOp>({x, alpha}), x, zero));
}

LogicalResult prelu(Node &n, Ops &o) {
  Value x = n.in(0), slope = n.in(1);
  if (!x || !slope)
    return failure();
  // Before opset 7 (and in models since) one slope per channel.
  if (Ops::rank(slope) == 1 && Ops::rank(x) > 2 && Ops::shape(slope)[0] == Ops::shape(x)[1] &&
      Ops::shape(slope)[0] != Ops::shape(x).back() && Ops::shape(slope)[0] != 1)
    slope = o.reshape(slope, [&] {
      Ints shape(Ops::rank(x) - 1, 1);
      shape[0] = Ops::shape(slope)[0];
      return shape;
    }());
  return n.result(belowZero(o, x, o.mul(x, slope)));
}

LogicalResult hardSigmoid(Node &n, Ops &o) {
  Value x = o.add(o.mul(n.in(0), n.f("alpha", 0.2f)), n.f("beta", 0.5));
  return n.result(o.minimum(o.maximum(x, 0.0), 1.0));
}

LogicalResult gelu(Node &n, Ops &o) {
  return n.result(
      o.make<fn::GeluOp>({n.in(0)}, {o.attr("approximate", n.s("approximate", "none"))}));
}

LogicalResult swish(Node &n, Ops &o) {
  Value x = n.in(0);
  return n.result(o.mul(x, o.make<fn::SigmoidOp>({o.mul(x, n.f("alpha", 1))})));
}

LogicalResult shrink(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Type type = Ops::element(x);
  double lambda = n.f("lambd", 0.5), bias = n.f("bias", 0);
  // Integers are compared as numbers, not cut off first.
  Type wide = isa<FloatType>(type) ? type : o.f32();
  Value y = o.cast(x, wide), zero = o.scalar(0, wide);
  Value above = o.where(o.make<fn::GreaterOp>({y, o.scalar(lambda, wide)}), o.sub(y, bias), zero);
  return n.result(o.cast(o.where(o.less(y, -lambda), o.add(y, bias), above), type));
}

/// Softmax and its kin: along one axis since opset 13, before that over all dimensions from `axis`.
template <typename Op> LogicalResult softmax(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", n.opset < 13 ? 1 : -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  if (n.opset >= 13 || *axis == Ops::rank(x) - 1)
    return n.result(o.make<Op>({x}, {o.attr("axis", *axis)}));
  Ints shape(Ops::shape(x)), flat(shape.begin(), shape.begin() + *axis);
  flat.push_back(-1);
  Value y = o.make<Op>({o.reshapeOr(x, flat)}, {o.attr("axis", *axis)});
  return n.result(o.reshape(y, shape));
}

LogicalResult hardmax(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", n.opset < 13 ? 1 : -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  Ints shape(Ops::shape(x));
  Value y = x;
  if (n.opset < 13) {
    Ints flat(shape.begin(), shape.begin() + *axis);
    flat.push_back(-1);
    y = o.reshapeOr(x, flat);
  }
  if (!y || Ops::type(y).isDynamicDim(*axis))
    return y ? n.error("the size of axis ") << *axis << " must be known" : failure();
  Value index = o.make<fn::ArgMaxOp>({y}, {o.attr("axis", *axis), o.attr("index_type", o.i64())});
  Value hot =
      o.make<fn::OneHotOp>({index}, {o.attr("depth", Ops::shape(y)[*axis]), o.attr("axis", *axis),
                                     o.attr("element_type", Ops::element(x))});
  return n.result(o.reshape(hot, shape));
}

} // namespace

void fnc::onnx_import::addActivationOps(OpTable &table) {
  table[":Celu"] = celu;
  table[":Elu"] = elu;
  table[":Gelu"] = gelu;
  table[":HardSigmoid"] = hardSigmoid;
  table[":HardSwish"] = unary<fn::HardSwishOp>;
  table[":Hardmax"] = hardmax;
  table[":LeakyRelu"] = leakyRelu;
  table[":LogSoftmax"] = softmax<fn::LogSoftmaxOp>;
  table[":Mish"] = unary<fn::MishOp>;
  table[":PRelu"] = prelu;
  table[":Relu"] = unary<fn::ReluOp>;
  table[":Selu"] = selu;
  table[":Shrink"] = shrink;
  table[":Sigmoid"] = unary<fn::SigmoidOp>;
  table[":Softmax"] = softmax<fn::SoftmaxOp>;
  table[":Softplus"] = unary<fn::SoftplusOp>;
  table[":Softsign"] = unary<fn::SoftsignOp>;
  table[":Swish"] = swish;
  table[":ThresholdedRelu"] = thresholdedRelu;
}
