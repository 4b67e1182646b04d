//===- Simplify.cpp - folds and canonical forms ---------------------------===//

#include "compiler/Simplify.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"
#include <mutex>

using namespace mlir;

namespace {

using Names = llvm::SetVector<OperationName>;
using AddPatterns = void (*)(RewritePatternSet &);
using Patterns = std::vector<std::unique_ptr<RewritePattern>>;

/// The patterns that each op brings along, made once for all functions and threads.
class PatternsOfOps {
public:
  explicit PatternsOfOps(AddPatterns addPatterns) : addPatterns(addPatterns) {}

  const Patterns &of(OperationName name) {
    std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<Patterns> &patterns = byName[name];
    if (!patterns)
      patterns = made(name.getContext(), [&](RewritePatternSet &set) {
        if (std::optional<RegisteredOperationName> registered = name.getRegisteredInfo())
          registered->getCanonicalizationPatterns(set, set.getContext());
      });
    return *patterns;
  }

  /// Of all dialects, then `addPatterns`.
  std::pair<const Patterns &, const Patterns &> common(MLIRContext *context) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!ofDialects)
      ofDialects = made(context, [&](RewritePatternSet &set) {
        for (Dialect *dialect : context->getLoadedDialects())
          dialect->getCanonicalizationPatterns(set);
      });
    if (!added)
      added = made(context, [&](RewritePatternSet &set) {
        if (addPatterns)
          addPatterns(set);
      });
    return {*ofDialects, *added};
  }

private:
  static std::unique_ptr<Patterns> made(MLIRContext *context,
                                        function_ref<void(RewritePatternSet &)> fill) {
    RewritePatternSet set(context);
    fill(set);
    return std::make_unique<Patterns>(std::move(set.getNativePatterns()));
  }

  std::mutex mutex;
  AddPatterns addPatterns;
  DenseMap<OperationName, std::unique_ptr<Patterns>> byName;
  std::unique_ptr<Patterns> ofDialects, added;
};

/// The patterns of the ops that there are, and of no others, as one: for upstream to index and sort
/// a set of patterns for every registered op takes as long as to apply them.
struct CanonicalPatterns : RewritePattern {
  CanonicalPatterns(MLIRContext *context, PatternsOfOps &patterns)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), patterns(patterns) {}

  /// Whether there are more patterns now than before.
  bool addNames(const Names &seen) {
    size_t known = names.size(), before = ofNames.size();
    names.insert_range(seen);
    for (OperationName name : names.getArrayRef().drop_front(known))
      append(patterns.of(name), ofNames);
    lists.clear();
    return ofNames.size() != before;
  }

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto [it, isNew] = lists.try_emplace(op->getName());
    if (isNew)
      it->second = listOf(op->getName());
    // Values that go through regions are all that these look at.
    bool hasValues = op->getNumResults() != 0 || !isa<scf::ForOp, scf::IfOp>(op);
    for (auto [pattern, isOfValues] : it->second) {
      if (isOfValues && !hasValues)
        continue;
      rewriter.setInsertionPoint(op);
      if (succeeded(pattern->matchAndRewrite(op, rewriter)))
        return success();
    }
    return failure();
  }

private:
  /// A pattern, and whether it is one of upstream's for values that go in and out of regions.
  using List = SmallVector<std::pair<const RewritePattern *, bool>, 4>;

  static void append(const Patterns &from, SmallVectorImpl<const RewritePattern *> &to) {
    for (const std::unique_ptr<RewritePattern> &pattern : from)
      to.push_back(pattern.get());
  }

  static bool isOf(const RewritePattern &pattern, OperationName name) {
    if (std::optional<OperationName> root = pattern.getRootKind())
      return *root == name;
    if (std::optional<TypeID> interface = pattern.getRootInterfaceID())
      return name.hasInterface(*interface);
    std::optional<TypeID> trait = pattern.getRootTraitID();
    return !trait || name.hasTrait(*trait);
  }

  /// In the order in which upstream would apply them.
  List listOf(OperationName name) const {
    auto [ofDialects, added] = patterns.common(getContext());
    SmallVector<const RewritePattern *> all;
    append(ofDialects, all);
    llvm::append_range(all, ofNames);
    append(added, all);
    List list;
    for (const RewritePattern *pattern : all)
      if (!pattern->getBenefit().isImpossibleToMatch() && isOf(*pattern, name))
        list.emplace_back(pattern, pattern->getDebugName().contains("SuccessorInput"));
    llvm::stable_sort(list, [](const auto &a, const auto &b) {
      return a.first->getBenefit() > b.first->getBenefit();
    });
    return list;
  }

  PatternsOfOps &patterns;
  Names names;
  SmallVector<const RewritePattern *> ofNames;
  mutable DenseMap<OperationName, List> lists;
};

/// The names of ops that a rewrite makes.
struct MadeNames : RewriterBase::Listener {
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    names.insert(op->getName());
  }
  Names names;
};

struct Simplify : PassWrapper<Simplify, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Simplify)

  Simplify(bool (*isFor)(Operation *), AddPatterns addPatterns)
      : isFor(isFor), patterns(std::make_shared<PatternsOfOps>(addPatterns)) {}

  void runOnOperation() override {
    MadeNames made;
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      made.names.insert(op->getName());
      if (isFor && isFor(op))
        ops.push_back(op);
    });
    if (isFor && ops.empty())
      return markAllAnalysesPreserved();
    GreedyRewriteConfig config;
    config.setMaxIterations(1);
    // Regions have one block each until they become LLVM's: nothing to look for there.
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    config.setListener(&made);
    auto one = std::make_unique<CanonicalPatterns>(&getContext(), *patterns);
    CanonicalPatterns &canonical = *one;
    canonical.addNames(made.names);
    RewritePatternSet set(&getContext());
    set.add(std::move(one));
    FrozenRewritePatternSet frozen(std::move(set));
    do {
      made.names.clear();
      if (isFor)
        (void)applyOpPatternsGreedily(ops, frozen, config);
      else
        for (Region &region : getOperation()->getRegions())
          (void)applyPatternsGreedily(region, frozen, config);
      // What another pattern leaves to do is done with all else.
    } while (!isFor && canonical.addNames(made.names));
  }

  bool (*isFor)(Operation *);
  std::shared_ptr<PatternsOfOps> patterns;
};

struct WhereAny : PassWrapper<WhereAny, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WhereAny)

  WhereAny(bool (*isFor)(Operation *), OpPassManager passes)
      : isFor(isFor), passes(std::move(passes)) {}

  void getDependentDialects(DialectRegistry &registry) const override {
    passes.getDependentDialects(registry);
  }

  void runOnOperation() override {
    auto found = getOperation()->walk(
        [&](Operation *op) { return isFor(op) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (!found.wasInterrupted())
      markAllAnalysesPreserved();
    else if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }

  bool (*isFor)(Operation *);
  OpPassManager passes;
};

} // namespace

std::unique_ptr<Pass> fnc::createSimplify() { return createSimplify(nullptr, nullptr); }

std::unique_ptr<Pass> fnc::createSimplify(bool (*isFor)(Operation *), AddPatterns addPatterns) {
  return std::make_unique<Simplify>(isFor, addPatterns);
}

std::unique_ptr<Pass> fnc::createWhereAny(bool (*isFor)(Operation *), OpPassManager passes) {
  return std::make_unique<WhereAny>(isFor, std::move(passes));
}
