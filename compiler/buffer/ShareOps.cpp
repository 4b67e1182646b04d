//===- ShareOps.cpp - equal ops of several kernels as one function --------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SHAREOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What a call costs is little beside this many multiply-adds; what a size of the call is taken
/// for.
constexpr int64_t kFewestProducts = 2048, kUnknown = 32;

/// Operations in the bodies of what is shared: less code than that is not worth a call.
constexpr unsigned kFewestOps = 12;

/// Whether the code of an op is long, and its work too.
bool isLong(Operation &op) {
  if (auto contraction = dyn_cast<fnc::kernel::ContractOp>(op)) {
    int64_t products = 1;
    for (int64_t size : contraction.getSizes())
      products = std::min(products * (size < 0 ? kUnknown : size), kFewestProducts);
    return products == kFewestProducts;
  }
  if (isa<fnc::kernel::CooMatmulOp, fnc::kernel::WinogradOp, fnc::kernel::WinogradFilterOp>(op))
    return true;
  if (!isa<scf::ForOp, linalg::LinalgOp>(op))
    return false;
  unsigned ops = 0;
  op.walk([&](Operation *) { ++ops; });
  return ops > kFewestOps;
}

llvm::hash_code hashOf(Operation *nest) {
  llvm::hash_code hash(0);
  nest->walk([&](Operation *op) {
    hash = llvm::hash_combine(
        hash, OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

/// The values that `other` has for those that `op` takes from outside, if that is all in which they
/// differ.
std::optional<IRMapping> matchOps(Operation *op, Operation *other) {
  if (!OperationEquivalence::isEquivalentTo(op, other, OperationEquivalence::ignoreValueEquivalence,
                                            /*markEquivalent=*/nullptr,
                                            OperationEquivalence::IgnoreLocations))
    return std::nullopt;
  IRMapping map, back;
  auto mark = [&](ValueRange xs, ValueRange ys) {
    map.map(xs, ys);
    back.map(ys, xs);
  };
  auto check = [&](Value x, Value y) {
    Attribute constantX, constantY;
    if (matchPattern(x, m_Constant(&constantX)))
      return matchPattern(y, m_Constant(&constantY)) && constantX == constantY;
    if (Value known = map.lookupOrNull(x))
      return known == y;
    if (x.getType() != y.getType() || back.contains(y) || matchPattern(y, m_Constant()))
      return false;
    mark(x, y);
    return true;
  };
  SmallVector<Operation *> inner, others;
  op->walk<WalkOrder::PreOrder>([&](Operation *at) { inner.push_back(at); });
  other->walk<WalkOrder::PreOrder>([&](Operation *at) { others.push_back(at); });
  for (auto [x, y] : llvm::zip_equal(inner, others)) {
    if (!llvm::all_of(llvm::zip_equal(x->getOperands(), y->getOperands()),
                      [&](auto pair) { return std::apply(check, pair); }))
      return std::nullopt;
    mark(x->getResults(), y->getResults());
    for (auto [blocks, otherBlocks] : llvm::zip_equal(x->getRegions(), y->getRegions()))
      for (auto [block, otherBlock] : llvm::zip_equal(blocks, otherBlocks))
        mark(block.getArguments(), otherBlock.getArguments());
  }
  return map;
}

struct ShareOps : fnc::impl::ShareOpsBase<ShareOps> {
  using Base::Base;

  /// Equal ops, with what each has for the values that the first one takes.
  struct Group {
    fnc::Captures captures;
    SmallVector<Operation *> ops;
    SmallVector<IRMapping> maps;
  };

  void runOnOperation() override {
    SmallVector<Operation *> candidates;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (!kernel.isExternal())
        for (Operation &op : kernel.front())
          if (isLong(op))
            candidates.push_back(&op);
    for (Operation *op : candidates)
      add(op);
    unsigned count = 0;
    for (Group &group : groups) {
      if (group.ops.size() == 1)
        continue;
      auto kernel = group.ops[0]->getParentOfType<func::FuncOp>();
      func::FuncOp shared = fnc::outlined(group.ops[0], group.captures, kernel,
                                          kernel.getName() + ".shared" + Twine(count++));
      SmallVector<Value> arguments = group.captures.arguments;
      for (unsigned i = group.ops.size(); i-- > 1;)
        fnc::callInstead(group.ops[i], shared, llvm::map_to_vector(arguments, [&](Value argument) {
                           return group.maps[i - 1].lookup(argument);
                         }));
      fnc::callInstead(group.ops[0], shared, arguments);
    }
  }

  /// Finds the group of an op, or begins one.
  void add(Operation *op) {
    std::optional<fnc::Captures> captures = fnc::capturesOf(op);
    if (!captures || !captures->apart)
      return;
    SmallVector<unsigned> &known = byHash[size_t(hashOf(op)) >> 2];
    for (unsigned number : known)
      if (auto map = matchOps(groups[number].ops[0], op)) {
        groups[number].ops.push_back(op);
        groups[number].maps.push_back(std::move(*map));
        return;
      }
    known.push_back(groups.size());
    groups.push_back({std::move(*captures), {op}, {}});
  }

  std::vector<Group> groups;
  llvm::DenseMap<size_t, SmallVector<unsigned>> byHash;
};

} // namespace
