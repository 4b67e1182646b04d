//===- ContractionPlan.cpp - how a sum of products is computed ------------===//

#include "compiler/tensor/ContractionPlan.h"
#include <numeric>

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

/// What a piece of a sum may read, of caches near the core; and how many terms make it worth to
/// load and store the result once more.
constexpr int64_t kCache = 256 << 10, kFewestTerms = 128;

/// Rows of one vector each: what busy registers take, what rows may take of the nearest cache; its
/// ways, and a way's bytes.
constexpr int64_t kMostSplatRows = 14, kRowBytes = 16 << 10, kWays = 8, kWayBytes = 4 << 10;

/// Steps of a loop of unknown size.
constexpr int64_t kMany = 1 << 20;

/// Bytes of an operand that loops of these sizes touch, in lines of 64.
int64_t bytesTouched(AffineMap map, ArrayRef<int64_t> sizes, unsigned bits) {
  int64_t elements = 1;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    int64_t extent = 1;
    for (unsigned dim = 0; dim < sizes.size(); ++dim)
      if (expr.isFunctionOfDim(dim))
        extent += sizes[dim] - 1;
    if (i + 1 == map.getNumResults())
      extent = llvm::alignTo(extent, 512 / bits);
    elements = std::min(elements * extent, kMany * kMany);
  }
  return elements * (bits / 8);
}

/// Elements between rows of an operand, where sizes tell.
std::optional<int64_t> distanceOfRows(AffineMap map, unsigned rowDim, ArrayRef<int64_t> sizes) {
  int64_t distance = 1;
  for (AffineExpr expr : llvm::reverse(map.getResults())) {
    if (expr.isFunctionOfDim(rowDim)) {
      AffineExpr d = getAffineDimExpr(rowDim, map.getContext());
      auto step = dyn_cast<AffineConstantExpr>(
          simplifyAffineExpr(expr.replace(d, d + 1) - expr, map.getNumDims(), 0));
      return step ? std::optional(step.getValue() * distance) : std::nullopt;
    }
    int64_t extent = 1;
    for (unsigned dim = 0; dim < sizes.size(); ++dim)
      if (expr.isFunctionOfDim(dim)) {
        if (sizes[dim] < 0)
          return std::nullopt;
        extent += sizes[dim] - 1;
      }
    distance *= extent;
  }
  return std::nullopt;
}

/// Cuts sums that go over more than caches hold: all tiles of the result take a piece of the
/// operands while it lies there, then the next.
void planPieces(const Product &p, ContractionPlan &plan) {
  if (plan.packs)
    return;
  AffineMap lhs = plan.swapped ? p.rhs : p.lhs, rhs = plan.swapped ? p.lhs : p.rhs;
  SmallVector<int64_t> whole, tile;
  SmallVector<unsigned> reductions;
  for (unsigned i = 0; i < p.sizes.size(); ++i) {
    int64_t size = p.sizes[i] < 0 ? kMany : p.sizes[i];
    if (p.isReduction(i))
      reductions.push_back(i);
    whole.push_back(i == plan.vectorDim || (!p.isReduction(i) && rhs.isFunctionOfDim(i)) ? 1
                                                                                         : size);
    tile.push_back(p.isReduction(i) ? size : i == plan.rowDim ? plan.tile.rows : 1);
    if (i == plan.vectorDim)
      whole.back() = tile.back() = plan.tile.width;
  }
  auto bytes = [&](ArrayRef<int64_t> sizes) {
    return bytesTouched(lhs, sizes, p.operandBits) + bytesTouched(rhs, sizes, p.operandBits);
  };
  bool isOneTile = (!plan.rowDim || p.sizes[*plan.rowDim] == plan.tile.rows) &&
                   llvm::all_of(llvm::seq<unsigned>(0, p.sizes.size()), [&](unsigned i) {
                     return p.isReduction(i) || i == plan.rowDim || p.sizes[i] == tile[i];
                   });
  if (isOneTile || bytes(tile) <= kCache)
    return;
  // All that the tiles of a panel read, or where even few terms of that are too much, one tile.
  for (SmallVector<int64_t> sizes : {whole, tile}) {
    for (auto [depth, dim] : llvm::enumerate(reductions)) {
      int64_t total = sizes[dim], terms = 1;
      for (unsigned inner : ArrayRef(reductions).drop_front(depth + 1))
        terms *= sizes[inner];
      auto fits = [&](int64_t steps) {
        sizes[dim] = steps;
        return bytes(sizes) <= kCache;
      };
      int64_t steps = 0;
      for (int64_t more = llvm::bit_floor(uint64_t(total)); more > 0; more /= 2)
        if (steps + more <= total && fits(steps + more))
          steps += more;
      sizes[dim] = 1;
      if (steps == 0)
        continue;
      if (steps * terms < kFewestTerms)
        break;
      int64_t pieces = llvm::divideCeil(total, steps);
      plan.pieceDim = dim;
      plan.pieceSteps = p.sizes[dim] < 0 ? steps : llvm::divideCeil(total, pieces);
      return;
    }
  }
}

/// A copied block of rhs leaves room for what passes by in the second-level cache, and a row of
/// lhs in such a block for the panel in the first.
constexpr int64_t kBlock = 512 << 10, kMostTerms = 1024, kFewTerms = 512;
/// What is copied is larger than this, and meets at least so many rows.
constexpr int64_t kFewestRows = 192, kLarge = 1 << 20, kFewestTurned = 256;

/// Blocks of rhs that are copied before many rows meet them.
void planBlocks(const Product &p, ContractionPlan &plan) {
  AffineMap lhs = plan.swapped ? p.rhs : p.lhs, rhs = plan.swapped ? p.lhs : p.rhs;
  SmallVector<unsigned> reductions;
  int64_t rows = 1, terms = 1, columns = 1;
  for (unsigned i = 0; i < p.sizes.size(); ++i) {
    int64_t size = p.sizes[i] < 0 ? kMany : p.sizes[i];
    if (p.isReduction(i))
      reductions.push_back(i), terms = size;
    else if (i == plan.vectorDim)
      columns = size;
    else if (!rhs.isFunctionOfDim(i))
      rows = std::min(rows * size, kMany);
  }
  if (plan.packs || !plan.rowDim || reductions.size() != 1 || !p.isFloat ||
      p.bits != p.operandBits || lhs.isFunctionOfDim(plan.vectorDim) ||
      !lhs.isProjectedPermutation() || !rhs.isProjectedPermutation() || rows < kFewestRows ||
      columns < 2 * plan.tile.width || terms * columns * (p.bits / 8) < kLarge)
    return;
  int64_t taken = terms;
  // Where rows of lhs are neighbours, each term has a line of the caches.
  if (terms > (stepAlong(lhs, reductions[0]) == 1 ? kMostTerms : kFewTerms)) {
    taken = llvm::divideCeil(terms, llvm::divideCeil(terms, kFewTerms));
    plan.pieceDim = reductions[0];
    plan.pieceSteps = taken;
  }
  // Equal blocks of whole panels.
  int64_t panels = llvm::divideCeil(columns, plan.tile.width),
          most = std::max<int64_t>(1, kBlock / (taken * plan.tile.width * (p.bits / 8)));
  most = llvm::divideCeil(panels, llvm::divideCeil(panels, most));
  plan.block = {taken, most * plan.tile.width, kFewestRows};
}

/// Whether rhs stays near the core while all rows pass by once, which lhs would not.
bool goesByRows(const Product &p, const ContractionPlan &plan) {
  AffineMap lhs = plan.swapped ? p.rhs : p.lhs, rhs = plan.swapped ? p.lhs : p.rhs;
  // What moves along with the vectors meets little of rhs, which stays in registers over the rows.
  if (lhs.isFunctionOfDim(plan.vectorDim))
    return false;
  SmallVector<int64_t> sizes;
  for (int64_t size : p.sizes)
    sizes.push_back(size < 0 ? kMany : size);
  // Batches have a rhs of their own.
  for (unsigned i = 0; i < p.sizes.size(); ++i)
    if (!p.isReduction(i) && i != plan.vectorDim && rhs.isFunctionOfDim(i))
      sizes[i] = 1;
  return bytesTouched(rhs, sizes, p.operandBits) <= kCache &&
         bytesTouched(lhs, sizes, p.operandBits) > kCache;
}

/// Whether steps of `loop` are neighbours, whatever else moves the place.
bool isRun(AffineMap map, unsigned loop) {
  AffineExpr d = getAffineDimExpr(loop, map.getContext()), last = map.getResults().back();
  return llvm::none_of(map.getResults().drop_back(),
                       [&](AffineExpr expr) { return expr.isFunctionOfDim(loop); }) &&
         simplifyAffineExpr(last.replace(d, d + 1) - last, map.getNumDims(), 0) ==
             getAffineConstantExpr(1, map.getContext());
}

/// How many terms one instruction takes: neighbours in lhs, which rhs is packed to meet.
ByteGroup groupOf(const Product &p, const ContractionPlan &plan) {
  AffineMap lhs = plan.swapped ? p.rhs : p.lhs;
  unsigned last = p.sizes.size();
  while (last-- > 0 && !p.isReduction(last))
    ;
  if (!plan.packs || lhs.isFunctionOfDim(plan.vectorDim) || !isRun(lhs, last))
    return {};
  bool lhsUnsigned = plan.swapped ? p.rhsUnsigned : p.lhsUnsigned,
       rhsUnsigned = plan.swapped ? p.lhsUnsigned : p.rhsUnsigned;
  ByteGroup bytes = chooseByteGroup(p.byteProducts, lhsUnsigned, rhsUnsigned);
  // A group that is half empty does no more than single terms.
  return p.sizes[last] * 2 <= bytes.group ? ByteGroup() : bytes;
}

/// Rows of one vector each that are multiplied by elements straight from memory: as many as busy
/// registers take, if they stay near.
int64_t splatRows(const Product &p, const ContractionPlan &plan, int64_t terms) {
  AffineMap lhs = plan.swapped ? p.rhs : p.lhs;
  if (!plan.packs || !plan.rowDim || p.operandBits != p.bits || plan.bytes.group > 1 ||
      lhs.isFunctionOfDim(plan.vectorDim))
    return 0;
  int64_t rows = kMostSplatRows, bytes = p.bits / 8;
  // Rows that all columns meet stay in the nearest cache, through which rhs streams.
  if (plan.byRows && terms > 0)
    rows = std::min(rows, kRowBytes / (terms * bytes));
  // Neighbours that lie whole ways apart take the same places of it.
  if (std::optional<int64_t> step = distanceOfRows(lhs, *plan.rowDim, p.sizes)) {
    int64_t places = kWayBytes / std::gcd(*step * bytes, kWayBytes);
    rows = std::min(rows, places * (kWays - 1));
  }
  return std::max(rows, kWays - 1);
}

bool isShort(int64_t size) { return size >= 0 && size < kShortest; }

/// Whether an operand is contiguous along the terms alone, and may be turned where blocks of it are
/// copied. Dot products of few terms are as fast, and for strips of rows, too.
bool canTurn(const Product &p, AffineMap map) {
  for (unsigned i = 0; i < p.sizes.size(); ++i)
    if ((p.isReduction(i) &&
         (stepAlong(map, i) != 1 || (p.sizes[i] >= 0 && p.sizes[i] < kFewestTurned))) ||
        (!p.isReduction(i) && !map.isFunctionOfDim(i) && p.sizes[i] < 0))
      return false;
  return true;
}

/// Vectors along the result.
std::optional<ContractionPlan> planProducts(const Product &p, Registers registers) {
  bool packsLhs = p.lhsConstant && canPack(p, p.lhs), packsRhs = p.rhsConstant && canPack(p, p.rhs);
  for (unsigned dim = p.sizes.size(); dim-- > 0;) {
    if (p.isReduction(dim) || isShort(p.sizes[dim]) || stepAlong(p.result, dim) != 1)
      continue;
    // The row shares what moves along the vectors alone; that operand becomes the right one.
    std::optional<ContractionPlan> best;
    int64_t bestRows = 0;
    bool bestTurns = false;
    for (bool swapped : {false, true}) {
      AffineMap lhs = swapped ? p.rhs : p.lhs, rhs = swapped ? p.lhs : p.rhs;
      bool packs = swapped ? packsLhs : packsRhs;
      bool turns = !packs && stepAlong(rhs, dim) < 0;
      if (!rhs.isFunctionOfDim(dim) || stepAlong(lhs, dim) < 0 || (packs && p.sizes[dim] < 0) ||
          (turns && (best || !canTurn(p, rhs))))
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
      if (!best || bestTurns || rows > bestRows) {
        best = plan;
        bestRows = rows;
        bestTurns = turns;
      }
    }
    if (!best)
      continue;
    int64_t terms = 1;
    for (unsigned i = 0; i < p.sizes.size(); ++i)
      if (p.isReduction(i))
        terms = terms < 0 || p.sizes[i] < 0 ? -1 : terms * p.sizes[i];
    best->bytes = groupOf(p, *best);
    best->byRows = goesByRows(p, *best);
    best->tile =
        chooseTile(registers, p.bits, best->rowDim ? p.sizes[*best->rowDim] : 1, p.sizes[dim],
                   terms < 0 ? -1 : llvm::divideCeil(terms, best->bytes.group), !best->packs,
                   registers.halves ? splatRows(p, *best, terms) : 0);
    planBlocks(p, *best);
    if (!best->block && bestTurns)
      continue;
    if (!best->block)
      planPieces(p, *best);
    best->byRows &= !best->pieceDim;
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

/// Multiplications that are written out, whatever steps their operands take through memory.
constexpr int64_t kTiny = 128;

/// Elements that are loaded or stored one by one where vectors run along `loop`.
int64_t singleElements(const Product &p, AffineMap map, unsigned loop) {
  if (!map.isFunctionOfDim(loop))
    return 0;
  int64_t elements = 1;
  bool last = true, contiguous = false;
  for (AffineExpr expr : llvm::reverse(map.getResults())) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    contiguous |= last && dim == loop;
    last &= p.sizes[dim] == 1;
    elements *= p.sizes[dim];
  }
  return contiguous ? 0 : elements;
}

/// Vectors along whatever loop of the result takes the fewest instructions: products of small
/// matrices, whose elements are in registers, or soon will be.
std::optional<ContractionPlan> planTiny(const Product &p, Registers registers) {
  int64_t products = 1, terms = 1;
  for (unsigned i = 0; i < p.sizes.size(); ++i) {
    if (p.sizes[i] < 0 || (products *= p.sizes[i]) > kTiny)
      return std::nullopt;
    terms *= p.isReduction(i) ? p.sizes[i] : 1;
  }
  for (AffineMap map : {p.lhs, p.rhs, p.result})
    if (!map.isProjectedPermutation())
      return std::nullopt;
  std::optional<ContractionPlan> best;
  int64_t bestCost = 0;
  for (unsigned dim = p.sizes.size(); dim-- > 0;) {
    if (p.isReduction(dim) || p.sizes[dim] == 1)
      continue;
    ContractionPlan plan;
    plan.swapped = !p.rhs.isFunctionOfDim(dim);
    plan.vectorDim = dim;
    AffineMap rhs = plan.swapped ? p.lhs : p.rhs;
    for (unsigned row = 0; row < p.sizes.size(); ++row)
      if (row != dim && !p.isReduction(row) && p.sizes[row] > 1 && !rhs.isFunctionOfDim(row))
        plan.rowDim = row;
    plan.tile =
        chooseTile(registers, p.bits, plan.rowDim ? p.sizes[*plan.rowDim] : 1, p.sizes[dim], terms,
                   /*restBeside=*/true);
    if (plan.tile.width == 1)
      continue;
    int64_t cost = products / plan.tile.width;
    for (AffineMap map : {p.lhs, p.rhs, p.result})
      cost += singleElements(p, map, dim);
    if (best && cost >= bestCost)
      continue;
    best = plan;
    bestCost = cost;
  }
  return best;
}

} // namespace

std::optional<ContractionPlan> fnc::planContraction(const Product &product, Registers registers) {
  if (registers.count == 0)
    return std::nullopt;
  if (std::optional<ContractionPlan> plan = planProducts(product, registers))
    return plan;
  if (std::optional<ContractionPlan> plan = planTiny(product, registers))
    return plan;
  return planDotProducts(product, registers);
}
