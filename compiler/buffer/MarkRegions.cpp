//===- MarkRegions.cpp - say when each part of a kernel begins ------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SymbolicSize.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_MARKREGIONS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// Operations on floating-point numbers for one point of the loops around `body`.
int64_t operationsOf(Block &body) {
  int64_t count = 0;
  body.walk([&](Operation *op) {
    if (op->getNumResults() != 1 || !isa<FloatType>(getElementTypeOrSelf(op->getResult(0))))
      return;
    if (isa<math::FmaOp>(op))
      count += 2;
    else if (isa<math::MathDialect>(op->getDialect()) ||
             isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp,
                 arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op))
      ++count;
  });
  return count;
}

/// What a part of a kernel computes and touches, for all sizes of its inputs.
class Work {
public:
  explicit Work(func::FuncOp kernel) : kernel(kernel), sizes(kernel) {}

  /// Null where it depends on the data.
  AffineExpr operations(Operation *op) {
    if (auto contraction = dyn_cast<fnc::kernel::ContractOp>(op)) {
      AffineExpr all = number(1), results = number(1);
      for (auto [loop, size] : llvm::enumerate(contraction.getSizes())) {
        AffineExpr steps = size < 0 ? dynamicSize(contraction, loop) : number(size);
        if (!steps)
          return {};
        all = all * steps;
        if (!contraction.isReduction(loop))
          results = results * steps;
      }
      return all * 2 + results * operationsOf(contraction.getEpilogue().front());
    }
    if (auto winograd = dyn_cast<fnc::kernel::WinogradOp>(op)) {
      // Of the direct sum, with which every form of it is compared.
      ArrayRef<int64_t> sizesOf = winograd.getSizes(); // [N, H, W, C, F]
      AffineExpr images =
          sizesOf[0] < 0 ? sizes.dimension(winograd.getInput(), 0) : number(sizesOf[0]);
      int64_t each = 18 * sizesOf[3] + operationsOf(winograd.getEpilogue().front());
      return images ? images * (sizesOf[1] * sizesOf[2] * sizesOf[4] * each) : images;
    }
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      int64_t each = operationsOf(*structured.getBlock());
      AffineExpr all = number(each);
      for (unsigned loop = 0; each != 0 && loop < structured.getNumLoops(); ++loop) {
        AffineExpr steps = stepsOf(structured, loop);
        if (!steps)
          return {};
        all = all * steps;
      }
      return all;
    }
    AffineExpr steps = number(1);
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      AffineExpr from = sizes.of(loop.getLowerBound()), to = sizes.of(loop.getUpperBound()),
                 by = sizes.of(loop.getStep());
      if (!from || !to || !by)
        return {};
      steps = (to - from).ceilDiv(by);
    } else if (isa<scf::WhileOp>(op)) {
      return {};
    }
    // Of a branch, both sides, unless they do the same.
    AffineExpr inside = number(0);
    size_t sides = op->hasAttr("fn.alternatives") ? 1 : op->getNumRegions();
    for (Region &region : op->getRegions().take_front(sides))
      for (Operation &child : region.getOps()) {
        AffineExpr more = operations(&child);
        if (!more)
          return {};
        inside = inside + more;
      }
    return inside * steps;
  }

  /// Bytes of the buffers, each once; null where a size depends on the data.
  AffineExpr bytes(Operation *region) {
    llvm::SetVector<Value> buffers;
    auto add = [&](Value value) {
      if (!isa<MemRefType>(value.getType()))
        return;
      // What a loop sees piece by piece it sees as a whole.
      while (Operation *def = value.getDefiningOp()) {
        auto view = dyn_cast<ViewLikeOpInterface>(def);
        if (!view || isa<memref::ViewOp>(def) || (!region->isAncestor(def) && isPart(def)))
          break;
        value = view.getViewSource();
      }
      buffers.insert(value);
    };
    region->walk([&](Operation *op) {
      if (!isa<ViewLikeOpInterface>(op))
        llvm::for_each(op->getOperands(), add);
    });
    AffineExpr total = number(0);
    for (Value buffer : buffers) {
      auto type = cast<MemRefType>(buffer.getType());
      if (!type.getElementType().isIntOrIndexOrFloat())
        continue;
      unsigned width =
          type.getElementType().isIndex() ? 64 : type.getElementType().getIntOrFloatBitWidth();
      AffineExpr size = number(llvm::divideCeil(width, 8));
      for (int64_t i = 0; i < type.getRank(); ++i) {
        AffineExpr dim = sizes.dimension(buffer, i);
        if (!dim)
          return {};
        size = size * dim;
      }
      total = total + size;
    }
    return total;
  }

private:
  /// Whether a view leaves something out.
  static bool isPart(Operation *view) { return isa<memref::SubViewOp>(view); }

  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, kernel.getContext()); }

  AffineExpr dynamicSize(fnc::kernel::ContractOp op, unsigned loop) {
    AffineExpr dim = getAffineDimExpr(loop, kernel.getContext());
    for (unsigned i = 0; i < op.getMaps().size(); ++i)
      if (std::optional<unsigned> at = op.mapOf(i).getResultPosition(dim);
          at && isa<MemRefType>(op->getOperand(i).getType()) && !(op.getPacked() && i == 1))
        return sizes.dimension(op->getOperand(i), *at);
    return {};
  }

  AffineExpr stepsOf(linalg::LinalgOp op, unsigned loop) {
    AffineExpr dim = getAffineDimExpr(loop, kernel.getContext());
    for (OpOperand &operand : op->getOpOperands())
      if (isa<MemRefType>(operand.get().getType()))
        if (auto at = op.getMatchingIndexingMap(&operand).getResultPosition(dim))
          return sizes.dimension(operand.get(), *at);
    return {};
  }

  func::FuncOp kernel;
  fnc::SymbolicSizes sizes;
};

/// In a word, for people.
StringRef kindOf(Operation *region) {
  StringRef kind = "elementwise";
  region->walk([&](Operation *op) {
    if (isa<fnc::kernel::ContractOp>(op))
      kind = "contraction";
    else if (isa<fnc::kernel::WinogradOp>(op))
      kind = "winograd";
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  if (kind != "elementwise")
    return kind;
  if (isa<linalg::CopyOp>(region))
    return "copy";
  if (isa<linalg::FillOp, fnc::kernel::FillBorderOp>(region))
    return "fill";
  bool reduces = false;
  region->walk([&](linalg::LinalgOp op) { reduces |= op.getNumReductionLoops() > 0; });
  if (reduces)
    return "reduction";
  return isa<linalg::LinalgOp>(region) ? "elementwise" : "loop";
}

/// Where the graph says what a region computes: "12", or the name of a model's node.
void addPlaces(Location location, llvm::SetVector<Attribute> &places) {
  MLIRContext *context = location.getContext();
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      addPlaces(part, places);
  } else if (auto name = dyn_cast<NameLoc>(location)) {
    places.insert(name.getName());
  } else if (auto line = dyn_cast<FileLineColLoc>(location)) {
    places.insert(IntegerAttr::get(IntegerType::get(context, 64), line.getLine()));
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    addPlaces(call.getCallee(), places);
  }
}

struct MarkRegions : fnc::impl::MarkRegionsBase<MarkRegions> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels(getOperation().getOps<func::FuncOp>());
    OpBuilder b = OpBuilder::atBlockBegin(getOperation().getBody());
    Type i32 = b.getI32Type();
    auto hook =
        func::FuncOp::create(b, getOperation().getLoc(), "fn_region", b.getFunctionType({i32}, {}));
    hook.setPrivate();
    for (func::FuncOp kernel : kernels)
      if (!kernel.isExternal() && kernel->hasAttr("fn.kernel") && !kernel->hasAttr("fn.init"))
        mark(kernel, hook);
  }

  void mark(func::FuncOp kernel, func::FuncOp hook) {
    SmallVector<Operation *> regions;
    for (Operation &op : kernel.front())
      if (isa<linalg::LinalgOp>(op) || isa<fnc::kernel::KernelDialect>(op.getDialect()) ||
          op.getNumRegions() > 0)
        regions.push_back(&op);
    Work work(kernel);
    OpBuilder b(kernel);
    unsigned symbols = fnc::numSymbols(kernel);
    auto call = [&](Location location, int64_t number) {
      Value id = arith::ConstantOp::create(b, location, b.getI32IntegerAttr(number));
      func::CallOp::create(b, location, hook, id);
    };
    SmallVector<Attribute> described;
    for (auto [number, region] : llvm::enumerate(regions)) {
      b.setInsertionPoint(region);
      call(region->getLoc(), number);
      llvm::SetVector<Attribute> places;
      unsigned bits = 0;
      addPlaces(region->getLoc(), places);
      region->walk([&](Operation *op) {
        if (isa<linalg::LinalgOp, fnc::kernel::ContractOp, fnc::kernel::WinogradOp>(op))
          addPlaces(op->getLoc(), places);
        for (Type type : op->getOperandTypes())
          if (auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type)))
            bits = std::max(bits, element.getWidth());
      });
      NamedAttrList attrs;
      attrs.set("kind", b.getStringAttr(kindOf(region)));
      attrs.set("places", b.getArrayAttr(places.getArrayRef()));
      attrs.set("bits", b.getI64IntegerAttr(bits));
      auto set = [&](StringRef name, AffineExpr expr) {
        if (expr)
          attrs.set(name, AffineMapAttr::get(AffineMap::get(0, symbols, expr)));
      };
      set("operations", work.operations(region));
      set("bytes", work.bytes(region));
      described.push_back(attrs.getDictionary(&getContext()));
    }
    b.setInsertionPoint(kernel.front().getTerminator());
    call(kernel.getLoc(), -1);
    kernel->setAttr("fn.regions", b.getArrayAttr(described));
  }
};

} // namespace
