//===- FormContractions.cpp - sums of products as kernel.contract ---------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/ByteTerms.h"
#include "compiler/tensor/ContractionPlan.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FORMCONTRACTIONS
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// Larger epilogues are loops of their own: they are copied for each vector of a block. Sums of
/// bytes are four times as large as what becomes of them.
constexpr size_t kMostEpilogueOps = 24, kMostByteEpilogueOps = 40;

/// An operand is copied for this many uses of each of its elements.
constexpr double kLeastUses = 8;
/// With so many channels a transpose is dearer than reading a picture across it.
constexpr int64_t kFewChannels = 4;
/// What a size of the call is taken for.
constexpr double kUnknownSize = 16;

Value withoutExtension(Value value) {
  Operation *extend = value.getDefiningOp();
  return isa_and_nonnull<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(extend)
             ? extend->getOperand(0)
             : value;
}

/// Whether the product of a sum reads its input i without a sign.
bool isUnsignedFactor(linalg::GenericOp op, unsigned i) {
  return llvm::any_of(op.getBody()->getArgument(i).getUsers(),
                      [](Operation *user) { return isa<arith::ExtUIOp>(user); });
}

bool isByte(Value tensor) { return getElementTypeOrSelf(tensor.getType()).isInteger(8); }

/// acc + x * y, with x and y the inputs in either order, extended or as they are.
bool isSumOfProducts(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return false;
  Value acc = body.getArgument(2);
  if (!llvm::is_contained(add->getOperands(), acc))
    return false;
  Value product = add->getOperand(0) == acc ? add->getOperand(1) : add->getOperand(0);
  Operation *multiply = product.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(multiply))
    return false;
  Value x = withoutExtension(multiply->getOperand(0)),
        y = withoutExtension(multiply->getOperand(1));
  Value a = body.getArgument(0), b = body.getArgument(1);
  return (x == a && y == b) || (x == b && y == a);
}

bool isLinear(AffineExpr expr) {
  bool linear = true;
  expr.walk([&](AffineExpr e) {
    if (auto binary = dyn_cast<AffineBinaryOpExpr>(e))
      linear &= e.getKind() == AffineExprKind::Add ||
                (e.getKind() == AffineExprKind::Mul && isa<AffineConstantExpr>(binary.getRHS()));
    linear &= !isa<AffineSymbolExpr>(e);
  });
  return linear;
}

/// Whether `op` can run on vectors as it runs on elements, after functions are expanded too.
bool isElementwise(Operation &op) {
  if (isa<arith::ConstantOp>(op))
    return true;
  if (op.getNumRegions() != 0 || !OpTrait::hasElementwiseMappableTraits(&op) ||
      isa<arith::RemFOp>(op))
    return false;
  if (!isa<math::MathDialect>(op.getDialect()))
    return true;
  return isa<math::ExpOp, math::ExpM1Op, math::LogOp, math::Log1pOp, math::TanhOp, math::ErfOp,
             math::SqrtOp, math::RsqrtOp, math::AbsFOp, math::AbsIOp, math::RoundEvenOp,
             math::FloorOp, math::CeilOp, math::TruncOp>(op);
}

/// The permutation copy that makes `value`, if it is nothing else: the source and, for an element
/// of `value` at the results of a map, the map to the source's element.
std::optional<std::pair<Value, AffineMap>> throughTranspose(Value value, AffineMap map) {
  SmallVector<AffineExpr> at(map.getResults());
  if (auto transpose = value.getDefiningOp<linalg::TransposeOp>()) {
    SmallVector<AffineExpr> source(at.size());
    for (auto [i, from] : llvm::enumerate(transpose.getPermutation()))
      source[from] = at[i];
    return std::pair(transpose.getInput(),
                     AffineMap::get(map.getNumDims(), 0, source, map.getContext()));
  }
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInputs() != 1 || generic.getNumDpsInits() != 1 ||
      generic.getBody()->getOperations().size() != 1 ||
      generic.getBody()->getTerminator()->getOperand(0) != generic.getBody()->getArgument(0))
    return std::nullopt;
  AffineMap from = generic.getIndexingMapsArray()[0], to = generic.getIndexingMapsArray()[1];
  if (!from.isPermutation() || !to.isPermutation())
    return std::nullopt;
  AffineMap sourceOfResult = from.compose(inversePermutation(to));
  return std::pair(generic.getDpsInputOperand(0)->get(), sourceOfResult.compose(map));
}

/// Whether an operand can be read where it was before a transpose. Rows of neighbours in a window
/// are one run of memory after it, which is worth it unless there are a few channels.
bool canReadAcross(Value value, AffineMap map) {
  if (map.isProjectedPermutation())
    return true;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1) &&
         type.getShape().back() <= kFewChannels;
}

/// The signed bytes whose conversion to floats `value` is, element by element, if they are a
/// constant: they stay a quarter of the size, and each vector of them is converted where it is
/// multiplied. Else null.
Value constantBytes(Value value) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInputs() != 1 || generic.getNumDpsInits() != 1 ||
      generic.getNumReductionLoops() != 0 || generic.getBody()->getOperations().size() != 2 ||
      !llvm::all_equal(generic.getIndexingMapsArray()) ||
      !generic.getIndexingMapsArray()[0].isIdentity())
    return {};
  auto convert = dyn_cast<arith::SIToFPOp>(generic.getBody()->front());
  Value source = generic.getDpsInputOperand(0)->get();
  bool isBytes = convert && convert.getType().isF32() &&
                 convert.getIn() == generic.getBody()->getArgument(0) &&
                 convert.getIn().getType().isInteger(8) &&
                 generic.getBody()->getTerminator()->getOperand(0) == convert.getResult();
  return isBytes && matchPattern(source, m_Constant()) ? source : Value();
}

bool isConstant(Value value) { return matchPattern(value, m_Constant()) || constantBytes(value); }

bool isZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

/// What of a contraction comes after its sums.
struct Epilogue {
  Operation *root = nullptr; ///< what the contraction replaces
  linalg::GenericOp generic; ///< null: the sums themselves
  unsigned operand = 0;      ///< of `generic`: the sums
};

/// Booleans are bytes in memory, but bits in a vector.
bool hasBooleans(linalg::GenericOp op) {
  return llvm::any_of(op->getOperandTypes(),
                      [](Type type) { return getElementTypeOrSelf(type).isInteger(1); });
}

/// The elementwise loop that alone reads the sums of `op`.
Epilogue findEpilogue(linalg::GenericOp op) {
  Epilogue none{op, nullptr, 0};
  Value sums = op.getResult(0);
  if (!sums.hasOneUse())
    return none;
  auto user = dyn_cast<linalg::GenericOp>(*sums.user_begin());
  if (!user || user->getBlock() != op->getBlock() || user.getNumReductionLoops() != 0 ||
      user.getNumDpsInits() != 1 || user.hasIndexSemantics() || hasBooleans(user) ||
      user.getBody()->getOperations().size() >
          (isByte(user.getResult(0)) ? kMostByteEpilogueOps : kMostEpilogueOps) + 1)
    return none;
  unsigned operand = sums.use_begin()->getOperandNumber();
  if (operand >= user.getNumDpsInputs() ||
      user.payloadUsesValueFromOperand(user.getDpsInitOperand(0)) ||
      !user.getIndexingMapsArray()[operand].isPermutation() ||
      !user.getIndexingMapsArray().back().isPermutation() ||
      !llvm::all_of(user.getBody()->without_terminator(), isElementwise) ||
      !llvm::all_of(user.getIndexingMapsArray(),
                    [](AffineMap map) { return llvm::all_of(map.getResults(), isLinear); }))
    return none;
  return {user, user, operand};
}

struct FormContractions : fnc::impl::FormContractionsBase<FormContractions> {
  using FormContractionsBase::FormContractionsBase;

  void runOnOperation() override {
    if (registers == 0)
      return;
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && op.getNumReductionLoops() > 0)
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        FailureOr<linalg::GenericOp> made = linalg::generalizeNamedOp(rewriter, op);
        if (failed(made))
          continue;
        generic = *made;
      }
      form(rewriter, generic);
    }
  }

  void form(RewriterBase &rewriter, linalg::GenericOp op) {
    if (!isSumOfProducts(op))
      return;
    Type sumType = getElementTypeOrSelf(op.getResult(0).getType());
    if (!sumType.isIntOrFloat())
      return;
    Value lhs = op.getDpsInputOperand(0)->get(), rhs = op.getDpsInputOperand(1)->get();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (!maps[2].isProjectedPermutation())
      return;
    for (unsigned i : {0, 1})
      if (!llvm::all_of(maps[i].getResults(), isLinear))
        return;
    fnc::Product product;
    product.result = maps[2];
    for (int64_t size : op.getStaticLoopRanges()) {
      if (size == 0)
        return;
      product.sizes.push_back(ShapedType::isDynamic(size) ? -1 : size);
    }
    for (unsigned i = 0; i < product.sizes.size(); ++i)
      if ((op.getIteratorTypesArray()[i] == utils::IteratorType::parallel) ==
          product.isReduction(i))
        return;
    product.bits = std::max(8u, sumType.getIntOrFloatBitWidth());
    product.operandBits = std::max(getElementTypeOrSelf(lhs.getType()).getIntOrFloatBitWidth(),
                                   getElementTypeOrSelf(rhs.getType()).getIntOrFloatBitWidth());
    product.operandBits = std::max(8u, product.operandBits);
    product.isFloat = isa<FloatType>(sumType);
    product.lhsUnsigned = isUnsignedFactor(op, 0);
    product.rhsUnsigned = isUnsignedFactor(op, 1);
    if (sumType.isInteger(32) && isByte(lhs) && isByte(rhs))
      product.byteProducts = byteProducts;

    // Transposed operands are read where they were before, if that runs along vectors too.
    Value sources[] = {lhs, rhs};
    AffineMap sourceMaps[] = {maps[0], maps[1]};
    for (unsigned i : {0, 1})
      while (auto next = canReadAcross(sources[i], sourceMaps[i])
                             ? throughTranspose(sources[i], sourceMaps[i])
                             : std::nullopt)
        std::tie(sources[i], sourceMaps[i]) = *next;
    auto plan = planInGroups(rewriter, op, product, {lhs, maps[0]}, sources, sourceMaps);
    if (!plan)
      plan = planWith(product, sources[0], sourceMaps[0], sources[1], sourceMaps[1]);
    if (!plan || plan->dot) {
      auto direct = planWith(product, lhs, maps[0], rhs, maps[1]);
      if (direct && (!plan || !direct->dot)) {
        plan = direct;
        sources[0] = lhs, sources[1] = rhs;
        sourceMaps[0] = maps[0], sourceMaps[1] = maps[1];
      }
    }
    if (!plan)
      plan = planTurned(rewriter, op, product, sources, sourceMaps);
    if (!plan)
      return;
    if (plan->swapped) {
      std::swap(sources[0], sources[1]);
      std::swap(sourceMaps[0], sourceMaps[1]);
    }
    if (Value bytes = plan->dot || plan->pieceDim ? Value() : constantBytes(sources[1]))
      sources[1] = bytes;
    build(rewriter, op, product, *plan, sources, sourceMaps);
  }

  /// Bytes in groups, where the constant is the right one. The left one is read as it is: groups of
  /// neighbours are worth a transpose.
  std::optional<fnc::ContractionPlan> planInGroups(RewriterBase &b, linalg::GenericOp op,
                                                   fnc::Product &product,
                                                   std::pair<Value, AffineMap> lhs,
                                                   MutableArrayRef<Value> sources,
                                                   MutableArrayRef<AffineMap> maps) {
    if (product.byteProducts == fnc::ByteProducts::None || !isConstant(sources[1]) ||
        isConstant(lhs.first))
      return std::nullopt;
    fnc::Product grouped = product;
    Value values[] = {lhs.first, sources[1]};
    AffineMap places[] = {lhs.second, maps[1]};
    fnc::mergeTerms(b, op.getLoc(), grouped, values, places);
    auto plan = planWith(grouped, values[0], places[0], values[1], places[1]);
    if (!plan || plan->bytes.group == 1)
      return std::nullopt;
    product = grouped;
    llvm::copy(values, sources.begin());
    llvm::copy(places, maps.begin());
    return plan;
  }

  /// A copy of an operand with another dimension innermost, where each of its elements is used
  /// often enough.
  std::optional<fnc::ContractionPlan> planTurned(RewriterBase &b, linalg::GenericOp op,
                                                 const fnc::Product &product,
                                                 MutableArrayRef<Value> sources,
                                                 MutableArrayRef<AffineMap> maps) {
    double products = 1;
    for (int64_t size : product.sizes)
      products *= size < 0 ? kUnknownSize : size;
    for (unsigned i : {1, 0}) {
      auto type = cast<RankedTensorType>(sources[i].getType());
      if (!maps[i].isProjectedPermutation() || !type.hasStaticShape() ||
          products < double(type.getNumElements()) * kLeastUses)
        continue;
      for (int64_t last = type.getRank() - 1; last-- > 0;) {
        SmallVector<int64_t> perm, shape;
        SmallVector<AffineExpr> exprs;
        for (int64_t at = 0; at < type.getRank(); ++at)
          if (at != last)
            perm.push_back(at);
        perm.push_back(last);
        for (int64_t from : perm) {
          shape.push_back(type.getDimSize(from));
          exprs.push_back(maps[i].getResult(from));
        }
        AffineMap turned[] = {maps[0], maps[1]};
        turned[i] = AffineMap::get(maps[i].getNumDims(), 0, exprs, b.getContext());
        auto plan = planWith(product, sources[0], turned[0], sources[1], turned[1]);
        if (!plan)
          continue;
        Value empty = tensor::EmptyOp::create(b, op.getLoc(), shape, type.getElementType());
        sources[i] =
            linalg::TransposeOp::create(b, op.getLoc(), sources[i], empty, perm)->getResult(0);
        maps[i] = turned[i];
        return plan;
      }
    }
    return std::nullopt;
  }

  std::optional<fnc::ContractionPlan> planWith(fnc::Product product, Value lhs, AffineMap lhsMap,
                                               Value rhs, AffineMap rhsMap) {
    product.lhs = lhsMap;
    product.rhs = rhsMap;
    product.lhsConstant = isConstant(lhs);
    product.rhsConstant = isConstant(rhs);
    return planContraction(product, {vectorBits, registers, halves});
  }

  void build(RewriterBase &b, linalg::GenericOp op, const fnc::Product &product,
             const fnc::ContractionPlan &plan, ArrayRef<Value> sources,
             ArrayRef<AffineMap> sourceMaps) {
    Location loc = op.getLoc();
    // Pieces of sums are kept where the whole will be.
    Epilogue epilogue = plan.pieceDim ? Epilogue{op, nullptr, 0} : findEpilogue(op);
    b.setInsertionPoint(epilogue.root);
    Value init = op.getDpsInitOperand(0)->get();
    auto fill = init.getDefiningOp<linalg::FillOp>();
    bool startsAtZero = fill && isZero(fill.value());
    AffineMap sumMap = product.result;

    SmallVector<Value> extras;
    SmallVector<AffineMap> maps(sourceMaps), extraMaps;
    bool addsInit = !startsAtZero && !plan.pieceDim;
    if (addsInit) {
      extras.push_back(init);
      extraMaps.push_back(sumMap);
    }
    if (plan.bytes.flip) {
      DenseElementsAttr constant;
      matchPattern(sources[1], m_Constant(&constant));
      bool lhsUnsigned = plan.swapped ? product.rhsUnsigned : product.lhsUnsigned;
      auto [sums, map] =
          fnc::sumsOfBytes(b, loc, product, constant, sourceMaps[1], lhsUnsigned ? 128 : -128);
      extras.push_back(sums);
      extraMaps.push_back(map);
    }
    Value out = startsAtZero && !plan.pieceDim ? fill.output() : init;
    AffineMap outMap = sumMap;
    if (epilogue.generic) {
      // Loops of the epilogue are those of the sums.
      linalg::GenericOp user = epilogue.generic;
      AffineMap toSums = inversePermutation(user.getIndexingMapsArray()[epilogue.operand]);
      auto translate = [&](AffineMap map) { return map.compose(toSums).compose(sumMap); };
      for (OpOperand *input : user.getDpsInputOperands())
        if (input->getOperandNumber() != epilogue.operand) {
          extras.push_back(input->get());
          extraMaps.push_back(translate(user.getMatchingIndexingMap(input)));
        }
      out = user.getDpsInitOperand(0)->get();
      outMap = translate(user.getIndexingMapsArray().back());
    }
    // A buffer of its own: what the old one held is not read.
    if (auto empty = out.getDefiningOp<tensor::EmptyOp>())
      out = b.clone(*empty)->getResult(0);
    maps.append(extraMaps);
    maps.push_back(outMap);

    const fnc::RegisterTile &tile = plan.tile;
    auto contract = fnc::kernel::ContractOp::create(
        b, loc, TypeRange(out.getType()), sources[0], sources[1], extras, ValueRange(out), maps,
        product.sizes, plan.vectorDim, ArrayRef{tile.rows, tile.width, tile.parts});
    if (plan.rowDim)
      contract.setRowDim(*plan.rowDim);
    if (plan.columnDim)
      contract.setColumnDim(*plan.columnDim);
    if (plan.pieceDim)
      contract.setPiece(ArrayRef<int64_t>{*plan.pieceDim, plan.pieceSteps});
    if (plan.block)
      contract.setBlock(ArrayRef<int64_t>(*plan.block));
    contract.setByRows(plan.byRows);
    contract.setDot(plan.dot);
    contract.setLhsUnsigned(plan.swapped ? product.rhsUnsigned : product.lhsUnsigned);
    contract.setRhsUnsigned(plan.swapped ? product.lhsUnsigned : product.rhsUnsigned);
    contract.setGroup(plan.bytes.group);
    contract.setFlip(plan.bytes.flip);
    Type sumType = getElementTypeOrSelf(op.getResult(0).getType());
    SmallVector<Type> types{sumType};
    for (Value extra : extras)
      types.push_back(getElementTypeOrSelf(extra.getType()));
    Block *body =
        b.createBlock(&contract.getEpilogue(), {}, types, SmallVector<Location>(types.size(), loc));
    Value sum = body->getArgument(0);
    unsigned next = 1;
    for (unsigned starts = addsInit + plan.bytes.flip; starts > 0; --starts) {
      Value start = body->getArgument(next++);
      sum = isa<FloatType>(sumType) ? arith::AddFOp::create(b, loc, start, sum).getResult()
                                    : arith::AddIOp::create(b, loc, start, sum).getResult();
    }
    if (epilogue.generic) {
      IRMapping mapping;
      for (OpOperand *input : epilogue.generic.getDpsInputOperands())
        mapping.map(epilogue.generic.getMatchingBlockArgument(input),
                    input->getOperandNumber() == epilogue.operand ? sum
                                                                  : body->getArgument(next++));
      for (Operation &inner : epilogue.generic.getBody()->without_terminator())
        b.clone(inner, mapping);
      sum = mapping.lookupOrDefault(epilogue.generic.getBody()->getTerminator()->getOperand(0));
    }
    fnc::kernel::YieldOp::create(b, loc, sum);
    b.replaceOp(epilogue.root, contract.getResults());
    if (epilogue.generic)
      b.eraseOp(op);
  }
};

} // namespace
