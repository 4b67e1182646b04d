//===- Simplify.cpp - folds and canonical forms ---------------------------===//

#include "compiler/Simplify.h"
#include "mlir/IR/Dialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace {

using Names = llvm::SetVector<OperationName>;
using AddPatterns = void (*)(RewritePatternSet &);

/// Patterns of the ops that there are, and of no others: to collect and sort all of them takes as
/// long as to apply these.
struct CanonicalPatterns {
  FrozenRewritePatternSet patterns;

  /// Whether there are more patterns now than before.
  bool addNames(const Names &seen, MLIRContext *context, AddPatterns addPatterns) {
    size_t known = names.size();
    names.insert_range(seen);
    RewritePatternSet added(context);
    collect(names.getArrayRef().drop_front(known), added);
    if (known != 0 && added.getNativePatterns().empty())
      return false;
    RewritePatternSet all(context);
    for (Dialect *dialect : context->getLoadedDialects())
      dialect->getCanonicalizationPatterns(all);
    collect(names.getArrayRef(), all);
    if (addPatterns)
      addPatterns(all);
    patterns = std::move(all);
    return true;
  }

private:
  static void collect(ArrayRef<OperationName> names, RewritePatternSet &patterns) {
    for (OperationName name : names)
      if (std::optional<RegisteredOperationName> registered = name.getRegisteredInfo())
        registered->getCanonicalizationPatterns(patterns, patterns.getContext());
  }

  Names names;
};

/// Those of a stage, which do not depend on what a pass changes.
struct StagePatterns {
  explicit StagePatterns(Operation *) {}
  static bool isInvalidated(const AnalysisManager::PreservedAnalyses &) { return false; }
  llvm::SmallMapVector<AddPatterns, CanonicalPatterns, 2> sets;
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
      : isFor(isFor), addPatterns(addPatterns) {}

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
    CanonicalPatterns &canonical = getAnalysis<StagePatterns>().sets[addPatterns];
    canonical.addNames(made.names, &getContext(), addPatterns);
    do {
      made.names.clear();
      if (isFor)
        (void)applyOpPatternsGreedily(ops, canonical.patterns, config);
      else
        for (Region &region : getOperation()->getRegions())
          (void)applyPatternsGreedily(region, canonical.patterns, config);
      // What another pattern leaves to do is done with all else.
    } while (!isFor && canonical.addNames(made.names, &getContext(), addPatterns));
  }

  bool (*isFor)(Operation *);
  AddPatterns addPatterns;
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
