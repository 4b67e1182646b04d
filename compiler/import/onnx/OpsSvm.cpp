//===- OpsSvm.cpp - support vector machines of ai.onnx.ml -----------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

SmallVector<double> reals(Node &n, StringRef name) {
  return n.fs(name).value_or(SmallVector<double>());
}

/// Rows of numbers in f32, or null after an error.
Value rows(Node &n, Ops &o, Value x) {
  if (!x)
    return {};
  x = o.cast(x, o.f32());
  if (Ops::rank(x) == 1)
    x = o.expand(x, {0});
  if (Ops::rank(x) != 2 || Ops::shape(x)[1] == kDynamic)
    return n.error("has an input of type ") << Ops::type(x), Value();
  return x;
}

/// The kernel of each row of x with each of `count` vectors.
Value kernels(Node &n, Ops &o, Value x, ArrayRef<double> vectors, int64_t count, StringRef kind) {
  int64_t features = Ops::shape(x)[1];
  if (count < 1 || count * features != static_cast<int64_t>(vectors.size()))
    return n.error("has vectors of ")
               << vectors.size() << " numbers for " << count << " of " << features,
           Value();
  SmallVector<double> p = reals(n, "kernel_params");
  p.resize(3);
  double gamma = p[0], constant = p[1], degree = p[2];
  Value v = o.reals(vectors, {count, features}, o.f32());
  Value products = o.matmul(x, v, false, true);
  if (kind == "LINEAR")
    return products;
  if (kind == "POLY")
    return o.make<fn::PowOp>({o.add(o.mul(products, gamma), constant), o.scalar(degree, o.f32())});
  if (kind == "SIGMOID")
    return o.make<fn::TanhOp>({o.add(o.mul(products, gamma), constant)});
  if (kind != "RBF")
    return n.error("kernel_type is '") << kind << "'", Value();
  // The differences themselves: of nearby points a difference of squares would lose most digits.
  Value apart = o.square(o.sub(o.expand(x, {1}), v));
  return o.exp(o.mul(o.sum(apart, {2}), -gamma));
}

/// A column of weights for each thing to add up, `count` kernels long.
Value weighted(Ops &o, Value kernels, ArrayRef<double> weights, int64_t sums) {
  int64_t count = weights.size() / std::max<int64_t>(1, sums);
  return o.matmul(kernels, o.reals(weights, {sums, count}, o.f32()), false, true);
}

LogicalResult svmRegressor(Node &n, Ops &o) {
  Value x = rows(n, o, n.in(0));
  SmallVector<double> coefficients = reals(n, "coefficients"), rho = reals(n, "rho");
  int64_t supports = n.i("n_supports", 0);
  if (!x || rho.empty() || coefficients.empty())
    return n.failed() ? failure() : LogicalResult(n.error("has no coefficients or no rho"));
  Value y;
  if (supports > 0) {
    if (static_cast<int64_t>(coefficients.size()) != supports)
      return n.error("has ") << coefficients.size() << " coefficients for " << supports
                             << " vectors";
    Value k = kernels(n, o, x, reals(n, "support_vectors"), supports, n.s("kernel_type", "LINEAR"));
    y = k ? weighted(o, k, coefficients, 1) : k;
  } else {
    y = kernels(n, o, x, coefficients, 1, "LINEAR");
  }
  y = o.add(y, rho[0]);
  if (y && n.i("one_class", 0))
    y = o.where(o.less(o.scalar(0, o.f32()), y), o.scalar(1, o.f32()), o.scalar(-1, o.f32()));
  return n.result(transformed(n, o, y, n.s("post_transform", "NONE")));
}

/// Probabilities of classes from those of pairs: `pairs[i][j]`, a column, is that of i against j.
/// The second method of Wu, Lin and Weng (Probability Estimates for Multi-class Classification by
/// Pairwise Coupling), with the steps and the end of libsvm.
Value coupled(Ops &o, ArrayRef<SmallVector<Value>> pairs) {
  size_t classes = pairs.size();
  std::vector<SmallVector<Value>> q(classes, SmallVector<Value>(classes));
  for (size_t t = 0; t < classes; ++t)
    for (size_t j = 0; j < classes; ++j) {
      if (j == t)
        continue;
      Value square = o.square(pairs[j][t]);
      q[t][t] = q[t][t] ? o.add(q[t][t], square) : square;
      q[t][j] = o.negate(o.mul(pairs[j][t], pairs[t][j]));
    }
  Value share = o.broadcastLike(o.scalar(1.0 / static_cast<double>(classes), o.f32()), q[0][0]);
  Value yes = o.broadcastLike(o.scalar(1, o.i1()), q[0][0]);
  if (!share || !yes)
    return {};
  Body round(o, /*isLoop=*/true);
  Value active = round.argument(yes.getType());
  SmallVector<Value> before, p, product(classes);
  for (size_t t = 0; t < classes; ++t)
    before.push_back(round.argument(share.getType()));
  p = before;
  Value whole;
  for (size_t t = 0; t < classes; ++t) {
    for (size_t j = 0; j < classes; ++j) {
      Value part = o.mul(q[t][j], p[j]);
      product[t] = product[t] ? o.add(product[t], part) : part;
    }
    Value part = o.mul(p[t], product[t]);
    whole = whole ? o.add(whole, part) : part;
  }
  Value error;
  for (size_t t = 0; t < classes; ++t) {
    Value off = o.abs(o.sub(product[t], whole));
    error = error ? o.maximum(error, off) : off;
  }
  Value goOn = o.both(
      active,
      o.make<fn::GreaterEqualOp>({error, o.scalar(0.005 / static_cast<double>(classes), o.f32())}));
  for (size_t t = 0; t < classes; ++t) {
    Value step = o.div(o.sub(whole, product[t]), q[t][t]), scale = o.add(step, 1.0);
    p[t] = o.add(p[t], step);
    whole = o.add(whole, o.mul(step, o.add(o.mul(step, q[t][t]), o.mul(product[t], 2.0))));
    whole = o.div(o.div(whole, scale), scale);
    for (size_t j = 0; j < classes; ++j) {
      product[j] = o.div(o.add(product[j], o.mul(step, q[t][j])), scale);
      p[j] = o.div(p[j], scale);
    }
  }
  SmallVector<Value> yields = {goOn};
  for (auto [old, next] : llvm::zip(before, p))
    yields.push_back(o.where(goOn, next, old));
  if (llvm::is_contained(yields, Value()))
    return {};
  round.yield(yields);
  round.close();
  SmallVector<Value> inits = {yes};
  inits.append(classes, share);
  auto op = fn::ScanOp::create(o.b, o.loc, ValueRange(inits).getTypes(), inits, ValueRange(),
                               UnitAttr(), o.b.getI64IntegerAttr(std::max<int64_t>(100, classes)),
                               o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  return o.concat(SmallVector<Value>(op.getResults().drop_front()), 1);
}

/// One machine for each pair of classes, in the order (0, 1), (0, 2), ...
struct Pairs {
  Value scores; ///< of the first class of each pair
  Value votes;  ///< [rows, classes]
};
Pairs decided(Node &n, Ops &o, Value x, ArrayRef<int64_t> perClass) {
  int64_t classes = perClass.size(), total = 0;
  Ints begin;
  for (int64_t count : perClass) {
    begin.push_back(total);
    total += count;
  }
  SmallVector<double> coefficients = reals(n, "coefficients"), rho = reals(n, "rho");
  int64_t pairs = classes * (classes - 1) / 2;
  if (static_cast<int64_t>(coefficients.size()) != (classes - 1) * total ||
      static_cast<int64_t>(rho.size()) < pairs ||
      llvm::any_of(perClass, [](int64_t count) { return count < 0; })) {
    n.error("has ") << coefficients.size() << " coefficients and " << rho.size() << " rho for "
                    << total << " vectors of " << classes << " classes";
    return {};
  }
  Value k = kernels(n, o, x, reals(n, "support_vectors"), total, n.s("kernel_type", "LINEAR"));
  if (!k)
    return {};
  SmallVector<double> weights(pairs * total), wins(pairs * classes), losses(pairs * classes);
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      for (int64_t m = 0; m < perClass[i]; ++m)
        weights[pair * total + begin[i] + m] = coefficients[(j - 1) * total + begin[i] + m];
      for (int64_t m = 0; m < perClass[j]; ++m)
        weights[pair * total + begin[j] + m] = coefficients[i * total + begin[j] + m];
      wins[pair * classes + i] = 1;
      losses[pair * classes + j] = 1;
    }
  rho.resize(pairs);
  Value scores = o.add(weighted(o, k, weights, pairs), o.reals(rho, {pairs}, o.f32()));
  Value first = o.cast(o.less(o.scalar(0, o.f32()), scores), o.f32());
  Value second = o.sub(o.scalar(1, o.f32()), first);
  Value votes = o.add(o.matmul(first, o.reals(wins, {pairs, classes}, o.f32())),
                      o.matmul(second, o.reals(losses, {pairs, classes}, o.f32())));
  return {scores, votes};
}

LogicalResult svmClassifier(Node &n, Ops &o) {
  Value x = rows(n, o, n.in(0));
  int64_t classes = classCount(n);
  Ints perClass = n.is("vectors_per_class", {});
  std::string transform = n.s("post_transform", "NONE");
  if (!x)
    return failure();
  if (classes < 1 || (!perClass.empty() && static_cast<int64_t>(perClass.size()) != classes))
    return n.error("has ") << classes << " labels for " << perClass.size() << " classes";
  Value scores, best;
  auto greatest = [&](Value v) {
    return o.make<fn::ArgMaxOp>({v}, {o.attr("axis", int64_t(1)), o.attr("index_type", o.i64())});
  };
  bool isBinary = classes == 2;
  if (perClass.empty()) {
    SmallVector<double> rho = reals(n, "rho");
    scores = kernels(n, o, x, reals(n, "coefficients"), classes, "LINEAR");
    if (scores && rho.empty())
      return n.error("has no rho");
    scores = scores ? o.add(scores, rho[0]) : scores;
    best = scores ? greatest(scores) : scores;
    if (isBinary && best) {
      // The second class where the greater score is high enough, too.
      bool positive = llvm::all_of(reals(n, "coefficients"), [](double v) { return v >= 0; });
      Value high = o.reduce<fn::ReduceMaxOp>(scores, {1}, false);
      Value limit = o.scalar(positive ? 0.5 : 0, o.f32());
      Value above = positive ? o.make<fn::GreaterEqualOp>({high, limit}) : o.less(limit, high);
      best = o.where(above, o.ints({1}, {}, o.i64()), best);
    }
  } else {
    Pairs pairs = decided(n, o, x, perClass);
    if (!pairs.scores || !pairs.votes)
      return failure();
    best = greatest(pairs.votes);
    scores = pairs.scores;
    SmallVector<double> a = reals(n, "prob_a"), b = reals(n, "prob_b");
    if (!a.empty()) {
      size_t count = classes * (classes - 1) / 2;
      if (a.size() < count || b.size() < count)
        return n.error("has ") << a.size() << " prob_a and " << b.size() << " prob_b for " << count
                               << " pairs";
      a.resize(count);
      b.resize(count);
      int64_t pair = 0;
      Value shares = o.make<fn::SigmoidOp>(
          {o.negate(o.add(o.mul(scores, o.reals(a, {(int64_t)count}, o.f32())),
                          o.reals(b, {(int64_t)count}, o.f32())))});
      shares = o.minimum(o.maximum(shares, 1e-7), 1 - 1e-7);
      std::vector<SmallVector<Value>> r(classes, SmallVector<Value>(classes));
      for (int64_t i = 0; i < classes; ++i)
        for (int64_t j = i + 1; j < classes; ++j, ++pair) {
          r[i][j] = o.slice(shares, 1, pair, pair + 1);
          r[j][i] = o.sub(o.scalar(1, o.f32()), r[i][j]);
        }
      scores = classes > 1 ? coupled(o, r) : shares;
    } else if (isBinary) {
      scores = o.concat(
          {transform == "NONE" ? o.negate(scores) : o.sub(o.scalar(1, o.f32()), scores), scores},
          1);
    }
  }
  if (!scores || !best)
    return failure();
  std::optional<Ints> labels = n.is("classlabels_ints");
  if (failed(n.set(0, labels && !labels->empty() ? o.gather(o.ints(*labels), best, 0) : best)))
    return failure();
  return n.set(1, transformed(n, o, scores, transform));
}

} // namespace

void fnc::onnx_import::addSvmOps(OpTable &table) {
  table["ai.onnx.ml:SVMClassifier"] = svmClassifier;
  table["ai.onnx.ml:SVMRegressor"] = svmRegressor;
}
