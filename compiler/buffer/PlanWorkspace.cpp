//===- PlanWorkspace.cpp - one workspace for all allocations --------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_PLANWORKSPACE
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

constexpr int64_t kAlign = 64;

struct Buffer {
  memref::AllocOp alloc;
  AffineExpr bytes;
  /// First and last op that touches it, or what stands for them in the block that holds them all.
  int64_t start = std::numeric_limits<int64_t>::max(), end = -1;
  /// Aligned bytes at the representative size.
  int64_t size = 0;
  int64_t offset = 0;
  /// Buffers (by position in the list) that lie under this one and live with it.
  SmallVector<int64_t> below;

  bool livesWith(const Buffer &other) const { return start <= other.end && other.start <= end; }
};

/// First gap that fits, in the given order. Returns the bytes used.
int64_t place(MutableArrayRef<Buffer> buffers, ArrayRef<unsigned> order,
              SmallVectorImpl<int64_t> &offsets) {
  offsets.assign(buffers.size(), 0);
  SmallVector<unsigned> placed;
  int64_t total = 0;
  SmallVector<std::pair<int64_t, int64_t>> taken;
  for (unsigned index : order) {
    Buffer &buffer = buffers[index];
    taken.clear();
    for (unsigned other : placed)
      if (buffers[other].livesWith(buffer))
        taken.push_back({offsets[other], offsets[other] + buffers[other].size});
    llvm::sort(taken);
    int64_t offset = 0;
    for (auto [begin, end] : taken) {
      if (offset + buffer.size <= begin)
        break;
      offset = std::max(offset, end);
    }
    offsets[index] = offset;
    total = std::max(total, offset + buffer.size);
    placed.push_back(index);
  }
  return total;
}

/// Ops numbered in the order of the text; an op with regions spans those in them.
class Positions {
public:
  explicit Positions(func::FuncOp func) { number(func.getBody()); }

  /// Lifetimes in a region go on with each of its rounds, but no buffer lives from one to the next:
  /// within the innermost block that holds all that touches a buffer, an interval tells its life.
  void span(Buffer &buffer, ArrayRef<Operation *> users) const {
    Block *home = buffer.alloc->getBlock();
    if (users.empty())
      std::tie(buffer.start, buffer.end) = extent.lookup(buffer.alloc);
    for (Operation *user : users)
      while (!home->findAncestorOpInBlock(*user))
        home = home->getParentOp()->getBlock();
    for (Operation *user : users) {
      auto [first, last] = extent.lookup(home->findAncestorOpInBlock(*user));
      buffer.start = std::min(buffer.start, first);
      buffer.end = std::max(buffer.end, last);
    }
  }

private:
  void number(Region &region) {
    for (Block &block : region)
      for (Operation &op : block) {
        int64_t first = next++;
        for (Region &inner : op.getRegions())
          number(inner);
        extent[&op] = {first, next - 1};
      }
  }

  int64_t next = 0;
  llvm::DenseMap<Operation *, std::pair<int64_t, int64_t>> extent;
};

struct PlanWorkspace : fnc::impl::PlanWorkspaceBase<PlanWorkspace> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal() && failed(plan(func)))
      signalPassFailure();
  }

  LogicalResult plan(func::FuncOp func) {
    SmallVector<Buffer> buffers;
    if (failed(collect(func, buffers)))
      return failure();
    SmallVector<int64_t> representative = fnc::representativeSymbols(func, 64);
    // Where all sizes have bounds, the workspace has room for the largest: no call has to compute
    // where its buffers are.
    SmallVector<int64_t> bounds = fnc::representativeSymbols(func, -1);
    if (!llvm::is_contained(bounds, -1))
      for (Buffer &buffer : buffers)
        if (std::optional<int64_t> bytes = fnc::largest(buffer.bytes, bounds))
          buffer.bytes = getAffineConstantExpr(*bytes, &getContext());
    for (Buffer &buffer : buffers)
      buffer.size =
          llvm::alignTo(std::max<int64_t>(fnc::evaluate(buffer.bytes, representative), 0), kAlign);
    choosePlan(buffers);
    apply(func, buffers);

    // Nothing else reaches what an argument points to: the entry point has checked overlaps.
    OpBuilder b(&getContext());
    for (BlockArgument arg : func.getArguments())
      if (isa<MemRefType>(arg.getType()))
        func.setArgAttr(arg.getArgNumber(), "llvm.noalias", b.getUnitAttr());
    return success();
  }

  LogicalResult collect(func::FuncOp func, SmallVectorImpl<Buffer> &buffers) {
    func.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
    Positions positions(func);
    BufferViewFlowAnalysis aliases(func);
    fnc::SymbolicSizes sizes(func);
    WalkResult walked = func.walk([&](memref::AllocOp alloc) {
      Buffer buffer{alloc, sizes.bytes(alloc)};
      if (!buffer.bytes) {
        alloc.emitError("cannot plan the workspace: the size of this buffer does not follow from "
                        "the dimensions of the inputs");
        return WalkResult::interrupt();
      }
      // The analysis does not know memref.transpose as a view.
      SmallVector<Value> roots = {alloc.getResult()};
      llvm::SetVector<Value> reached;
      while (!roots.empty())
        for (Value alias : aliases.resolve(roots.pop_back_val()))
          if (reached.insert(alias))
            for (Operation *user : alias.getUsers())
              if (auto transpose = dyn_cast<memref::TransposeOp>(user))
                roots.push_back(transpose.getResult());
      SmallVector<Operation *> users;
      for (Value alias : reached) {
        // A loop that carries the buffer on would meet it again in the next iteration.
        if (auto arg = dyn_cast<BlockArgument>(alias))
          if (arg.getOwner()->getParentOp()->isAncestor(alloc) &&
              isa<LoopLikeOpInterface>(arg.getOwner()->getParentOp())) {
            alloc.emitError("cannot plan the workspace: this buffer is made in a loop that carries "
                            "it to its next iteration");
            return WalkResult::interrupt();
          }
        llvm::append_range(users, alias.getUsers());
      }
      // The allocation itself touches nothing: life begins at the first use.
      positions.span(buffer, users);
      buffers.push_back(std::move(buffer));
      return WalkResult::advance();
    });
    return failure(walked.wasInterrupted());
  }

  static void choosePlan(SmallVectorImpl<Buffer> &buffers) {
    auto by = [&](auto key) {
      auto order = llvm::to_vector(llvm::seq<unsigned>(0, buffers.size()));
      llvm::stable_sort(order,
                        [&](unsigned a, unsigned b) { return key(buffers[a]) > key(buffers[b]); });
      return order;
    };
    SmallVector<SmallVector<unsigned>> orders = {
        by([](const Buffer &x) { return x.size; }),
        by([](const Buffer &x) { return -x.start; }),
        by([](const Buffer &x) { return x.end - x.start; }),
        by([](const Buffer &x) { return x.size * (x.end - x.start + 1); }),
    };
    int64_t best = -1;
    for (ArrayRef<unsigned> order : orders) {
      SmallVector<int64_t> offsets;
      int64_t total = place(buffers, order, offsets);
      if (best >= 0 && total >= best)
        continue;
      best = total;
      for (auto [buffer, offset] : llvm::zip(buffers, offsets))
        buffer.offset = offset;
    }
    // Offsets grow along the list, so `below` names earlier entries only.
    llvm::stable_sort(buffers,
                      [](const Buffer &a, const Buffer &b) { return a.offset < b.offset; });
    for (auto [i, buffer] : llvm::enumerate(buffers))
      for (size_t j = 0; j < i; ++j)
        if (buffers[j].livesWith(buffer))
          buffer.below.push_back(j);
  }

  void apply(func::FuncOp func, MutableArrayRef<Buffer> buffers) {
    OpBuilder b(&getContext());
    b.setInsertionPointToStart(&func.front());
    Location loc = func.getLoc();

    SmallVector<Attribute> recorded;
    for (const Buffer &buffer : buffers)
      recorded.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("below", b.getDenseI64ArrayAttr(buffer.below)),
           b.getNamedAttr("size", AffineMapAttr::get(
                                      AffineMap::get(0, fnc::numSymbols(func), buffer.bytes)))}));
    func->setAttr("fn.workspace", b.getArrayAttr(recorded));
    func->setAttr("fn.workspace_align", b.getI64IntegerAttr(kAlign));
    func->setAttr("fn.workspace_live", b.getI64IntegerAttr(peakLive(buffers)));
    if (buffers.empty())
      return;

    unsigned argIndex = func.getNumArguments();
    auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    auto role = b.getDictionaryAttr(b.getNamedAttr("fn.role", b.getStringAttr("workspace")));
    (void)func.insertArgument(argIndex, type, role, loc);
    Value workspace = func.getArgument(argIndex);

    SmallVector<Value> symbols = symbolValues(func, b);
    auto indexOf = [&](AffineExpr expr) -> Value {
      expr = simplifyAffineExpr(expr, 0, symbols.size());
      if (auto constant = dyn_cast<AffineConstantExpr>(expr))
        return arith::ConstantIndexOp::create(b, loc, constant.getValue());
      return fnc::buildIndex(b, loc, expr, symbols);
    };
    // end(j) = offset(j) + aligned size; offset(k) = max of end over below(k). Constants fold.
    SmallVector<Value> ends;
    SmallVector<std::optional<int64_t>> constantEnds;
    for (Buffer &buffer : buffers) {
      AffineExpr aligned = buffer.bytes.ceilDiv(kAlign) * kAlign;
      Value offset;
      std::optional<int64_t> constantOffset = 0;
      for (int64_t j : buffer.below)
        constantOffset = constantOffset && constantEnds[j]
                             ? std::optional(std::max(*constantOffset, *constantEnds[j]))
                             : std::nullopt;
      if (constantOffset) {
        offset = arith::ConstantIndexOp::create(b, loc, *constantOffset);
      } else {
        for (int64_t j : buffer.below)
          offset = offset ? arith::MaxSIOp::create(b, loc, offset, ends[j]).getResult() : ends[j];
      }
      auto constantSize =
          dyn_cast<AffineConstantExpr>(simplifyAffineExpr(aligned, 0, symbols.size()));
      if (constantOffset && constantSize) {
        constantEnds.push_back(*constantOffset + constantSize.getValue());
        ends.push_back(arith::ConstantIndexOp::create(b, loc, *constantEnds.back()));
      } else {
        constantEnds.push_back(std::nullopt);
        ends.push_back(arith::AddIOp::create(b, loc, offset, indexOf(aligned)));
      }
      OpBuilder at(buffer.alloc);
      Value view = memref::ViewOp::create(at, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                          workspace, offset, buffer.alloc.getDynamicSizes());
      view.getDefiningOp()->setAttr("fn.buffer", b.getI64IntegerAttr(ends.size() - 1));
      buffer.alloc.replaceAllUsesWith(view);
    }
    // Last: the builder above stands before what may be the first of them.
    for (Buffer &buffer : buffers)
      buffer.alloc.erase();
  }

  /// Each symbol as an index: the argument dimension that is just this symbol.
  static SmallVector<Value> symbolValues(func::FuncOp func, OpBuilder &b) {
    SmallVector<Value> symbols(fnc::numSymbols(func));
    for (BlockArgument arg : func.getArguments()) {
      auto dims = func.getArgAttrOfType<AffineMapAttr>(arg.getArgNumber(), "fn.dims");
      if (!dims)
        continue;
      for (auto [i, expr] : llvm::enumerate(dims.getValue().getResults()))
        if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
          if (Value &value = symbols[symbol.getPosition()]; !value)
            value = memref::DimOp::create(b, func.getLoc(), arg, i);
    }
    return symbols;
  }

  static int64_t peakLive(ArrayRef<Buffer> buffers) {
    SmallVector<std::pair<int64_t, int64_t>> events;
    for (const Buffer &buffer : buffers) {
      events.push_back({buffer.start, buffer.size});
      events.push_back({buffer.end + 1, -buffer.size});
    }
    llvm::sort(events);
    int64_t live = 0, peak = 0;
    for (auto [at, change] : events)
      peak = std::max(peak, live += change);
    return peak;
  }
};

} // namespace
