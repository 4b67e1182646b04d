//===- OpsDetect.cpp - selections whose size is data ----------------------===//
//
// How many boxes, values or n-grams there are is known once the inputs are.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/FoldArray.h"
#include <map>
#include <numeric>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

struct Box {
  double y1, x1, y2, x2;
  double area() const { return (y2 - y1) * (x2 - x1); }
  double overlap(const Box &b) const {
    double high = std::min(y2, b.y2) - std::max(y1, b.y1),
           wide = std::min(x2, b.x2) - std::max(x1, b.x1);
    if (high <= 0 || wide <= 0)
      return 0;
    return high * wide / (area() + b.area() - high * wide);
  }
};

LogicalResult nonMaxSuppression(Node &n, Ops &o) {
  if (std::optional<int64_t> bound = n.bound(0, {0, 1, 2, 3, 4}))
    return boundedNonMaxSuppression(n, o, *bound);
  FailureOr<SmallVector<double>> boxes = n.reals(0), scores = n.reals(1);
  if (failed(boxes) || failed(scores))
    return failure();
  ArrayRef<int64_t> s = Ops::shape(n.in(1)), b = Ops::shape(n.in(0));
  if (s.size() != 3 || b.size() != 3 || b[0] != s[0] || b[1] != s[2] || b[2] != 4)
    return n.error("has boxes of type ")
           << Ops::type(n.in(0)) << " and scores of type " << Ops::type(n.in(1));
  auto optional = [&](size_t i, double otherwise) -> FailureOr<double> {
    if (!n.has(i))
      return otherwise;
    FailureOr<SmallVector<double>> given = n.reals(i);
    if (failed(given))
      return failure();
    if (given->empty())
      return otherwise;
    return given->front();
  };
  FailureOr<double> most = optional(2, 0), overlap = optional(3, 0), least = optional(4, -INFINITY);
  if (failed(most) || failed(overlap) || failed(least))
    return failure();
  bool centred = n.i("center_point_box", 0);
  Ints chosen;
  for (int64_t batch = 0; batch < s[0]; ++batch)
    for (int64_t c = 0; c < s[1]; ++c) {
      ArrayRef<double> score = ArrayRef(*scores).slice((batch * s[1] + c) * s[2], s[2]);
      auto box = [&](int64_t i) {
        ArrayRef<double> v = ArrayRef(*boxes).slice((batch * s[2] + i) * 4, 4);
        if (centred)
          return Box{v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
        return Box{std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]),
                   std::max(v[1], v[3])};
      };
      Ints order(s[2]);
      std::iota(order.begin(), order.end(), 0);
      llvm::stable_sort(order, [&](int64_t x, int64_t y) { return score[x] > score[y]; });
      Ints kept;
      for (int64_t i : order) {
        if (static_cast<double>(kept.size()) >= *most || score[i] <= *least)
          break;
        if (llvm::none_of(kept, [&](int64_t k) { return box(k).overlap(box(i)) > *overlap; }))
          kept.push_back(i);
      }
      for (int64_t i : kept)
        chosen.append({batch, c, i});
    }
  return n.result(o.ints(chosen, {static_cast<int64_t>(chosen.size()) / 3, 3}, o.i64()));
}

LogicalResult unique(Node &n, Ops &o) {
  if (std::optional<int64_t> bound = n.bound(0, {0}))
    return boundedUnique(n, o, *bound);
  Value x = n.in(0);
  FailureOr<SmallVector<double>> values = n.reals(0);
  if (failed(values))
    return failure();
  bool sorted = n.i("sorted", 1), byAxis = n.hasAttr("axis");
  int64_t axis = 0;
  if (byAxis) {
    FailureOr<int64_t> given = n.axis(n.i("axis", 0), Ops::rank(x));
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = o.flat(x);
  }
  // Slices along the axis as lists of numbers.
  ArrayRef<int64_t> shape = Ops::shape(x);
  int64_t count = shape[axis], inner = 1, outer = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  for (int64_t size : shape.take_front(axis))
    outer *= size;
  std::map<std::vector<double>, int64_t> places;
  Ints first, counts, inverse;
  std::vector<std::vector<double>> slices;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<double> slice;
    for (int64_t a = 0; a < outer; ++a)
      for (int64_t b = 0; b < inner; ++b)
        slice.push_back((*values)[(a * count + i) * inner + b]);
    auto [it, isNew] = places.try_emplace(slice, first.size());
    if (isNew) {
      first.push_back(i);
      counts.push_back(0);
      slices.push_back(slice);
    }
    ++counts[it->second];
    inverse.push_back(it->second);
  }
  Ints order(first.size()), rankOf(first.size());
  std::iota(order.begin(), order.end(), 0);
  if (sorted)
    llvm::sort(order, [&](int64_t a, int64_t b) { return slices[a] < slices[b]; });
  Ints orderedFirst, orderedCounts;
  for (auto [rank, index] : llvm::enumerate(order)) {
    rankOf[index] = rank;
    orderedFirst.push_back(first[index]);
    orderedCounts.push_back(counts[index]);
  }
  for (int64_t &i : inverse)
    i = rankOf[i];
  if (failed(n.set(0, o.gather(x, orderedFirst, axis))) || failed(n.set(1, o.ints(orderedFirst))) ||
      failed(n.set(2, o.ints(inverse))))
    return failure();
  return n.set(3, o.ints(orderedCounts));
}

/// Counts n-grams of integers: each n-gram of the pool is compared with every place it can be at.
LogicalResult tfIdfVectorizer(Node &n, Ops &o) {
  Value x = n.in(0);
  std::optional<Ints> pool = n.is("pool_int64s");
  if (!x)
    return failure();
  if (!pool)
    return n.error("has a pool that is not of integers");
  Ints starts = n.is("ngram_counts", {}), columns = n.is("ngram_indexes", {});
  int64_t least = n.i("min_gram_length", 1), most = n.i("max_gram_length", 1),
          skips = n.i("max_skip_count", 0);
  std::string mode = n.s("mode", "TF");
  SmallVector<double> weights = n.fs("weights").value_or(SmallVector<double>());
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return n.error("mode is '") << mode << "'";
  bool isRow = Ops::rank(x) == 1;
  if (isRow)
    x = o.expand(x, {0});
  if (Ops::rank(x) != 2 || !Ops::isStatic(x) || columns.empty())
    return n.error("has an input of type ") << Ops::type(x);
  x = o.cast(x, o.i64());
  int64_t rows = Ops::shape(x)[0], length = Ops::shape(x)[1];
  int64_t width = *llvm::max_element(columns) + 1;
  SmallVector<Value> found(width);
  size_t gram = 0;
  for (size_t size = 1; size <= starts.size(); ++size) {
    int64_t end = size < starts.size() ? starts[size] : pool->size();
    for (int64_t at = starts[size - 1]; at + static_cast<int64_t>(size) <= end;
         at += size, ++gram) {
      int64_t span = size;
      if (gram >= columns.size() || columns[gram] < 0 || at < 0 ||
          end > static_cast<int64_t>(pool->size()))
        return n.error("the attributes of its n-grams do not fit");
      if (span < least || span > most)
        continue;
      Value count = o.splat(0, {rows}, o.f32());
      // One item far or with gaps; of a single item gaps say nothing.
      for (int64_t skip = 0; skip <= (span == 1 ? 0 : skips); ++skip) {
        int64_t places = length - (span - 1) * (skip + 1);
        if (places < 1)
          break;
        Value here;
        for (int64_t k = 0; k < span; ++k) {
          int64_t from = k * (skip + 1);
          Value hit =
              o.equal(o.slice(x, 1, from, from + places), o.ints({(*pool)[at + k]}, {}, o.i64()));
          here = here ? o.both(here, hit) : hit;
        }
        count = o.add(count, o.sum(o.cast(here, o.f32()), {1}));
      }
      if (mode == "IDF")
        count = o.cast(o.make<fn::GreaterOp>({count, o.scalar(0, o.f32())}), o.f32());
      if (mode != "TF" && gram < weights.size())
        count = o.mul(count, weights[gram]);
      Value &column = found[columns[gram]];
      column = column ? o.add(column, count) : count;
    }
  }
  for (Value &column : found)
    if (!column)
      column = o.splat(0, {rows}, o.f32());
  Value y = o.stack(found, 1);
  return n.result(isRow ? o.squeeze(y, {0}) : y);
}

/// Elimination with the greatest pivot brought up by exchanging rows where a lower one is greater.
LogicalResult determinant(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x), size = rank < 2 ? 0 : Ops::shape(x)[rank - 1];
  if (size < 1 || size > 32 || Ops::shape(x)[rank - 2] != size)
    return n.error("has an input of type ")
           << Ops::type(x) << ", expected square matrices of at most 32 rows";
  SmallVector<Value> rows;
  for (int64_t i = 0; i < size; ++i)
    rows.push_back(o.at(x, rank - 2, i));
  Value product;
  int64_t last = rank - 2;
  for (int64_t k = 0; k < size; ++k) {
    for (int64_t i = k + 1; i < size; ++i) {
      Value mine = o.slice(rows[k], last, k, k + 1), other = o.slice(rows[i], last, k, k + 1);
      Value swap = o.make<fn::GreaterOp>({o.abs(other), o.abs(mine)});
      Value upper = o.where(swap, rows[i], rows[k]);
      rows[i] = o.where(swap, o.negate(rows[k]), rows[i]);
      rows[k] = upper;
    }
    Value pivot = o.at(rows[k], last, k);
    product = product ? o.mul(product, pivot) : pivot;
    Value wide = o.slice(rows[k], last, k, k + 1);
    Value safe = o.where(o.equal(wide, 0.0), o.scalar(1, Ops::element(x)), wide);
    for (int64_t i = k + 1; i < size; ++i)
      rows[i] = o.sub(rows[i], o.mul(o.div(o.slice(rows[i], last, k, k + 1), safe), rows[k]));
  }
  return n.result(product);
}

} // namespace

void fnc::onnx_import::addDetectOps(OpTable &table) {
  table[":Det"] = determinant;
  table[":NonMaxSuppression"] = nonMaxSuppression;
  table[":TfIdfVectorizer"] = tfIdfVectorizer;
  table[":Unique"] = unique;
}
