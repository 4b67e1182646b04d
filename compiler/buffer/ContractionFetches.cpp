//===- ContractionFetches.cpp - what a contraction fetches ahead ----------===//

#include "compiler/buffer/ContractionFetches.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace fnc;

/// What does not stay in the nearest cache.
static constexpr int64_t kNear = 128 << 10;

/// Sums that are long enough for a block of results to arrive meanwhile.
static constexpr int64_t kFewestTermsAhead = 16;

/// A panel that leaves room for the next one beside it; blocks of rows that meet it, after which
/// there is little to wait for; and how far ahead a single block of rows looks.
static constexpr int64_t kPanel = 320 << 10, kMostTilesAhead = 64, kDistance = 8 << 10;

/// What a size of the call is taken for.
static constexpr int64_t kUnknown = 256;

/// Whether a buffer may lie far from the core.
static bool isFar(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t size : type.getShape())
    bytes *= ShapedType::isDynamic(size) ? kUnknown : size;
  return bytes > kNear;
}

ContractionFetches::ContractionFetches(RewriterBase &b, kernel::ContractOp op)
    : ContractionLoops(b, op) {
  planPanelAhead();
  planTermsAhead();
  planConstantsAhead();
  findFetched();
}

bool ContractionFetches::isSpread(const Block &block) {
  return !op.getDot() && beside.empty() && rowDim && parts == 1 && reductions.size() == 1 &&
         group == 1 && isWide(width) && bounds[reductions[0]] >= kFewestTermsBeside * block.rows;
}

void ContractionFetches::fetchStep(ArrayRef<int64_t> terms) {
  fetch(op.getMaps().size(), {0, 0, terms}, linesAhead, /*isWritten=*/false, /*nearest=*/false);
}

/// While rows pass by a packed panel, each of their steps fetches a piece of the next one; a
/// single block of rows fetches what it comes to soon.
void ContractionFetches::planPanelAhead() {
  if (!op.getPacked() || op.getByRows() || op.getNear() || !isFar(op.getRhs()) || !isWide(width))
    return;
  int64_t tiles = 1;
  if (rowDim)
    tiles = bounds[*rowDim] < 0 ? -1 : llvm::divideCeil(bounds[*rowDim], rows);
  for (unsigned dim : passing)
    tiles = tiles < 0 || bounds[dim] < 0 ? -1 : tiles * bounds[dim];
  int64_t terms = termsOf(reductions), line = lineOf(Rhs);
  bool isSingle = tiles == 1;
  if (tiles < 1 || tiles > kMostTilesAhead ||
      (!isSingle && (!rowDim || terms * width / line * kLine > kPanel)))
    return;
  LinearOperand ahead = operands[Rhs];
  int64_t panel = width;
  for (unsigned dim : reductions)
    panel *= packedBound(dim);
  int64_t distance = isSingle ? kDistance / kLine * line : panel;
  if (!isSingle) {
    int64_t each = llvm::divideCeil(width, tiles), step = each;
    for (unsigned dim : llvm::reverse(reductions)) {
      ahead.steps[dim] = b.getIndexAttr(step);
      step *= packedBound(dim);
    }
    ahead.steps[*rowDim] = b.getIndexAttr(llvm::divideCeil(step, rows));
    step *= llvm::divideCeil(bounds[*rowDim], rows);
    for (unsigned dim : llvm::reverse(passing)) {
      ahead.steps[dim] = b.getIndexAttr(step);
      step *= bounds[dim];
    }
  }
  linesAhead = isSingle ? llvm::divideCeil(width * group, line) : 1;
  offsets.push_back(constant(ahead.start + distance));
  operands.push_back(ahead);
}

/// The same of a matrix that is not packed: beside each row some terms of the next panel.
void ContractionFetches::planTermsAhead() {
  if (op.getPacked() || op.getByRows() || op.getPiece() || op.getBlock() || !passing.empty() ||
      !isFar(op.getRhs()) || !isSpread({rows, 1, width}))
    return;
  std::optional<int64_t> step = operands[Rhs].step(reductions[0]);
  int64_t total = bounds[*rowDim], tiles = llvm::divideCeil(total, rows);
  if (!step || operands[Rhs].step(vectorDim) != 1 || total < 0 || tiles < 2 ||
      tiles > kMostTilesAhead)
    return;
  termsAhead = llvm::divideCeil(bounds[reductions[0]], total);
  LinearOperand ahead = operands[Rhs];
  ahead.steps[*rowDim] = b.getIndexAttr(termsAhead * *step);
  offsets.push_back(constant(ahead.start + width));
  operands.push_back(ahead);
}

/// Each row of a block fetches some of what later ops read.
void ContractionFetches::planConstantsAhead() {
  if (!op.getAhead() || !rowDim || !isWide(width))
    return;
  int64_t visits = bounds[*rowDim];
  for (unsigned dim : passing)
    visits *= bounds[dim];
  int64_t panels = llvm::divideCeil(bounds[vectorDim], width);
  for (auto [i, name] : llvm::enumerate(op.getAhead()->getAsRange<FlatSymbolRefAttr>())) {
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(op, name);
    Value constant = memref::GetGlobalOp::create(b, loc, global.getType(), name);
    LinearOperand ahead = linearOperand(
        b, loc, constant, AffineMap::get(bounds.size(), 0, b.getAffineConstantExpr(0)));
    int64_t from = (*op.getAheadRanges())[2 * i], count = (*op.getAheadRanges())[2 * i + 1];
    int64_t each = llvm::divideCeil(count, visits * panels), step = each * bounds[*rowDim];
    ahead.steps.assign(bounds.size(), b.getIndexAttr(0));
    ahead.steps[*rowDim] = b.getIndexAttr(each);
    for (unsigned dim : llvm::reverse(passing)) {
      ahead.steps[dim] = b.getIndexAttr(step);
      step *= bounds[dim];
    }
    ahead.steps[vectorDim] = b.getIndexAttr(llvm::divideCeil(step, width));
    int64_t line = kLine * 8 / ahead.element.getIntOrFloatBitWidth();
    constantsAhead.push_back({operands.size(), llvm::divideCeil(each, line)});
    offsets.push_back(this->constant(ahead.start + from));
    operands.push_back(ahead);
  }
}

void ContractionFetches::fetchTerms() {
  if (termsAhead == 0)
    return;
  auto loop = scf::ForOp::create(b, loc, constant(0), constant(termsAhead), constant(1));
  mark(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  moved(reductions[0], loop.getInductionVar(), [&] {
    fetch(op.getMaps().size(), {}, llvm::divideCeil(width, lineOf(Rhs)), /*isWritten=*/false,
          /*nearest=*/false);
  });
}

/// Finds what of the epilogue lies far: it comes while the sums are made.
void ContractionFetches::findFetched() {
  int64_t terms = termsOf(reductions);
  if (op.getDot() || (terms >= 0 && terms < kFewestTermsAhead) || !isWide(width))
    return;
  for (unsigned i = FirstExtra; i < op.getMaps().size(); ++i) {
    Value memref = op->getOperand(i);
    bool isReadToo = !isWritten(i) && llvm::is_contained(op.getInits(), memref);
    if (operands[i].step(vectorDim) == 1 && isFar(memref) && !isReadToo)
      fetched.push_back(i);
  }
}

void ContractionFetches::fetchRow(const Block &block, Place place) {
  for (unsigned i : fetched)
    if (place.row == 0 || operands[i].step(*rowDim) != 0)
      fetch(i, place, llvm::divideCeil(widthOf(block, place), lineOf(i)), isWritten(i));
  for (auto [i, lines] : constantsAhead)
    fetch(i, place, lines, /*isWritten=*/false, /*nearest=*/false);
}

bool ContractionFetches::isWide(int64_t width) {
  return width * op.sumType().getIntOrFloatBitWidth() >= kFewestBitsAhead;
}

int64_t ContractionFetches::lineOf(unsigned i) {
  return std::max<int64_t>(1, kLine * 8 / operands[i].element.getIntOrFloatBitWidth());
}

void ContractionFetches::fetch(unsigned i, Place place, int64_t lines, bool isWritten,
                               bool nearest) {
  for (int64_t line = 0; line < lines; ++line) {
    Value at = address(i, place);
    if (line > 0)
      at = arith::AddIOp::create(b, loc, at, constant(line * lineOf(i)));
    memref::PrefetchOp::create(b, loc, operands[i].base, at, isWritten,
                               /*localityHint=*/nearest ? 3 : 2, /*isDataCache=*/true);
  }
}
