//===- Simplify.cpp - scales and shifts into weights ----------------------===//

#include "compiler/import/onnx/Simplify.h"
#include "compiler/import/onnx/FoldArray.h"
#include "compiler/import/onnx/Ops.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

// Statistics of a normalization have as many elements as there are channels.
constexpr int64_t maxChannels = 1 << 16;

/// Numbers in a shape, in f64 whatever the type.
struct Numbers {
  Ints shape;
  std::vector<double> values;
};

/// What an op makes of the numbers of its first operand.
std::optional<double (*)(double)> unaryRule(Operation *op) {
  using Rule = double (*)(double);
  if (isa<fn::NegOp>(op))
    return Rule([](double x) { return -x; });
  if (isa<fn::SqrtOp>(op))
    return Rule([](double x) { return std::sqrt(x); });
  if (isa<fn::RsqrtOp>(op))
    return Rule([](double x) { return 1 / std::sqrt(x); });
  if (isa<fn::ExpandOp, fn::ReshapeOp, fn::SqueezeOp>(op))
    return Rule([](double x) { return x; });
  if (isa<fn::CastOp>(op) && Ops::isFloat(op->getOperand(0)) && Ops::isFloat(op->getResult(0)))
    return Rule([](double x) { return x; });
  return std::nullopt;
}
std::optional<double (*)(double, double)> binaryRule(Operation *op) {
  using Rule = double (*)(double, double);
  if (isa<fn::AddOp>(op))
    return Rule([](double x, double y) { return x + y; });
  if (isa<fn::SubOp>(op))
    return Rule([](double x, double y) { return x - y; });
  if (isa<fn::MulOp>(op))
    return Rule([](double x, double y) { return x * y; });
  if (isa<fn::DivOp>(op))
    return Rule([](double x, double y) { return x / y; });
  return std::nullopt;
}

/// The value of a small expression of constants, in f64.
std::optional<Numbers> evaluate(Value v, unsigned depth = 0) {
  if (!isa<RankedTensorType>(v.getType()) || !Ops::isStatic(v) || !Ops::isFloat(v) ||
      Ops::type(v).getNumElements() > maxChannels || depth > 16)
    return std::nullopt;
  Operation *op = v.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (DenseElementsAttr known = Ops::known(v))
    return Numbers{Ints(Ops::shape(v)), Array(known).f};
  Ints shape(Ops::shape(v));
  if (auto rule = unaryRule(op)) {
    std::optional<Numbers> x = evaluate(op->getOperand(0), depth + 1);
    if (!x)
      return std::nullopt;
    for (double &value : x->values)
      value = (*rule)(value);
    return Numbers{shape, std::move(x->values)};
  }
  auto rule = binaryRule(op);
  if (!rule)
    return std::nullopt;
  std::optional<Numbers> x = evaluate(op->getOperand(0), depth + 1);
  std::optional<Numbers> y = x ? evaluate(op->getOperand(1), depth + 1) : std::nullopt;
  if (!y)
    return std::nullopt;
  size_t count = Ops::type(v).getNumElements();
  auto fits = [&](const Numbers &n) { return n.values.size() == 1 || n.shape == shape; };
  if (!fits(*x) || !fits(*y))
    return std::nullopt;
  Numbers result{shape, std::vector<double>(count)};
  for (size_t i = 0; i < count; ++i)
    result.values[i] =
        (*rule)(x->values[x->values.size() == 1 ? 0 : i], y->values[y->values.size() == 1 ? 0 : i]);
  return result;
}

/// The numbers of `v` along one axis of what it meets, repeated where it has only one; nothing
/// where it varies along another.
std::optional<std::vector<double>> alongAxis(Value v, int64_t axis, int64_t rank,
                                             int64_t channels) {
  std::optional<Numbers> numbers = evaluate(v);
  if (!numbers)
    return std::nullopt;
  if (numbers->values.size() == 1)
    return static_cast<int64_t>(numbers->shape.size()) <= rank
               ? std::optional(std::vector<double>(channels, numbers->values[0]))
               : std::nullopt;
  int64_t place = axis - (rank - static_cast<int64_t>(numbers->shape.size()));
  if (place < 0 || numbers->shape[place] != channels ||
      static_cast<int64_t>(numbers->values.size()) != channels)
    return std::nullopt;
  return numbers->values;
}

/// An op with weights: the axis of its result that the weights have too, and where they have it.
struct Weighted {
  Operation *op;
  unsigned operand; ///< the weights
  int64_t axis, weightAxis;
};

std::optional<Weighted> weighted(Operation *op) {
  auto channelsFirst = [](StringRef layout) { return layout == "NCHW"; };
  if (auto conv = dyn_cast<fn::ConvOp>(op)) {
    bool first = channelsFirst(conv.getLayout());
    return Weighted{op, 1, first ? 1 : Ops::rank(conv.getResult()) - 1,
                    first ? 0 : Ops::rank(conv.getFilter()) - 1};
  }
  if (auto conv = dyn_cast<fn::DepthwiseConvOp>(op); conv && channelsFirst(conv.getLayout()))
    return Weighted{op, 1, 1, 0};
  if (auto conv = dyn_cast<fn::ConvTransposeOp>(op);
      conv && channelsFirst(conv.getLayout()) && conv.getGroups() == 1)
    return Weighted{op, 1, 1, 1};
  auto matmul = dyn_cast<fn::MatmulOp>(op);
  if (matmul && Ops::rank(matmul.getRhs()) == 2 && Ops::rank(matmul.getLhs()) >= 2)
    return Weighted{op, 1, Ops::rank(matmul.getResult()) - 1, matmul.getTransposeB() ? 0 : 1};
  return std::nullopt;
}

/// `y = scale * op + shift`, one number of each per channel, as far as the ops behind `op` say it.
struct Chain {
  std::vector<double> scale, shift;
  bool scales = false;
  int steps = 0;
  Value end;

  Chain(const Weighted &w, int64_t channels)
      : scale(channels, 1), shift(channels, 0), end(w.op->getResult(0)) {
    while (take(w.axis, channels))
      ++steps;
  }

private:
  bool take(int64_t axis, int64_t channels) {
    if (!end.hasOneUse())
      return false;
    Operation *op = *end.user_begin();
    if (!isa<fn::AddOp, fn::SubOp, fn::MulOp, fn::DivOp>(op) ||
        op->getResult(0).getType() != end.getType() ||
        op->getBlock() != end.getDefiningOp()->getBlock())
      return false;
    bool isLeft = op->getOperand(0) == end;
    std::optional<std::vector<double>> other =
        alongAxis(op->getOperand(isLeft ? 1 : 0), axis, Ops::rank(end), channels);
    if (!other || (isa<fn::DivOp>(op) && !isLeft))
      return false;
    for (int64_t c = 0; c < channels; ++c) {
      double v = (*other)[c];
      if (!std::isfinite(v) || (isa<fn::DivOp>(op) && v == 0))
        return false;
    }
    for (int64_t c = 0; c < channels; ++c) {
      double v = (*other)[c], &s = scale[c], &t = shift[c];
      if (isa<fn::AddOp>(op)) {
        t += v;
      } else if (isa<fn::SubOp>(op)) {
        t = isLeft ? t - v : v - t;
        s = isLeft ? s : -s;
      } else {
        double factor = isa<fn::DivOp>(op) ? 1 / v : v;
        s *= factor;
        t *= factor;
      }
    }
    scales |= isa<fn::MulOp, fn::DivOp>(op) || (isa<fn::SubOp>(op) && !isLeft);
    end = op->getResult(0);
    return true;
  }
};

/// Weights times one number per index of an axis.
DenseElementsAttr scaled(DenseElementsAttr weights, int64_t axis, ArrayRef<double> scale) {
  Array array(weights);
  ArrayRef<int64_t> shape = array.type.getShape();
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  for (auto [i, value] : llvm::enumerate(array.f))
    value *= scale[i / inner % shape[axis]];
  return array.attribute();
}

void fold(const Weighted &w) {
  Value weights = w.op->getOperand(w.operand), result = w.op->getResult(0);
  DenseElementsAttr known = Ops::known(weights);
  Type element = Ops::element(result);
  if (!known || !isa<FloatType>(element) || element != Ops::element(weights))
    return;
  int64_t channels = Ops::shape(weights)[w.weightAxis];
  if (channels != Ops::shape(result)[w.axis])
    return;
  Chain chain(w, channels);
  // One addition alone is what there is already.
  if (!chain.scales && chain.steps < 2)
    return;
  OpBuilder b(w.op);
  Location loc = chain.end.getLoc();
  if (chain.scales) {
    DenseElementsAttr value = scaled(known, w.weightAxis, chain.scale);
    auto variable = weights.getDefiningOp<fn::VariableOp>();
    if (variable && weights.hasOneUse())
      variable.setInitAttr(value);
    else
      w.op->setOperand(w.operand, fn::ConstantOp::create(b, loc, value.getType(), value));
  }
  Operation *last = chain.end.getDefiningOp();
  b.setInsertionPointAfter(last);
  Value y = result;
  if (llvm::any_of(chain.shift, [](double t) { return t != 0; })) {
    Ints shape(Ops::rank(result) - w.axis, 1);
    shape[0] = channels;
    Ops o(b);
    o.loc = loc;
    y = o.add(result, o.reals(chain.shift, shape, element));
  }
  chain.end.replaceAllUsesWith(y);
}

} // namespace

void fnc::onnx_import::foldScales(Block &graph) {
  for (Operation &op : llvm::make_early_inc_range(graph))
    if (std::optional<Weighted> w = weighted(&op))
      fold(*w);
}
