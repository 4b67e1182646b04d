//===- OpsMatmul.cpp - matrix products and Einstein sums ------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

LogicalResult matmul(Node &n, Ops &o) {
  std::optional<Value> y = quantizedMatmul(n, o, false, false);
  return n.result(y ? *y : o.matmul(n.in(0), n.in(1)));
}

LogicalResult gemm(Node &n, Ops &o) {
  bool isPlain = n.f("alpha", 1) == 1 && n.f("beta", 1) == 1;
  if (std::optional<Value> y =
          isPlain ? quantizedMatmul(n, o, n.i("transA", 0), n.i("transB", 0)) : std::nullopt)
    return n.result(*y);
  Value y = o.matmul(n.in(0), n.in(1), n.i("transA", 0), n.i("transB", 0));
  double alpha = n.f("alpha", 1), beta = n.f("beta", 1);
  if (alpha != 1)
    y = o.mul(y, alpha);
  if (n.has(2)) {
    Value c = n.in(2);
    y = o.add(y, beta == 1 ? c : o.mul(c, beta));
  }
  return n.result(y);
}

/// One operand of an Einstein sum: a tensor and the label of each dimension.
struct Labelled {
  Value value;
  std::string labels;
};

/// Repeated labels of one operand: the diagonal.
Labelled withoutRepeats(Ops &o, Labelled x) {
  for (size_t i = 0; i < x.labels.size(); ++i) {
    size_t j = x.labels.find(x.labels[i], i + 1);
    if (j == std::string::npos)
      continue;
    if (!x.value)
      return x;
    // Keeps what lies on the diagonal of dimensions i and j, and sums j away.
    ArrayRef<int64_t> s = Ops::shape(x.value);
    if (s[i] == kDynamic || s[i] != s[j]) {
      x.value = o.error("a repeated label has sizes " + Twine(s[i]) + " and " + Twine(s[j]));
      return x;
    }
    int64_t rank = s.size();
    Value row = o.alongAxis(o.iota({s[i]}, 0, o.i64()), i, rank);
    Value column = o.alongAxis(o.iota({s[i]}, 0, o.i64()), j, rank);
    Value zero = o.scalar(0, Ops::element(x.value));
    x.value = o.sum(o.where(o.equal(row, column), x.value, zero), {static_cast<int64_t>(j)});
    x.labels.erase(j, 1);
    --i;
  }
  return x;
}

Labelled permuted(Ops &o, const Labelled &x, const std::string &labels) {
  Ints perm;
  for (char c : labels)
    perm.push_back(x.labels.find(c));
  return {o.transpose(x.value, perm), labels};
}

/// Sums away what nobody else needs.
Labelled reduced(Ops &o, Labelled x, const std::string &needed) {
  Ints axes;
  std::string kept;
  for (auto [i, c] : llvm::enumerate(x.labels)) {
    if (needed.find(c) == std::string::npos)
      axes.push_back(i);
    else
      kept += c;
  }
  return axes.empty() ? x : Labelled{o.sum(x.value, axes), kept};
}

/// Two operands as one batched matrix product.
Labelled contract(Ops &o, Labelled x, Labelled y, const std::string &needed) {
  x = reduced(o, x, y.labels + needed);
  y = reduced(o, y, x.labels + needed);
  if (!x.value || !y.value)
    return {};
  std::string batch, inner, left, right;
  for (char c : x.labels) {
    bool shared = y.labels.find(c) != std::string::npos;
    (!shared ? left : needed.find(c) != std::string::npos ? batch : inner) += c;
  }
  for (char c : y.labels)
    if (x.labels.find(c) == std::string::npos)
      right += c;
  x = permuted(o, x, batch + left + inner);
  y = permuted(o, y, batch + inner + right);
  if (inner.empty()) {
    // An outer product: x's own dimensions before y's.
    Ints trailing, leading;
    for (size_t i = 0; i < right.size(); ++i)
      trailing.push_back(x.labels.size() + i);
    for (size_t i = 0; i < left.size(); ++i)
      leading.push_back(batch.size() + i);
    return {o.mul(o.expand(x.value, trailing), o.expand(y.value, leading)), batch + left + right};
  }
  if (!x.value || !y.value)
    return {};
  // Groups of dimensions become one each.
  ArrayRef<int64_t> xs = Ops::shape(x.value), ys = Ops::shape(y.value);
  Ints full(xs.begin(), xs.begin() + batch.size() + left.size());
  full.append(ys.begin() + batch.size() + inner.size(), ys.end());
  auto product = [](ArrayRef<int64_t> sizes) {
    int64_t count = 1;
    for (int64_t size : sizes)
      count = size == kDynamic || count == kDynamic ? kDynamic : count * size;
    return count;
  };
  Ints xm(xs.begin(), xs.begin() + batch.size()), ym(ys.begin(), ys.begin() + batch.size());
  xm.push_back(product(xs.slice(batch.size(), left.size())));
  xm.push_back(product(xs.drop_front(batch.size() + left.size())));
  ym.push_back(product(ys.slice(batch.size(), inner.size())));
  ym.push_back(product(ys.drop_front(batch.size() + inner.size())));
  Value product2 = o.matmul(o.reshape(x.value, xm), o.reshape(y.value, ym));
  return {o.reshape(product2, full), batch + left + right};
}

LogicalResult einsum(Node &n, Ops &o) {
  std::string equation = n.s("equation", "");
  llvm::erase(equation, ' ');
  auto [inputs, output] = StringRef(equation).split("->");
  bool isImplicit = StringRef(equation).find("->") == StringRef::npos;
  SmallVector<StringRef> terms;
  inputs.split(terms, ',');
  if (terms.size() != n.numInputs())
    return n.error("the equation has ")
           << terms.size() << " terms for " << n.numInputs() << " inputs";
  // The dimensions of an ellipsis get labels of their own, counted from the last.
  auto ellipsis = [](size_t count) {
    std::string labels;
    for (size_t i = count; i-- > 0;)
      labels += static_cast<char>(1 + i);
    return labels;
  };
  size_t widest = 0;
  SmallVector<Labelled> operands;
  for (auto [i, term] : llvm::enumerate(terms)) {
    Value x = n.in(i);
    if (!x)
      return failure();
    auto [before, after] = term.split("...");
    std::string labels = term.str();
    if (term.contains("...")) {
      int64_t rest = Ops::rank(x) - int64_t(before.size()) - int64_t(after.size());
      if (rest < 0)
        return n.error("term '") << term << "' needs more than rank " << Ops::rank(x);
      labels = before.str() + ellipsis(rest) + after.str();
      widest = std::max<size_t>(widest, rest);
    }
    if (static_cast<int64_t>(labels.size()) != Ops::rank(x))
      return n.error("term '") << term << "' names " << labels.size()
                               << " dimensions, the input has rank " << Ops::rank(x);
    // Sizes of 1 that stand for the ellipsis are dropped: broadcasting is summing over them.
    Ints ones;
    std::string kept;
    for (auto [d, c] : llvm::enumerate(labels)) {
      if (c < 32 && Ops::shape(x)[d] == 1)
        ones.push_back(d);
      else
        kept += c;
    }
    operands.push_back(withoutRepeats(o, {o.squeeze(x, ones), kept}));
  }
  std::string wanted;
  if (isImplicit) {
    std::string all;
    for (StringRef term : terms)
      for (char c : term)
        if (c != '.')
          all += c;
    wanted = ellipsis(widest);
    for (char c : [&] {
           std::string sorted = all;
           llvm::sort(sorted);
           return sorted;
         }())
      if (llvm::count(all, c) == 1)
        wanted += c;
  } else {
    auto [before, after] = output.split("...");
    wanted = before.str() + (output.contains("...") ? ellipsis(widest) : "") + after.str();
  }
  Labelled total = operands[0];
  for (size_t i = 1; i < operands.size(); ++i) {
    std::string needed = wanted;
    for (size_t j = i + 1; j < operands.size(); ++j)
      needed += operands[j].labels;
    total = contract(o, total, operands[i], needed);
  }
  total = reduced(o, total, wanted);
  if (!total.value)
    return failure();
  // Dropped ellipsis dimensions come back where no operand had more than 1.
  std::string present;
  Ints missing;
  for (auto [i, c] : llvm::enumerate(wanted)) {
    if (total.labels.find(c) != std::string::npos)
      present += c;
    else if (c < 32)
      missing.push_back(i);
    else
      return n.error("the output names '") << StringRef(&c, 1) << "', which no input has";
  }
  return n.result(o.expand(permuted(o, total, present).value, missing));
}

} // namespace

void fnc::onnx_import::addMatmulOps(OpTable &table) {
  table[":Einsum"] = einsum;
  table[":Gemm"] = gemm;
  table[":MatMul"] = matmul;
}
