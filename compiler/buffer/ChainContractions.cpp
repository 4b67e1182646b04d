//===- ChainContractions.cpp - contractions that follow one another in strips ===//
//
// A contraction whose rows, or windows of rows, the next one reads is done strip by strip with it:
// what lies between them stays in the caches, and is no larger than a strip. Rows that two windows
// share are kept from one strip to the next, not computed again.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Operands.h"
#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using fnc::kernel::ContractOp;
using fnc::kernel::FillBorderOp;

namespace fnc {
#define GEN_PASS_DEF_CHAINCONTRACTIONS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What lies between contractions and leaves the second-level cache, what a strip may take of it,
/// and operands that each strip reads again.
constexpr int64_t kFarBytes = 1 << 20, kStripBytes = 512 << 10, kAgainBytes = 128 << 10;

/// Longer chains share no more, and looking for them from each of their links takes quadratic time.
constexpr size_t kMostLinks = 8;

int64_t bytesOf(MemRefType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Rows of an operand that a row of the result sees: `span` from `step` times its number on.
struct Window {
  int64_t dim = -1; ///< of the operand; -1: all rows see the same
  int64_t step = 0, span = 0;

  bool isRow() const { return dim < 0 || (step == 1 && span == 1); }
};

/// A contraction by rows: the outermost dimension of its result that is larger than 1.
struct Link {
  mutable ContractOp op;
  unsigned dim = 0, loop = 0; ///< of the result, and the loop that counts it
  int64_t rows = 0;
  SmallVector<Window> windows; ///< by operand

  static std::optional<Link> of(ContractOp op) {
    Link link{op, 0, 0, 0, {}};
    AffineMap map = op.resultMap();
    ArrayRef<int64_t> sizes = op.getSizes();
    if (op.getInits().size() != 1 || op.getPiece() ||
        llvm::any_of(sizes, [](int64_t size) { return size < 1; }))
      return std::nullopt;
    for (; link.dim < map.getNumResults(); ++link.dim) {
      auto loop = dyn_cast<AffineDimExpr>(map.getResult(link.dim));
      if (!loop)
        return std::nullopt;
      link.loop = loop.getPosition();
      link.rows = sizes[link.loop];
      if (link.rows > 1)
        break;
    }
    if (link.rows <= 1 || link.loop == op.getVectorDim())
      return std::nullopt;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      std::optional<Window> window = windowOf(op, i, link.loop);
      if (!window || (i == 1 && window->dim >= 0) || (i > 1 && !window->isRow()))
        return std::nullopt;
      link.windows.push_back(*window);
    }
    return link;
  }

  static std::optional<Window> windowOf(ContractOp op, unsigned operand, unsigned loop) {
    Window window;
    if (!cast<MemRefType>(op->getOperand(operand).getType()).hasStaticShape())
      return std::nullopt;
    for (auto [dim, expr] : llvm::enumerate(op.mapOf(operand).getResults())) {
      if (!expr.isFunctionOfDim(loop))
        continue;
      if (window.dim >= 0)
        return std::nullopt;
      window.dim = dim;
      window.span = 1;
      for (auto [other, size] : llvm::enumerate(op.getSizes())) {
        std::optional<int64_t> factor = fnc::factorOf(expr, other);
        if (!factor || *factor < 0)
          return std::nullopt;
        (other == loop ? window.step : window.span) +=
            other == loop ? *factor : *factor * (size - 1);
      }
    }
    return window;
  }

  /// The contraction for `count` rows from `from` on, with other operands for lhs and the result
  /// where they are given: those hold the strip alone.
  void clone(OpBuilder &b, OpFoldResult from, int64_t count, Value lhs, Value result) const {
    SmallVector<Value> operands;
    unsigned last = op->getNumOperands() - 1;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      const Window &window = windows[i];
      Value other = i == 0 ? lhs : i == last ? result : Value();
      if (other)
        operands.push_back(other);
      else if (window.dim < 0)
        operands.push_back(operand);
      else
        operands.push_back(fnc::sliceAlong(b, operand, window.dim,
                                           fnc::scaled(b, op.getLoc(), from, window.step),
                                           window.step * (count - 1) + window.span));
    }
    auto made = cast<ContractOp>(mlir::clone(b, op, TypeRange(), operands));
    SmallVector<int64_t> sizes(op.getSizes());
    sizes[loop] = count;
    made.setSizes(sizes);
  }
};

/// What lies between two contractions.
struct Between {
  memref::AllocOp buffer;
  FillBorderOp border;    ///< null: there is none
  memref::SubViewOp view; ///< what the first one writes; null: all
  int64_t low = 0;        ///< rows before that

  /// The buffer of what `first` makes, if it is for `second` alone.
  static std::optional<Between> of(const Link &first, ContractOp second) {
    Between between;
    Value made = first.op.getInits()[0];
    between.view = made.getDefiningOp<memref::SubViewOp>();
    if (between.view) {
      if (!between.view->hasOneUse() || !between.view.hasUnitStride() ||
          between.view.getType().getRank() != between.view.getSourceType().getRank() ||
          ShapedType::isDynamicShape(between.view.getStaticOffsets()))
        return std::nullopt;
      between.low = between.view.getStaticOffsets()[first.dim];
      made = between.view.getSource();
    }
    between.buffer = made.getDefiningOp<memref::AllocOp>();
    if (!between.buffer || second.getLhs() != made || !between.buffer.getType().hasStaticShape())
      return std::nullopt;
    for (OpOperand &use : between.buffer->getUses()) {
      Operation *user = use.getOwner();
      if (auto border = dyn_cast<FillBorderOp>(user); border && !between.border)
        between.border = border;
      else if (user != between.view && user != first.op &&
               (user != second || use.getOperandNumber() != 0))
        return std::nullopt;
    }
    // Without a border all of the buffer is written.
    if (!between.border && between.view)
      return std::nullopt;
    return between;
  }

  /// A buffer for so many rows.
  Value strip(OpBuilder &b, unsigned dim, int64_t rows) {
    SmallVector<int64_t> shape(buffer.getType().getShape());
    shape[dim] = rows;
    return memref::AllocOp::create(b, buffer.getLoc(),
                                   MemRefType::get(shape, buffer.getType().getElementType()),
                                   buffer.getAlignmentAttr());
  }

  /// Where the first contraction writes `count` rows from `row` of a strip on.
  Value target(OpBuilder &b, Value strip, unsigned dim, int64_t row, int64_t count) {
    SmallVector<OpFoldResult> offsets(buffer.getType().getRank(), b.getIndexAttr(0)),
        strides(offsets.size(), b.getIndexAttr(1)),
        sizes = memref::getMixedSizes(b, buffer.getLoc(), strip);
    if (view) {
      offsets = view.getMixedOffsets();
      sizes = view.getMixedSizes();
    }
    offsets[dim] = b.getIndexAttr(row);
    sizes[dim] = b.getIndexAttr(count);
    return memref::SubViewOp::create(b, buffer.getLoc(), strip, offsets, sizes, strides);
  }

  void erase(IRRewriter &b) {
    if (border)
      b.eraseOp(border);
    if (view)
      b.eraseOp(view);
    b.eraseOp(buffer);
  }
};

/// A contraction, one that reads windows of its rows, and those that read the rows of the one
/// before.
class Chain {
public:
  /// The chain that begins with `first`, if there is one.
  static std::optional<Chain> from(ContractOp first) {
    std::optional<Link> link = Link::of(first);
    if (!link)
      return std::nullopt;
    Chain chain;
    chain.links.push_back(*link);
    while (chain.links.size() < kMostLinks) {
      std::optional<Link> next = chain.next();
      if (!next)
        break;
      chain.links.push_back(*next);
    }
    if (chain.links.size() < 2 || !chain.isApart() || !chain.choose())
      return std::nullopt;
    return chain;
  }

  SmallVector<Operation *> ops() {
    return llvm::map_to_vector(links, [](Link &link) { return link.op.getOperation(); });
  }

  void run(IRRewriter &b) {
    Location loc = links.back().op.getLoc();
    b.setInsertionPoint(links.back().op);
    const Link &first = links.front();
    unsigned dim = first.dim;
    int64_t halo = span - step, fresh = step * rows, count = strips();
    buffers.push_back(betweens[0].strip(b, dim, fresh + halo));
    for (unsigned i = 1; i < betweens.size(); ++i)
      buffers.push_back(betweens[i].strip(b, links[i].dim, rows));
    FillBorderOp border = betweens[0].border;
    if (border) {
      SmallVector<int64_t> high(border.getHigh());
      high[dim] = 0;
      FillBorderOp::create(b, loc, TypeRange(), border.getValue(), buffers[0], border.getLow(),
                           high);
    }

    int64_t low = betweens[0].low;
    make(b, b.getIndexAttr(0), low, fresh + halo - low);
    follow(b, b.getIndexAttr(0), rows);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    if (count > 2) {
      auto loop = scf::ForOp::create(b, loc, constant(1), constant(count - 1), constant(1));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value strip = loop.getInductionVar();
      keepHalo(b);
      Value before = arith::MulIOp::create(b, loc, strip, constant(fresh));
      Value from = arith::AddIOp::create(b, loc, before, constant(halo - low));
      make(b, from, halo, fresh);
      Value row = arith::MulIOp::create(b, loc, strip, constant(rows));
      follow(b, row, rows);
    }
    keepHalo(b);
    int64_t left = links[1].rows - (count - 1) * rows;
    int64_t begin = (count - 1) * fresh + halo - low;
    int64_t there = std::min(step * left, first.rows - begin);
    make(b, b.getIndexAttr(begin), halo, there);
    if (there < step * left)
      linalg::FillOp::create(
          b, loc, border.getValue(),
          fnc::sliceAlong(b, buffers[0], dim, b.getIndexAttr(halo + there), step * left - there));
    follow(b, b.getIndexAttr((count - 1) * rows), left);

    for (const Link &link : llvm::reverse(links))
      b.eraseOp(link.op);
    for (Between &between : betweens)
      between.erase(b);
  }

private:
  /// What follows the last link, behind nothing but allocations, views and borders.
  std::optional<Link> next() {
    const Link &last = links.back();
    Operation *at = last.op->getNextNode();
    while (at && (isMemoryEffectFree(at) || isa<memref::AllocOp>(at) || isBorderOfOthers(at)))
      at = at->getNextNode();
    auto op = dyn_cast_or_null<ContractOp>(at);
    std::optional<Link> link = op ? Link::of(op) : std::nullopt;
    if (!link)
      return std::nullopt;
    std::optional<Between> between = Between::of(last, op);
    const Window &window = link->windows[0];
    if (!between || window.dim != last.dim)
      return std::nullopt;
    // One that makes more than it reads had better begin a chain.
    if (bytesOf(cast<MemRefType>(op.getInits()[0].getType())) > bytesOf(between->buffer.getType()))
      return std::nullopt;
    if (links.size() == 1) {
      step = window.step;
      span = window.span;
    } else if (!window.isRow() || between->view || between->border) {
      return std::nullopt;
    }
    betweens.push_back(*between);
    return link;
  }

  /// Whether `op` fills a border around nothing that the links so far read.
  bool isBorderOfOthers(Operation *op) {
    auto border = dyn_cast<FillBorderOp>(op);
    return border && llvm::none_of(links, [&](const Link &link) {
             return llvm::any_of(link.op->getOperands().drop_back(), [&](Value operand) {
               return fnc::rootOf(operand) == fnc::rootOf(border.getInit());
             });
           });
  }

  /// Whether what the last link writes is read by it alone, where it writes.
  bool isApart() {
    Value written = fnc::rootOf(links.back().op.getInits()[0]);
    for (const Link &link : links)
      for (auto [i, operand] : llvm::enumerate(link.op->getOperands())) {
        bool isLast = link.op == links.back().op;
        if (fnc::rootOf(operand) == written &&
            !(isLast && i > 1 && operand == link.op.getInits()[0] && link.windows[i].dim >= 0))
          return false;
      }
    return true;
  }

  int64_t strips() const { return llvm::divideCeil(links[1].rows, rows); }

  /// Chooses how many rows of the later links a strip has. Returns false where strips do not pay.
  bool choose() {
    int64_t all = 0, again = 0, each = 0, shared = 0;
    int64_t total = links[1].rows, halo = span - step, low = betweens[0].low;
    for (auto [i, between] : llvm::enumerate(betweens)) {
      MemRefType type = between.buffer.getType();
      int64_t row = bytesOf(type) / type.getDimSize(links[i].dim);
      all += bytesOf(type);
      each += i == 0 ? row * step : row;
      shared += i == 0 ? row * halo : 0;
    }
    for (const Link &link : links)
      again += bytesOf(cast<MemRefType>(link.op.getRhs().getType()));
    if (all < kFarBytes || again > kAgainBytes || halo < 0)
      return false;
    rows = (kStripBytes - shared) / each;
    if (rows < 1 || rows >= total)
      return false;
    rows = llvm::divideCeil(total, llvm::divideCeil(total, rows));
    // What is kept does not overlap where it goes; all strips but the last are whole.
    int64_t made = links[0].rows, count = strips();
    return step * rows >= halo && count > 1 && step * rows + halo > low &&
           (count - 1) * step * rows + halo < low + made &&
           low + made + (betweens[0].border ? span : 0) >= (total - 1) * step + span;
  }

  /// Rows of the first link from `from` on, into rows of its strip.
  void make(OpBuilder &b, OpFoldResult from, int64_t row, int64_t count) {
    const Link &first = links.front();
    first.clone(b, from, count, Value(), betweens[0].target(b, buffers[0], first.dim, row, count));
  }

  /// So many rows of all others.
  void follow(OpBuilder &b, OpFoldResult from, int64_t count) {
    for (unsigned i = 1; i < links.size(); ++i) {
      int64_t seen = i == 1 ? step * (count - 1) + span : count;
      auto rowsOf = [&](unsigned buffer, int64_t number) {
        return fnc::sliceAlong(b, buffers[buffer], links[buffer].dim, b.getIndexAttr(0), number);
      };
      links[i].clone(b, from, count, rowsOf(i - 1, seen),
                     i + 1 < links.size() ? rowsOf(i, count) : Value());
    }
  }

  /// The rows that the next windows see too go to the front.
  void keepHalo(OpBuilder &b) {
    int64_t halo = span - step;
    if (halo == 0)
      return;
    unsigned dim = links.front().dim;
    linalg::CopyOp::create(b, links.front().op.getLoc(),
                           fnc::sliceAlong(b, buffers[0], dim, b.getIndexAttr(step * rows), halo),
                           fnc::sliceAlong(b, buffers[0], dim, b.getIndexAttr(0), halo));
  }

  SmallVector<Link> links;
  SmallVector<Between> betweens;
  SmallVector<Value> buffers;
  int64_t step = 1, span = 1; ///< of the windows of the second link
  int64_t rows = 0;
};

struct ChainContractions : fnc::impl::ChainContractionsBase<ChainContractions> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    SmallVector<ContractOp> contractions(func.front().getOps<ContractOp>());
    llvm::DenseSet<Operation *> gone;
    for (ContractOp op : contractions) {
      if (gone.contains(op))
        continue;
      if (std::optional<Chain> chain = Chain::from(op)) {
        for (Operation *link : chain->ops())
          gone.insert(link);
        chain->run(rewriter);
      }
    }
  }
};

} // namespace
