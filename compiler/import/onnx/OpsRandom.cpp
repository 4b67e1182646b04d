//===- OpsRandom.cpp - random numbers -------------------------------------===//
//
// All nodes draw from one generator, whose state is a variable that each function which draws
// updates.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/Tensors.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// The element type that attribute `dtype` names, else `otherwise`.
FailureOr<Type> drawnType(Node &n, Ops &o, Type otherwise) {
  return n.hasAttr("dtype") ? checkedElementType(o.loc, n.i("dtype", 0))
                            : FailureOr<Type>(otherwise);
}

/// The shape that an op draws: that of a tensor, or the one given.
struct Drawn {
  Ints shape;
  Value like;
};
Drawn drawnLike(Value x) { return {Ints(Ops::shape(x)), Ops::isStatic(x) ? Value() : x}; }

template <typename Op>
LogicalResult draw(Node &n, Ops &o, const Drawn &drawn, Type type,
                   ArrayRef<NamedAttribute> parameters) {
  if (!isa<FloatType>(type))
    return n.error("draws numbers of type ") << type;
  SmallVector<NamedAttribute> attrs(parameters);
  attrs.push_back(o.attr("shape", drawn.shape));
  attrs.push_back(o.attr("element_type", type));
  return n.result(n.random<Op>(drawn.like ? ValueRange(drawn.like) : ValueRange(), attrs));
}

LogicalResult drawUniform(Node &n, Ops &o, const Drawn &drawn, FailureOr<Type> type) {
  return failed(type) ? failure()
                      : draw<fn::RandomUniformOp>(
                            n, o, drawn, *type,
                            {o.real("low", n.f("low", 0)), o.real("high", n.f("high", 1))});
}

LogicalResult drawNormal(Node &n, Ops &o, const Drawn &drawn, FailureOr<Type> type) {
  return failed(type) ? failure()
                      : draw<fn::RandomNormalOp>(
                            n, o, drawn, *type,
                            {o.real("mean", n.f("mean", 0)), o.real("stddev", n.f("scale", 1))});
}

/// The shape of an attribute.
FailureOr<Drawn> drawnShape(Node &n) {
  Ints shape = n.is("shape", {});
  if (llvm::any_of(shape, [](int64_t size) { return size < 0; }) || !isReasonable(shape))
    return n.error("has a shape that cannot be");
  return Drawn{shape, {}};
}

LogicalResult randomUniform(Node &n, Ops &o) {
  FailureOr<Drawn> drawn = drawnShape(n);
  return failed(drawn) ? failure() : drawUniform(n, o, *drawn, drawnType(n, o, o.f32()));
}
LogicalResult randomNormal(Node &n, Ops &o) {
  FailureOr<Drawn> drawn = drawnShape(n);
  return failed(drawn) ? failure() : drawNormal(n, o, *drawn, drawnType(n, o, o.f32()));
}
LogicalResult randomUniformLike(Node &n, Ops &o) {
  Value x = n.in(0);
  return x ? drawUniform(n, o, drawnLike(x), drawnType(n, o, Ops::element(x))) : failure();
}
LogicalResult randomNormalLike(Node &n, Ops &o) {
  Value x = n.in(0);
  return x ? drawNormal(n, o, drawnLike(x), drawnType(n, o, Ops::element(x))) : failure();
}

/// Whether a number in [0, 1) is below `probability`, of any shape.
Value below(Node &n, Ops &o, Value probability, const Drawn &drawn) {
  if (!probability || !Ops::isFloat(probability))
    return {};
  Value number = n.random<fn::RandomUniformOp>(
      drawn.like ? ValueRange(drawn.like) : ValueRange(),
      {o.attr("shape", drawn.shape), o.attr("element_type", Ops::element(probability))});
  return o.less(number, probability);
}

LogicalResult bernoulli(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<Type> type = drawnType(n, o, Ops::element(x));
  return failed(type) ? failure() : n.result(o.cast(below(n, o, x, drawnLike(x)), *type));
}

LogicalResult multinomial(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Type> type = drawnType(n, o, o.i32());
  int64_t samples = n.i("sample_size", 1);
  if (!x || failed(type))
    return failure();
  if (Ops::rank(x) != 2 || !Ops::isFloat(x) || samples < 1 || samples > kMaxElements)
    return n.error("cannot draw ") << samples << " samples from " << Ops::type(x);
  return n.result(n.random<fn::RandomCategoricalOp>(
      {x}, {o.attr("samples", samples), o.attr("index_type", *type)}));
}

/// Without training, the input itself; the mask keeps everything.
LogicalResult dropout(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Type flag = n.opset < 10 ? Ops::element(x) : o.i1();
  Value mask = n.wants(1) ? o.broadcastLike(o.scalar(1, flag), x) : Value();
  if (n.opset >= 12 && n.has(2)) {
    FailureOr<Ints> training = n.ints(2);
    if (failed(training))
      return failure();
    Value ratio =
        n.has(1) ? o.cast(scalarLike(o, n.in(1)), Ops::element(x)) : o.scalar(0.5, Ops::element(x));
    if (!ratio)
      return failure();
    std::optional<SmallVector<double>> known = Ops::knownReals(ratio);
    if (!training->empty() && training->front() && !(known && known->front() == 0)) {
      Value kept = o.sub(o.scalar(1, Ops::element(x)), ratio);
      mask = below(n, o, kept, drawnLike(x));
      x = o.where(mask, o.div(x, kept), o.scalar(0, Ops::element(x)));
    }
  }
  if (failed(n.result(x)))
    return failure();
  return n.wants(1) ? n.set(1, mask) : success();
}

} // namespace

void fnc::onnx_import::addRandomOps(OpTable &table) {
  table[":Bernoulli"] = bernoulli;
  table[":Dropout"] = dropout;
  table[":Multinomial"] = multinomial;
  table[":RandomNormal"] = randomNormal;
  table[":RandomNormalLike"] = randomNormalLike;
  table[":RandomUniform"] = randomUniform;
  table[":RandomUniformLike"] = randomUniformLike;
}
