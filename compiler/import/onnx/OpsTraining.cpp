//===- OpsTraining.cpp - gradients and optimizers -------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// What an optimizer is given for one tensor: itself, its gradient, the state.
using Step = llvm::function_ref<SmallVector<Value>(Value rate, Value count, ArrayRef<Value>)>;

/// Inputs are the rate, the count of updates, then all tensors, all gradients and so on; outputs
/// all new tensors, then the new states.
LogicalResult optimize(Node &n, size_t perTensor, Step step) {
  Value rate = n.in(0), count = n.in(1);
  if (!rate || !count)
    return failure();
  size_t tensors = (n.numInputs() - 2) / perTensor;
  if (tensors == 0 || n.numInputs() != 2 + tensors * perTensor)
    return n.error("has ") << n.numInputs() << " inputs, expected 2 and " << perTensor
                           << " per tensor";
  for (size_t i = 0; i < tensors; ++i) {
    SmallVector<Value> in;
    for (size_t k = 0; k < perTensor; ++k)
      in.push_back(n.in(2 + k * tensors + i));
    if (llvm::is_contained(in, Value()))
      return failure();
    for (auto [k, value] : llvm::enumerate(step(rate, count, in)))
      if (failed(n.set(k * tensors + i, value)))
        return failure();
  }
  return success();
}

Value regularized(Node &n, Ops &o, Value x, Value g) {
  double norm = n.f("norm_coefficient", 0);
  return norm == 0 ? g : o.add(o.mul(x, norm), g);
}

LogicalResult adagrad(Node &n, Ops &o) {
  return optimize(n, 3, [&](Value rate, Value count, ArrayRef<Value> in) -> SmallVector<Value> {
    Value x = in[0], g = regularized(n, o, x, in[1]);
    Value t = o.cast(count, Ops::element(rate));
    rate = o.div(rate, o.add(o.mul(t, n.f("decay_factor", 0)), 1.0));
    Value h = o.add(in[2], o.square(g));
    return {o.sub(x, o.div(o.mul(rate, g), o.add(o.sqrt(h), n.f("epsilon", 0)))), h};
  });
}

LogicalResult adam(Node &n, Ops &o) {
  double alpha = n.f("alpha", 0.9f), beta = n.f("beta", 0.999f), epsilon = n.f("epsilon", 0);
  return optimize(n, 4, [&](Value rate, Value count, ArrayRef<Value> in) -> SmallVector<Value> {
    Value x = in[0], g = regularized(n, o, x, in[1]);
    Value v = o.add(o.mul(in[2], alpha), o.mul(g, 1 - alpha));
    Value h = o.add(o.mul(in[3], beta), o.mul(o.square(g), 1 - beta));
    Type type = Ops::element(rate);
    Value t = o.cast(count, type), one = o.scalar(1, type);
    auto rest = [&](double base) {
      return o.sub(one, o.make<fn::PowOp>({o.scalar(base, type), t}));
    };
    Value corrected = o.div(o.mul(rate, o.sqrt(rest(beta))), rest(alpha));
    // The first update has no history to correct for.
    rate =
        o.where(o.make<fn::GreaterOp>({count, o.scalar(0, Ops::element(count))}), corrected, rate);
    Value next = o.sub(x, o.mul(rate, o.div(v, o.add(o.sqrt(h), epsilon))));
    double post = n.f("norm_coefficient_post", 0);
    return {post == 0 ? next : o.mul(next, 1 - post), v, h};
  });
}

LogicalResult momentum(Node &n, Ops &o) {
  double alpha = n.f("alpha", 0), beta = n.f("beta", 1);
  std::string mode = n.s("mode", "standard");
  if (mode != "standard" && mode != "nesterov")
    return n.error("mode is '") << mode << "'";
  return optimize(n, 3, [&](Value rate, Value count, ArrayRef<Value> in) -> SmallVector<Value> {
    Value x = in[0], g = regularized(n, o, x, in[1]);
    Type type = Ops::element(x);
    Value later = o.make<fn::GreaterOp>({count, o.scalar(0, Ops::element(count))});
    Value factor = o.where(later, o.scalar(beta, type), o.scalar(1, type));
    Value v = o.add(o.mul(in[2], alpha), o.mul(factor, g));
    Value move = mode == "nesterov" ? o.add(g, o.mul(v, alpha)) : v;
    return {o.sub(x, o.mul(rate, move)), v};
  });
}

/// The gradient of a tensor of the graph with respect to others, all given by their names.
LogicalResult gradient(Node &n, Ops &o) {
  std::string name = n.s("y", "");
  const Item *y = n.frame.lookup(name);
  if (!y || !y->value)
    return n.error("y names '") << name << "', which is computed by nothing before it";
  std::vector<std::string> xs = n.ss("xs").value_or(std::vector<std::string>());
  if (xs.empty() || xs.size() != n.numOutputs())
    return n.error("names ") << xs.size() << " tensors for " << n.numOutputs() << " gradients";
  SmallVector<Value> targets;
  for (const std::string &x : xs) {
    const Item *item = n.frame.lookup(x);
    if (!item || !item->value)
      return n.error("xs names '") << x << "', which is computed by nothing before it";
    targets.push_back(item->value);
  }
  for (Value value : targets)
    if (!Ops::isFloat(value) || !Ops::isFloat(y->value))
      return n.error("takes a gradient of ")
             << y->value.getType() << " with respect to " << value.getType();
  auto op = fn::GradientsOp::create(o.b, o.loc, ValueRange(targets).getTypes(), y->value, targets,
                                    Value(), "error");
  ValueRange results = op.getGradients();
  for (auto [i, result] : llvm::enumerate(results))
    if (failed(n.set(i, result)))
      return failure();
  return success();
}

} // namespace

void fnc::onnx_import::addTrainingOps(OpTable &table) {
  table["ai.onnx.preview.training:Adagrad"] = adagrad;
  table["ai.onnx.preview.training:Adam"] = adam;
  table["ai.onnx.preview.training:Gradient"] = gradient;
  table["ai.onnx.preview.training:Momentum"] = momentum;
}
