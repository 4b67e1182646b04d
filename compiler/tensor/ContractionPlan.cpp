//===- ContractionPlan.cpp - how a sum of products is computed ------------===//

#include "compiler/tensor/ContractionPlan.h"

using namespace mlir;
using namespace fnc;

namespace {

/// Vectors shorter than this are not worth their own loop.
constexpr int64_t kShortest = 4;

/// How an operand moves along `loop`: 0 not at all, 1 contiguously, -1 otherwise.
int stepAlong(AffineMap map, unsigned loop) {
  if (!map.isFunctionOfDim(loop))
    return 0;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (!isa<AffineDimExpr>(expr) || i + 1 != map.getNumResults())
      return -1;
  }
  return 1;
}

/// Whether a constant with this map can be laid out along the terms of a sum.
bool canPack(const Product &p, AffineMap map) {
  if (!map.isProjectedPermutation())
    return false;
  for (unsigned i = 0; i < p.sizes.size(); ++i)
    if (p.isReduction(i) && (!map.isFunctionOfDim(i) || p.sizes[i] < 0))
      return false;
  return true;
}

bool isShort(int64_t size) { return size >= 0 && size < kShortest; }

/// Vectors along the result.
std::optional<ContractionPlan> planProducts(const Product &p, Registers registers) {
  bool packsLhs = p.lhsConstant && canPack(p, p.lhs), packsRhs = p.rhsConstant && canPack(p, p.rhs);
  for (unsigned dim = p.sizes.size(); dim-- > 0;) {
    if (p.isReduction(dim) || isShort(p.sizes[dim]) || stepAlong(p.result, dim) != 1)
      continue;
    // The row shares what moves along the vectors alone; that operand becomes the right one.
    std::optional<ContractionPlan> best;
    int64_t bestRows = 0;
    for (bool swapped : {false, true}) {
      AffineMap lhs = swapped ? p.rhs : p.lhs, rhs = swapped ? p.lhs : p.rhs;
      bool packs = swapped ? packsLhs : packsRhs;
      if (!rhs.isFunctionOfDim(dim) || stepAlong(lhs, dim) < 0 ||
          (!packs && stepAlong(rhs, dim) < 0) || (packs && p.sizes[dim] < 0))
        continue;
      ContractionPlan plan;
      plan.swapped = swapped;
      plan.packs = packs;
      plan.vectorDim = dim;
      for (unsigned row = p.sizes.size(); row-- > 0;) {
        if (row == dim || p.isReduction(row) || p.sizes[row] == 1 || rhs.isFunctionOfDim(row))
          continue;
        if (!plan.rowDim || isShort(p.sizes[*plan.rowDim]))
          plan.rowDim = row;
      }
      int64_t rows = !plan.rowDim                ? 1
                     : p.sizes[*plan.rowDim] < 0 ? INT64_MAX
                                                 : p.sizes[*plan.rowDim];
      if (!best || rows > bestRows) {
        best = plan;
        bestRows = rows;
      }
    }
    if (!best)
      continue;
    int64_t terms = 1;
    for (unsigned i = 0; i < p.sizes.size(); ++i)
      if (p.isReduction(i))
        terms = terms < 0 || p.sizes[i] < 0 ? -1 : terms * p.sizes[i];
    best->tile = chooseTile(registers, p.bits, best->rowDim ? p.sizes[*best->rowDim] : 1,
                            p.sizes[dim], terms);
    return best;
  }
  return std::nullopt;
}

/// Vectors along a reduction in which both operands are contiguous.
std::optional<ContractionPlan> planDotProducts(const Product &p, Registers registers) {
  int64_t width = lanes(registers, p.bits);
  if (width < kShortest)
    return std::nullopt;
  for (unsigned dim = p.sizes.size(); dim-- > 0;) {
    if (!p.isReduction(dim) || (p.sizes[dim] >= 0 && p.sizes[dim] < width) ||
        stepAlong(p.lhs, dim) != 1 || stepAlong(p.rhs, dim) != 1)
      continue;
    ContractionPlan plan;
    plan.dot = true;
    plan.vectorDim = dim;
    for (unsigned other = p.sizes.size(); other-- > 0;) {
      if (p.isReduction(other) || p.sizes[other] == 1)
        continue;
      bool inLhs = p.lhs.isFunctionOfDim(other), inRhs = p.rhs.isFunctionOfDim(other);
      if (inLhs && !inRhs && !plan.rowDim)
        plan.rowDim = other;
      if (inRhs && !inLhs && !plan.columnDim)
        plan.columnDim = other;
    }
    auto size = [&](std::optional<unsigned> loop) { return loop ? p.sizes[*loop] : 1; };
    plan.tile = chooseDotTile(registers, p.bits, size(plan.rowDim), size(plan.columnDim));
    return plan;
  }
  return std::nullopt;
}

} // namespace

std::optional<ContractionPlan> fnc::planContraction(const Product &product, Registers registers) {
  if (registers.count == 0)
    return std::nullopt;
  if (std::optional<ContractionPlan> plan = planProducts(product, registers))
    return plan;
  return planDotProducts(product, registers);
}
