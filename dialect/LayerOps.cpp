//===- LayerOps.cpp - normalization, dropout, embedding, attention --------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/Sequence.h"
#include <cmath>

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnLayerOps.cpp.inc"

void FnDialect::registerLayerOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnLayerOps.cpp.inc"
      >();
}

namespace {

Expr meanOf(Expr x, ArrayRef<int64_t> axes) {
  OpBuilder &b = x.builder();
  return x.with(
      ReduceMeanOp::create(b, x.location(), x, b.getDenseI64ArrayAttr(axes), b.getUnitAttr()));
}

/// What to compute in: f16 and bf16 have too few digits for sums.
Type wideType(Expr x) {
  return x.element().getIntOrFloatBitWidth() < 32 ? x.builder().getF32Type() : x.element();
}

/// A tensor of the dimensions `axes`, in order, to be combined with one of `rank`.
Expr along(Expr x, ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> others;
  for (int64_t i = axes.front(); i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      others.push_back(i - axes.front());
  return x.expand(others);
}

SmallVector<int64_t> without(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      others.push_back(i);
  return others;
}

/// Checks that a parameter has the dimensions `axes` of the input.
LogicalResult checkParameter(ShapeContext &shapes, StringRef what, Value parameter, Value input,
                             ArrayRef<int64_t> axes) {
  if (!parameter)
    return success();
  if (failed(checkSameElement(shapes, {input, parameter})))
    return failure();
  Dims own = shapes.dims(parameter), all = shapes.dims(input), wanted;
  for (int64_t axis : axes)
    wanted.push_back(all[axis]);
  bool fits = own.size() == wanted.size();
  for (size_t i = 0; fits && i < own.size(); ++i)
    fits = shapes.equal(own[i], wanted[i]);
  if (fits)
    return success();
  return shapes.error("has " + what + " of shape " + shapes.print(own) + " for features of shape " +
                      shapes.print(wanted));
}

/// The axis that is written, or the last one.
FailureOr<int64_t> featureAxis(ShapeContext &shapes, Value input, std::optional<int64_t> axis) {
  int64_t rank = shapes.rank(input);
  if (rank == 0)
    return shapes.error("needs an input of rank 1 or more");
  if (axis && failed(checkAxes(shapes, "axis", *axis, rank)))
    return failure();
  return axis.value_or(rank - 1);
}

FailureOr<SmallVector<int64_t>> featureAxes(ShapeContext &shapes, Value input,
                                            std::optional<ArrayRef<int64_t>> axes) {
  if (!axes) {
    FailureOr<int64_t> last = featureAxis(shapes, input, std::nullopt);
    if (failed(last))
      return failure();
    return SmallVector<int64_t>{*last};
  }
  if (axes->empty())
    return shapes.error("needs an axis");
  if (failed(checkAxes(shapes, "axis", *axes, shapes.rank(input))))
    return failure();
  if (!llvm::is_sorted(*axes))
    return shapes.error("needs its axes in order");
  return SmallVector<int64_t>(*axes);
}

SmallVector<int64_t> writtenAxes(std::optional<ArrayRef<int64_t>> axes, int64_t rank) {
  return axes ? SmallVector<int64_t>(*axes) : SmallVector<int64_t>{rank - 1};
}

LogicalResult resultLike(ShapeContext &shapes, Value input, SmallVectorImpl<Shape> &results) {
  results.push_back({shapes.dims(input), shapes.elementType(input)});
  return success();
}

struct Moments {
  Expr centred, variance;
};

Moments moments(Expr x, ArrayRef<int64_t> axes) {
  Expr centred = x - meanOf(x, axes);
  return {centred, meanOf(centred.apply<SquareOp>(), axes)};
}

/// centred / sqrt(variance + epsilon) * scale + offset, the parameters already placed.
Expr normalize(Moments m, Expr scale, Expr offset, double epsilon) {
  Expr factor = (m.variance + epsilon).apply<RsqrtOp>();
  if (scale)
    factor = factor * scale;
  Expr y = m.centred * factor;
  return offset ? y + offset : y;
}

} // namespace

//===-- Batch normalization ------------------------------------------------===//

template <typename Adaptor>
static LogicalResult inferBatchNorm(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  FailureOr<int64_t> axis = featureAxis(shapes, op.getInput(), op.getAxis());
  if (failed(axis))
    return failure();
  std::pair<StringRef, Value> parameters[] = {{"mean", op.getMean()},
                                              {"variance", op.getVariance()},
                                              {"scale", op.getScale()},
                                              {"offset", op.getOffset()}};
  for (auto [name, parameter] : parameters)
    if (failed(checkParameter(shapes, name, parameter, op.getInput(), *axis)))
      return failure();
  return resultLike(shapes, op.getInput(), results);
}

LogicalResult BatchNormOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  return inferBatchNorm(op, shapes, results);
}

LogicalResult BatchNormTrainingOp::inferShape(Adaptor op, ShapeContext &shapes,
                                              SmallVectorImpl<Shape> &results) {
  if (failed(inferBatchNorm(op, shapes, results)))
    return failure();
  for (Value moving : {op.getMean(), op.getVariance()})
    (void)resultLike(shapes, moving, results);
  return success();
}

namespace {

/// The operands of a normalization, in the type that it is computed in.
struct NormOperands {
  Expr input, scale, offset;
  Type element;

  template <typename Op>
  NormOperands(Op op, OpBuilder &b, ValueRange operands, ArrayRef<int64_t> axes) {
    typename Op::Adaptor adaptor(operands, op);
    Expr x(b, op.getLoc(), adaptor.getInput());
    element = x.element();
    Type wide = wideType(x);
    input = x.cast(wide);
    auto place = [&](Value parameter) {
      return parameter ? along(x.with(parameter).cast(wide), axes, x.rank()) : Expr();
    };
    scale = place(adaptor.getScale());
    offset = place(adaptor.getOffset());
  }
};

} // namespace

SmallVector<Value> BatchNormOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor adaptor(operands, *this);
  int64_t rank = cast<RankedTensorType>(getType()).getRank();
  int64_t axis = getAxis().value_or(rank - 1);
  NormOperands x(*this, b, operands, axis);
  auto placed = [&](Value v) { return along(x.input.with(v).cast(x.input.element()), axis, rank); };
  Moments known = {x.input - placed(adaptor.getMean()), placed(adaptor.getVariance())};
  return {normalize(known, x.scale, x.offset, getEpsilon().convertToDouble()).cast(x.element)};
}

SmallVector<Value> BatchNormTrainingOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor adaptor(operands, *this);
  int64_t rank = cast<RankedTensorType>(getInput().getType()).getRank();
  int64_t axis = getAxis().value_or(rank - 1);
  NormOperands x(*this, b, operands, axis);
  SmallVector<int64_t> others = without(axis, rank);
  Expr mean = meanOf(x.input, others);
  Moments batch = {x.input - mean, {}};
  batch.variance = meanOf(batch.centred.apply<SquareOp>(), others);

  double momentum = getMomentum().convertToDouble();
  auto moved = [&](Value moving, Expr now) {
    Expr old = x.input.with(moving);
    Expr rest = now.squeeze(others);
    Expr next = old.cast(rest.element()) * momentum + rest * (1 - momentum);
    return next.cast(old.element()).apply<StopGradientOp>();
  };
  Expr variance = batch.variance;
  if (getUnbiased()) {
    Expr count;
    double known = 1;
    for (int64_t i : others) {
      if (!x.input.type().isDynamicDim(i))
        known *= static_cast<double>(x.input.type().getDimSize(i));
      else
        count = count ? count * x.input.size(i) : x.input.size(i);
    }
    Expr n = count ? count.cast(variance.element()) * known : variance.number(known);
    // Of a single sample there is no unbiased variance: the biased one, 0, stays.
    variance = variance * (n / (n - 1).apply<MaximumOp>(n.number(1)));
  }
  Expr y = normalize(batch, x.scale, x.offset, getEpsilon().convertToDouble());
  return {y.cast(x.element), moved(adaptor.getMean(), mean),
          moved(adaptor.getVariance(), variance)};
}

//===-- Layer, group, instance, RMS ----------------------------------------===//

template <typename Adaptor>
static LogicalResult inferOverAxes(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  FailureOr<SmallVector<int64_t>> axes = featureAxes(shapes, op.getInput(), op.getAxes());
  if (failed(axes) ||
      failed(checkParameter(shapes, "scale", op.getScale(), op.getInput(), *axes)) ||
      failed(checkParameter(shapes, "offset", op.getOffset(), op.getInput(), *axes)))
    return failure();
  return resultLike(shapes, op.getInput(), results);
}

LogicalResult LayerNormOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  return inferOverAxes(op, shapes, results);
}

LogicalResult RmsNormOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  return inferOverAxes(op, shapes, results);
}

SmallVector<Value> LayerNormOp::expand(OpBuilder &b, ValueRange operands) {
  SmallVector<int64_t> axes = writtenAxes(getAxes(), cast<RankedTensorType>(getType()).getRank());
  NormOperands x(*this, b, operands, axes);
  double epsilon = getEpsilon().convertToDouble();
  return {normalize(moments(x.input, axes), x.scale, x.offset, epsilon).cast(x.element)};
}

SmallVector<Value> RmsNormOp::expand(OpBuilder &b, ValueRange operands) {
  SmallVector<int64_t> axes = writtenAxes(getAxes(), cast<RankedTensorType>(getType()).getRank());
  NormOperands x(*this, b, operands, axes);
  Moments m = {x.input, meanOf(x.input.apply<SquareOp>(), axes)};
  return {normalize(m, x.scale, x.offset, getEpsilon().convertToDouble()).cast(x.element)};
}

/// `groups` 0: as many as there are channels.
template <typename Adaptor>
static LogicalResult inferGroups(Adaptor op, int64_t groups, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  FailureOr<int64_t> axis = featureAxis(shapes, op.getInput(), op.getAxis());
  if (failed(axis))
    return failure();
  if (*axis == 0)
    return shapes.error("has its channels in dimension 0, which is that of the samples");
  Dim channels = shapes.dims(op.getInput())[*axis];
  auto known = dyn_cast<AffineConstantExpr>(channels);
  if (!known)
    return shapes.error("needs a known number of channels");
  if (groups < 0 || (groups > 0 && known.getValue() % groups != 0))
    return shapes.error("has " + Twine(known.getValue()) + " channels, which are not " +
                        Twine(groups) + " equal groups");
  if (failed(checkParameter(shapes, "scale", op.getScale(), op.getInput(), *axis)) ||
      failed(checkParameter(shapes, "offset", op.getOffset(), op.getInput(), *axis)))
    return failure();
  return resultLike(shapes, op.getInput(), results);
}

LogicalResult GroupNormOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  if (op.getGroups() == 0)
    return shapes.error("has groups = 0, expected 1 or more");
  return inferGroups(op, op.getGroups(), shapes, results);
}

LogicalResult InstanceNormOp::inferShape(Adaptor op, ShapeContext &shapes,
                                         SmallVectorImpl<Shape> &results) {
  return inferGroups(op, 0, shapes, results);
}

template <typename Op>
static SmallVector<Value> expandGroups(Op op, int64_t groups, OpBuilder &b, ValueRange operands) {
  auto type = cast<RankedTensorType>(op.getType());
  int64_t rank = type.getRank(), axis = op.getAxis().value_or(rank - 1);
  NormOperands x(op, b, operands, axis);
  double epsilon = op.getEpsilon().convertToDouble();
  int64_t channels = type.getDimSize(axis);
  if (groups == 0 || groups == channels) {
    SmallVector<int64_t> axes = without({0, axis}, rank);
    return {normalize(moments(x.input, axes), x.scale, x.offset, epsilon).cast(x.element)};
  }
  // The groups apart as a dimension of their own, before the channels of each.
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = channels / groups;
  shape.insert(shape.begin() + axis, groups);
  auto split = RankedTensorType::get(shape, x.input.element());
  Expr parts = x.input.with(ReshapeOp::create(b, op.getLoc(), split, x.input, Value()));
  Expr y = normalize(moments(parts, without({0, axis}, rank + 1)), {}, {}, epsilon);
  y = y.reshapeLike(x.input);
  if (x.scale)
    y = y * x.scale;
  if (x.offset)
    y = y + x.offset;
  return {y.cast(x.element)};
}

SmallVector<Value> GroupNormOp::expand(OpBuilder &b, ValueRange operands) {
  return expandGroups(*this, getGroups(), b, operands);
}

SmallVector<Value> InstanceNormOp::expand(OpBuilder &b, ValueRange operands) {
  return expandGroups(*this, 0, b, operands);
}

//===-- Dropout ------------------------------------------------------------===//

LogicalResult DropoutOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  double rate = op.getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1))
    return shapes.error("has rate " + std::to_string(rate) + ", expected a number in [0, 1)");
  if (op.getSharedAxes() &&
      failed(checkAxes(shapes, "shared axis", *op.getSharedAxes(), shapes.rank(op.getInput()))))
    return failure();
  SmallVector<Shape> drawn;
  if (failed(inferRandom(shapes, op.getState(), {}, {}, shapes.elementType(op.getInput()), drawn)))
    return failure();
  (void)resultLike(shapes, op.getInput(), results);
  results.push_back(drawn[1]);
  return success();
}

SmallVector<Value> DropoutOp::expand(OpBuilder &b, ValueRange operands) {
  Expr x(b, getLoc(), operands[0]);
  double rate = getRate().convertToDouble();
  Expr like = x;
  if (std::optional<ArrayRef<int64_t>> axes = getSharedAxes())
    like = x.sum(*axes, /*keepDims=*/true);
  auto type = RankedTensorType::get(like.type().getShape(), b.getI1Type());
  SmallVector<Value> drawn = {operands[1]};
  if (!type.hasStaticShape())
    drawn.push_back(like);
  auto kept = RandomBernoulliOp::create(
      b, getLoc(), TypeRange{type, operands[1].getType()}, drawn,
      ArrayRef<NamedAttribute>{b.getNamedAttr("probability", b.getF64FloatAttr(1 - rate)),
                               b.getNamedAttr("shape", b.getDenseI64ArrayAttr(type.getShape())),
                               b.getNamedAttr("element_type", TypeAttr::get(b.getI1Type()))});
  return {where(x.with(kept.getResult()), x * (1 / (1 - rate)), 0), kept.getNext()};
}

//===-- Embedding bag ------------------------------------------------------===//

LogicalResult EmbeddingBagOp::inferShape(Adaptor op, ShapeContext &shapes,
                                         SmallVectorImpl<Shape> &results) {
  Dims table = shapes.dims(op.getTable()), ids = shapes.dims(op.getIds());
  if (table.size() != 2 || ids.empty())
    return shapes.error("needs a table of rank 2 and ids of rank 1 or more, got ranks " +
                        Twine(table.size()) + " and " + Twine(ids.size()));
  StringRef combiner = op.getCombiner();
  if (combiner != "sum" && combiner != "mean" && combiner != "sqrtn")
    return shapes.error("has combiner = \"" + combiner +
                        "\", expected \"sum\", \"mean\" or \"sqrtn\"");
  if (Value weights = op.getWeights()) {
    if (failed(checkSameElement(shapes, {op.getTable(), weights})))
      return failure();
    Dims own = shapes.dims(weights);
    bool fits = own.size() == ids.size();
    for (size_t i = 0; fits && i < ids.size(); ++i)
      fits = shapes.equal(own[i], ids[i]);
    if (!fits)
      return shapes.error("has weights of shape " + shapes.print(own) + " for ids of shape " +
                          shapes.print(ids));
  }
  ids.back() = table[1];
  results.push_back({ids, shapes.elementType(op.getTable())});
  return success();
}

SmallVector<Value> EmbeddingBagOp::expand(OpBuilder &b, ValueRange operands) {
  Expr table(b, getLoc(), operands[0]), ids = table.with(operands[1]), weights;
  if (operands.size() > 2)
    weights = table.with(operands[2]);
  int64_t last = ids.rank() - 1;
  Expr counts;
  if (std::optional<int64_t> padding = getPadding()) {
    counts = ids.apply<NotEqualOp>(ids.number(static_cast<double>(*padding)));
    // The padding may be no row of the table.
    ids = where(counts, ids, 0);
    Expr one = counts.cast(table.element());
    weights = weights ? where(counts, weights, 0) : one;
  }
  auto scalar = [&](Type type) { return RankedTensorType::get({}, type); };
  CheckOp check = CheckOp::create(b, getLoc(), scalar(b.getI1Type()), scalar(b.getI64Type()), ids,
                                  table, b.getStringAttr("index"), b.getI64IntegerAttr(0));
  check->setAttr("fn.name", b.getStringAttr("ids of an embedding bag"));
  Expr rows = table.with(GatherOp::create(b, getLoc(), table, ids, b.getI64IntegerAttr(0)));
  if (weights)
    rows = rows * weights.expand(last + 1);
  Expr sum = rows.sum(last);
  if (getCombiner() == "sum")
    return {sum};
  if (!weights)
    weights = ids.filled(1).cast(table.element());
  bool mean = getCombiner() == "mean";
  Expr total = (mean ? weights : weights.apply<SquareOp>()).sum(last, /*keepDims=*/true);
  Expr nothing = equal(total, 0);
  total = where(nothing, total.number(1), total);
  return {sum / (mean ? total : total.apply<SqrtOp>())};
}

//===-- Attention ----------------------------------------------------------===//

LogicalResult AttentionOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  if (failed(checkSameElement(shapes, {query, key, value})))
    return failure();
  Dims q = shapes.dims(query), k = shapes.dims(key), v = shapes.dims(value);
  if (q.size() < 2 || k.size() < 2 || v.size() < 2)
    return shapes.error("needs queries, keys and values of rank 2 or more");
  if (!shapes.equal(q.back(), k.back()))
    return shapes.error("has queries of " + shapes.print(q.back()) + " features, but keys of " +
                        shapes.print(k.back()));
  if (!shapes.equal(k.end()[-2], v.end()[-2]))
    return shapes.error("has " + shapes.print(k.end()[-2]) + " keys, but " +
                        shapes.print(v.end()[-2]) + " values");
  Dim t = q.end()[-2], s = k.end()[-2], e = v.back();
  for (Dims *dims : {&q, &k, &v})
    dims->pop_back_n(2);
  FailureOr<Dims> lead = shapes.broadcast({q, k, v});
  if (failed(lead))
    return failure();
  if (Value mask = op.getMask()) {
    Type element = shapes.elementType(mask);
    if (!element.isInteger(1) && failed(checkSameElement(shapes, {query, mask})))
      return failure();
    Dims scores = *lead, own = shapes.dims(mask);
    scores.append({t, s});
    FailureOr<Dims> both = shapes.broadcast({scores, own});
    if (failed(both))
      return failure();
    bool fits = both->size() == scores.size();
    for (size_t i = 0; fits && i < scores.size(); ++i)
      fits = shapes.equal((*both)[i], scores[i]);
    if (!fits)
      return shapes.error("has a mask of shape " + shapes.print(own) + " for products of shape " +
                          shapes.print(scores));
  }
  lead->append({t, e});
  for (Dim &dim : *lead)
    dim = shapes.resolve(dim);
  results.push_back({*lead, shapes.elementType(query)});
  return success();
}

SmallVector<Value> AttentionOp::expand(OpBuilder &b, ValueRange operands) {
  Expr query(b, getLoc(), operands[0]), key = query.with(operands[1]),
                                        value = query.with(operands[2]), mask;
  if (operands.size() > 3)
    mask = query.with(operands[3]);
  Expr products = query.with(
      MatmulOp::create(b, getLoc(), query, key, UnitAttr(), b.getUnitAttr(), UnitAttr()));
  int64_t rank = products.rank();
  if (getScale())
    products = products * getScale()->convertToDouble();
  else if (int64_t d = query.type().getShape().back(); !ShapedType::isDynamic(d))
    products = products * (1 / std::sqrt(static_cast<double>(d)));
  else
    products = products * query.size(query.rank() - 1).cast(query.element()).apply<RsqrtOp>();

  Expr seen;
  if (mask && mask.element().isInteger(1))
    seen = mask;
  else if (mask)
    products = products + mask;
  if (getCausal()) {
    Expr rows = products.places(rank - 2).expand(1), columns = products.places(rank - 1);
    Expr below = columns <= rows;
    seen = seen ? both(seen, below) : below;
  }
  // A finite bottom: what sees nothing has no maximum to subtract, and then gets zeros.
  auto &semantics = cast<FloatType>(products.element()).getFloatSemantics();
  double bottom = APFloat::getLargest(semantics, /*Negative=*/true).convertToDouble();
  if (seen)
    products = where(seen, products, bottom);
  Expr shares = products.with(SoftmaxOp::create(b, getLoc(), products, rank - 1));
  if (seen)
    shares = where(seen, shares, 0);
  return {MatmulOp::create(b, getLoc(), shares, value, UnitAttr(), UnitAttr(), UnitAttr())};
}
