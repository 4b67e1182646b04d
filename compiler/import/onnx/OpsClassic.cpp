//===- OpsClassic.cpp - linear models and preprocessing of ai.onnx.ml -----===//

#include "compiler/import/onnx/Families.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

int64_t fnc::onnx_import::classCount(Node &n) {
  for (StringRef name : {"classlabels_int64s", "classlabels_ints"})
    if (std::optional<Ints> labels = n.is(name))
      return labels->size();
  if (std::optional<std::vector<std::string>> labels = n.ss("classlabels_strings"))
    return labels->size();
  return 0;
}

Value fnc::onnx_import::transformed(Node &n, Ops &o, Value scores, StringRef transform) {
  if (!scores || transform == "NONE")
    return scores;
  int64_t last = Ops::rank(scores) - 1;
  if (transform == "LOGISTIC")
    return o.make<fn::SigmoidOp>({scores});
  if (transform == "SOFTMAX")
    return o.make<fn::SoftmaxOp>({scores}, {o.attr("axis", last)});
  if (transform == "SOFTMAX_ZERO") {
    // Zeros stay and take no part.
    Value isZero = o.equal(scores, 0.0), none = o.scalar(0, Ops::element(scores));
    Value highest = o.reduce<fn::ReduceMaxOp>(scores, {last}, true);
    Value parts = o.where(isZero, none, o.exp(o.sub(scores, highest)));
    return o.div(parts, o.sum(parts, {last}, true));
  }
  if (transform != "PROBIT")
    return n.error("post_transform is '") << transform << "'", Value();
  // Winitzki's approximation of the inverse error function, as runtimes have it.
  Value x = o.sub(o.mul(scores, 2.0), 1.0);
  Value log = o.make<fn::LogOp>({o.sub(o.scalar(1, Ops::element(x)), o.square(x))});
  Value v = o.add(o.mul(log, 0.5), 2 / (M_PI * 0.147));
  Value root = o.sqrt(o.sub(o.sqrt(o.sub(o.square(v), o.mul(log, 1 / 0.147))), v));
  return o.mul(o.mul(o.make<fn::SignOp>({x}), root), std::sqrt(2.0));
}

LogicalResult fnc::onnx_import::classified(Node &n, Ops &o, Value scores, bool positive,
                                           StringRef transform) {
  if (!scores)
    return failure();
  Value index;
  if (Ops::shape(scores)[1] == 1) {
    Type type = Ops::element(scores);
    index = o.cast(o.make<fn::GreaterOp>({o.at(scores, 1, 0), o.scalar(positive ? 0.5 : 0, type)}),
                   o.i64());
    Value other = positive ? o.sub(o.scalar(1, type), scores) : o.negate(scores);
    scores = o.concat({other, scores}, 1);
    // Of probabilities nothing is left to transform.
    if (positive && transform == "LOGISTIC")
      transform = "NONE";
  } else {
    index =
        o.make<fn::ArgMaxOp>({scores}, {o.attr("axis", int64_t(1)), o.attr("index_type", o.i64())});
  }
  std::optional<Ints> labels = n.is("classlabels_int64s");
  if (!labels)
    labels = n.is("classlabels_ints");
  // Of strings the label is their number.
  if (labels && !labels->empty()) {
    if (static_cast<int64_t>(labels->size()) < Ops::shape(scores)[1])
      return n.error("has ") << labels->size() << " labels for " << Ops::shape(scores)[1]
                             << " scores";
    index = o.gather(o.ints(*labels), index, 0);
  }
  if (failed(n.set(0, index)))
    return failure();
  return n.set(1, o.cast(transformed(n, o, scores, transform), o.f32()));
}

namespace {

Value reals(Node &n, Ops &o, StringRef name, Type type) {
  SmallVector<double> values = n.fs(name).value_or(SmallVector<double>());
  int64_t count = values.size();
  return o.reals(values, count == 1 ? Ints() : Ints{count}, type);
}

Value real(Ops &o, Value x) { return x && Ops::element(x).isF64() ? x : o.cast(x, o.f32()); }

LogicalResult scaler(Node &n, Ops &o) {
  Value x = real(o, n.in(0));
  if (!x)
    return failure();
  Type type = Ops::element(x);
  if (n.hasAttr("offset"))
    x = o.sub(x, reals(n, o, "offset", type));
  if (n.hasAttr("scale"))
    x = o.mul(x, reals(n, o, "scale", type));
  return n.result(o.cast(x, o.f32()));
}

LogicalResult normalizer(Node &n, Ops &o) {
  Value x = real(o, n.in(0));
  if (!x)
    return failure();
  int64_t last = Ops::rank(x) - 1;
  std::string norm = n.s("norm", "MAX");
  Value by;
  if (norm == "MAX")
    by = o.reduce<fn::ReduceMaxOp>(x, {last}, true);
  else if (norm == "L1")
    by = o.sum(o.abs(x), {last}, true);
  else if (norm == "L2")
    by = o.sqrt(o.sum(o.square(x), {last}, true));
  else
    return n.error("norm is '") << norm << "'";
  by = o.where(o.equal(by, 0.0), o.scalar(1, Ops::element(x)), by);
  return n.result(o.cast(o.div(x, by), o.f32()));
}

LogicalResult binarizer(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Value above = o.make<fn::GreaterOp>({x, o.scalar(n.f("threshold", 0), Ops::element(x))});
  return n.result(o.cast(above, Ops::element(x)));
}

LogicalResult imputer(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Type type = Ops::element(x);
  bool isFloat = Ops::isFloat(x);
  double replaced = isFloat ? n.f("replaced_value_float", 0) : n.i("replaced_value_int64", 0);
  Value with = isFloat ? reals(n, o, "imputed_value_floats", type) : [&] {
    Ints values = n.is("imputed_value_int64s", {0});
    int64_t count = values.size();
    return o.ints(values, count == 1 ? Ints() : Ints{count}, type);
  }();
  Value missing = std::isnan(replaced) ? o.make<fn::IsNanOp>({x}) : o.equal(x, replaced);
  return n.result(o.where(missing, with, x));
}

LogicalResult arrayFeatureExtractor(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1);
  if (!x || !indices || Ops::rank(x) == 0)
    return failure();
  if (Ops::rank(x) == 1)
    x = o.expand(x, {0});
  return n.result(o.gather(x, o.flat(indices), Ops::rank(x) - 1));
}

LogicalResult featureVectorizer(Node &n, Ops &o) {
  SmallVector<Value> parts;
  for (size_t i = 0; i < n.numInputs(); ++i) {
    Value part = real(o, n.in(i));
    if (!part)
      return failure();
    parts.push_back(Ops::rank(part) == 1 ? o.expand(part, {0}) : part);
  }
  return n.result(o.cast(o.concat(parts, 1), o.f32()));
}

LogicalResult oneHotEncoder(Node &n, Ops &o) {
  Value x = n.in(0);
  std::optional<Ints> categories = n.is("cats_int64s");
  if (!x)
    return failure();
  if (!categories)
    return n.error("has categories that are not integers");
  Value known = o.ints(*categories);
  return n.result(o.cast(o.equal(o.expand(o.cast(x, o.i64()), {Ops::rank(x)}), known), o.f32()));
}

/// Numbers to numbers.
LogicalResult labelEncoder(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  auto list = [&](StringRef name, Type &type) -> std::optional<SmallVector<double>> {
    if (std::optional<Ints> values = n.is((name + "_int64s").str())) {
      type = o.i64();
      return SmallVector<double>(values->begin(), values->end());
    }
    type = o.f32();
    if (std::optional<SmallVector<double>> values = n.fs((name + "_floats").str()))
      return values;
    std::string tensor = (name + "_tensor").str();
    DenseElementsAttr value = n.hasAttr(tensor) ? n.tensor(tensor) : DenseElementsAttr();
    if (!value)
      return std::nullopt;
    type = value.getElementType();
    return Ops::knownReals(o.constant(value));
  };
  Type keyType, valueType;
  auto keys = list("keys", keyType), values = list("values", valueType);
  if (!keys || !values || keys->size() != values->size())
    return n.error("does not map numbers to as many numbers");
  double otherwise =
      isa<FloatType>(valueType) ? n.f("default_float", -0.0) : n.i("default_int64", -1);
  if (n.hasAttr("default_tensor"))
    if (DenseElementsAttr given = n.tensor("default_tensor"))
      otherwise = Ops::knownReals(o.constant(given))->front();
  int64_t count = keys->size(), last = Ops::rank(x);
  Value key = o.reals(*keys, {count}, Ops::element(x));
  Value hit = o.equal(o.expand(x, {last}), key);
  for (auto [i, k] : llvm::enumerate(*keys))
    if (std::isnan(k)) { // a key too
      Ints isThis(count, 0);
      isThis[i] = 1;
      Value nan = o.expand(o.make<fn::IsNanOp>({x}), {last});
      hit = o.make<fn::LogicalOrOp>({hit, o.both(nan, o.ints(isThis, {count}, o.i1()))});
    }
  // Behind all values stands the one of what has none.
  values->push_back(otherwise);
  Value place = o.where(hit, o.iota({count}, 0, o.i64()), o.scalar(count, o.i64()));
  Value first = o.reduce<fn::ReduceMinOp>(place, {last}, false);
  return n.result(o.gather(o.reals(*values, {count + 1}, valueType), first, 0));
}

/// Products with the coefficients, one row per target.
Value linear(Node &n, Ops &o, Value x, int64_t targets) {
  SmallVector<double> weights = n.fs("coefficients").value_or(SmallVector<double>());
  if (!x || Ops::rank(x) > 2 || targets < 1)
    return n.error("needs a matrix and at least one target"), Value();
  if (Ops::rank(x) == 1)
    x = o.expand(x, {0});
  int64_t features = weights.size() / targets;
  if (static_cast<size_t>(features * targets) != weights.size() || Ops::shape(x)[1] != features)
    return n.error("has ") << weights.size() << " coefficients for " << targets << " targets",
           Value();
  Value y = o.matmul(x, o.reals(weights, {targets, features}, Ops::element(x)), false, true);
  SmallVector<double> intercepts = n.fs("intercepts").value_or(SmallVector<double>());
  if (!intercepts.empty())
    y = o.add(y, o.reals(intercepts, {static_cast<int64_t>(intercepts.size())}, Ops::element(x)));
  return y;
}

LogicalResult linearRegressor(Node &n, Ops &o) {
  Value y = linear(n, o, real(o, n.in(0)), n.i("targets", 1));
  return n.result(o.cast(transformed(n, o, y, n.s("post_transform", "NONE")), o.f32()));
}

LogicalResult linearClassifier(Node &n, Ops &o) {
  Value x = real(o, n.in(0));
  if (!x)
    return failure();
  size_t weights = n.fs("coefficients").value_or(SmallVector<double>()).size();
  int64_t features = Ops::shape(x).back();
  if (features < 1)
    return n.error("the number of features must be known: give --shape");
  return classified(n, o, linear(n, o, x, weights / features), false,
                    n.s("post_transform", "NONE"));
}

/// Probabilities by name; here they stay a matrix.
LogicalResult zipMap(Node &n, Ops &o) { return n.result(n.in(0)); }

} // namespace

void fnc::onnx_import::addClassicOps(OpTable &table) {
  table["ai.onnx.ml:ArrayFeatureExtractor"] = arrayFeatureExtractor;
  table["ai.onnx.ml:Binarizer"] = binarizer;
  table["ai.onnx.ml:FeatureVectorizer"] = featureVectorizer;
  table["ai.onnx.ml:Imputer"] = imputer;
  table["ai.onnx.ml:LabelEncoder"] = labelEncoder;
  table["ai.onnx.ml:LinearClassifier"] = linearClassifier;
  table["ai.onnx.ml:LinearRegressor"] = linearRegressor;
  table["ai.onnx.ml:Normalizer"] = normalizer;
  table["ai.onnx.ml:OneHotEncoder"] = oneHotEncoder;
  table["ai.onnx.ml:Scaler"] = scaler;
  table["ai.onnx.ml:ZipMap"] = zipMap;
}
