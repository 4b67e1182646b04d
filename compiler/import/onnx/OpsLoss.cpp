//===- OpsLoss.cpp - losses over classes ----------------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// `-x[n, target[n, ..], ..]`, weighted and reduced; x holds logarithms.
Value likelihoodLoss(Node &n, Ops &o, Value x, Value target, Value weight) {
  if (!x || !target)
    return {};
  if (Ops::rank(x) < 2 || Ops::shape(x)[1] == kDynamic)
    return o.error("the number of classes must be known");
  Type type = Ops::element(x);
  target = o.cast(target, o.i64());
  Value zero = o.scalar(0, type);
  Value hot = o.make<fn::OneHotOp>({target}, {o.attr("depth", Ops::shape(x)[1]), o.attr("axis", 1),
                                              o.attr("element_type", o.i1())});
  // Chosen, not multiplied: another class may hold -inf.
  Value loss = o.negate(o.sum(o.where(hot, x, zero), {1}));
  Value factor;
  if (weight)
    factor = o.sum(o.where(hot, o.alongAxis(weight, 1, Ops::rank(x)), zero), {1});
  if (n.hasAttr("ignore_index")) {
    Value ignored = o.equal(target, double(n.i("ignore_index", 0)));
    Value one = o.scalar(1, type);
    factor = o.where(ignored, zero, factor ? factor : one);
    loss = o.where(ignored, zero, loss);
  }
  if (factor)
    loss = o.mul(loss, factor);
  std::string reduction = n.s("reduction", "mean");
  if (reduction == "none" || !loss)
    return loss;
  Ints all;
  for (int64_t i = 0; i < Ops::rank(loss); ++i)
    all.push_back(i);
  if (reduction == "sum")
    return o.sum(loss, all);
  if (reduction != "mean")
    return o.error("reduction is '" + reduction + "'");
  return factor ? o.div(o.sum(loss, all), o.sum(factor, all)) : o.mean(loss, all);
}

LogicalResult negativeLogLikelihood(Node &n, Ops &o) {
  return n.result(likelihoodLoss(n, o, n.in(0), n.in(1), n.has(2) ? n.in(2) : Value()));
}

LogicalResult softmaxCrossEntropy(Node &n, Ops &o) {
  Value log = o.make<fn::LogSoftmaxOp>({n.in(0)}, {o.attr("axis", 1)});
  if (failed(n.result(likelihoodLoss(n, o, log, n.in(1), n.has(2) ? n.in(2) : Value()))))
    return failure();
  return n.set(1, log);
}

} // namespace

void fnc::onnx_import::addLossOps(OpTable &table) {
  table[":NegativeLogLikelihoodLoss"] = negativeLogLikelihood;
  table[":SoftmaxCrossEntropyLoss"] = softmaxCrossEntropy;
}
