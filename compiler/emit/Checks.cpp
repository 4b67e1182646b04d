//===- Checks.cpp - what a caller can get wrong ---------------------------===//
//
// Checks are one line of tests, each of which jumps out of the way where it fails. They are written
// as code generation wants them, and put in after the passes on LLVM IR, which would look at each
// of them many times and find nothing: a tenth of the time that LLVM takes for a small graph.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/CallArguments.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/Failure.h"
#include "compiler/emit/Overlaps.h"
#include "runtime/include/fn/abi.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include <map>

using namespace llvm;
using namespace fnc;
using mlir::AffineConstantExpr;
using mlir::AffineExpr;
using mlir::AffineExprKind;
using mlir::AffineSymbolExpr;
using PatternMatch::m_Zero;
using PatternMatch::match;

namespace {

class Checks {
public:
  Checks(const Graph &graph, const fnc::Function &function, CallInst &marker)
      : graph(graph), function(function), entry(*marker.getFunction()), context(entry.getContext()),
        i64(Type::getInt64Ty(context)), i32(Type::getInt32Ty(context)), b(&marker),
        values(b, function, entry.getArg(1), /*checked=*/false), index(values.index),
        sizeType(any_of(function.inputs, [](const fnc::Tensor &input) { return input.isSparse(); })
                     ? i64
                     : index),
        rest(marker.getParent()->splitBasicBlock(&marker)) {
    b.SetInsertPoint(rest->getSinglePredecessor()->getTerminator());
    b.SetCurrentDebugLocation(marker.getDebugLoc());
    marker.eraseFromParent();
  }

  void build();

private:
  /// A product: of a number, and of sizes that calls say. No expression is made of it, since that
  /// is for one thread at a time.
  struct Bytes {
    int64_t fixed;
    std::vector<AffineExpr> open = {};
  };
  static Bytes bytesOf(const fnc::Tensor &tensor);
  Value *valueOf(const Bytes &bytes);
  Value *isNotZero(const Bytes &bytes);
  /// Memory of a tensor; a sparse input has two.
  struct Region {
    Value *begin;
    Bytes bytes;
  };
  SmallVector<Region, 2> regionsOf(size_t input);

  void checkPointers();
  void checkDims();
  void checkConstraint(const fnc::Constraint &constraint);
  bool checkOneSize(const fnc::Constraint &constraint);
  void checkProduct(size_t input);
  void checkSizes();
  void checkWorkspace();
  void checkOverlaps();
  void reportStatus();
  void reuseLoads();

  std::optional<int64_t> mostOf(AffineExpr expr) const;
  std::optional<int64_t> mostOf(const Bytes &bytes) const;
  int64_t largestBytes() const { return int64_t(1) << (index->getBitWidth() == 64 ? 59 : 29); }
  Value *constant(int64_t value) { return values.constant(value); }
  ConstantInt *number(int32_t value) {
    return ConstantInt::getSigned(cast<IntegerType>(i32), value);
  }
  Value *wide(Value *value) { return b.CreateSExtOrTrunc(value, i64); }
  Value *sized(Value *value) { return b.CreateSExtOrTrunc(value, sizeType); }
  Extent extentOf(int32_t tensor, Region region);
  int32_t outputNumber(unsigned i) { return static_cast<int32_t>(function.inputs.size() + i); }

  /// Fails where `bad` holds, with sizes that the status names or without.
  void failIf(Value *bad, int32_t kind, int32_t tensor);
  void failIf(Value *bad, int32_t kind, int32_t tensor, Value *expected, Value *got);
  void failIfNull(Value *pointer, int32_t tensor);
  void failIfNull(Region region, int32_t tensor);
  /// Fails where a size or a count is not from 0 to `limit`.
  void failOutside(Value *value, int64_t limit, int32_t code, int32_t tensor, int32_t dimension);
  BasicBlock *branch(Value *bad, BasicBlock *failed = nullptr);
  void fail(BasicBlock *failed, int32_t kind, Value *tensor);
  /// What is built elsewhere is of the same line.
  template <typename Build> auto in(BasicBlock *block, Build build) {
    IRBuilder<>::InsertPointGuard guard(b);
    b.SetInsertPoint(block);
    return build();
  }
  /// The number, in a block that is not empty: code generation would take the block out, and put
  /// its constants into registers before the branch to it.
  Value *held(BasicBlock *block, Value *number) {
    return in(block, [&] { return b.CreateFreeze(number); });
  }
  void jump(BasicBlock *from, BasicBlock *to) {
    in(from, [&] { return b.CreateBr(to); });
  }

  /// Where failures meet: a block that takes what they say about themselves.
  struct Meeting {
    BasicBlock *block = nullptr;
    SmallVector<PHINode *, 4> said;
  };
  void meet(Meeting &meeting, BasicBlock *from, ArrayRef<Value *> said);
  Meeting &status();
  Meeting &outside();
  Meeting &sizeless(int32_t kind);
  Meeting newMeeting(ArrayRef<Type *> types);

  const Graph &graph;
  const fnc::Function &function;
  llvm::Function &entry;
  LLVMContext &context;
  Type *i64, *i32;
  IRBuilder<> b;
  CallArguments values;
  IntegerType *index;
  /// Of what failures say: products of sizes that have no memory are larger than any index.
  Type *sizeType;
  BasicBlock *rest;
  Meeting statusMeeting, outsideMeeting;
  SmallDenseMap<int32_t, Meeting> sizelessMeetings;
  /// By what was multiplied.
  std::map<std::pair<std::vector<const void *>, int64_t>, Value *> products;
  std::map<std::vector<const void *>, Value *> notZero;
  Value *needed = nullptr;
};

//===-- Failing ----------------------------------------------------------------===//

Checks::Meeting Checks::newMeeting(ArrayRef<Type *> types) {
  Meeting meeting{BasicBlock::Create(context, "fail", &entry), {}};
  for (Type *type : types)
    meeting.said.push_back(in(meeting.block, [&] { return b.CreatePHI(type, 4); }));
  return meeting;
}

void Checks::meet(Meeting &meeting, BasicBlock *from, ArrayRef<Value *> said) {
  for (auto [phi, value] : zip_equal(meeting.said, said))
    phi->addIncoming(value, from);
}

Checks::Meeting &Checks::status() {
  if (statusMeeting.block)
    return statusMeeting;
  statusMeeting = newMeeting({i32, i32, sizeType, sizeType});
  return statusMeeting;
}

/// Of sizes that are too small or too large: which of both.
Checks::Meeting &Checks::outside() {
  if (outsideMeeting.block)
    return outsideMeeting;
  outsideMeeting = newMeeting({i32, i32, index, index});
  ArrayRef<PHINode *> said = outsideMeeting.said;
  in(outsideMeeting.block, [&] {
    Value *isNegative = b.CreateICmpSLT(said[3], constant(0));
    Value *relation =
        b.CreateSelect(isNegative, number(failureKind(0, 0, -1)), number(failureKind(0, 0, 1)));
    meet(status(), outsideMeeting.block,
         {b.CreateOr(said[0], relation), said[1],
          sized(b.CreateSelect(isNegative, constant(0), said[2])), sized(said[3])});
    return b.CreateBr(statusMeeting.block);
  });
  return outsideMeeting;
}

/// Of what needs no more words than the tensor.
Checks::Meeting &Checks::sizeless(int32_t kind) {
  Meeting &meeting = sizelessMeetings[kind];
  if (meeting.block)
    return meeting;
  meeting = newMeeting({i32});
  meet(
      status(), meeting.block,
      {held(meeting.block, number(kind)), meeting.said[0], sized(constant(0)), sized(constant(0))});
  jump(meeting.block, statusMeeting.block);
  return meeting;
}

/// Goes on where `bad` does not hold, and returns the block where it does.
BasicBlock *Checks::branch(Value *bad, BasicBlock *failed) {
  if (!failed)
    failed = BasicBlock::Create(context, "fail", &entry);
  auto *next = BasicBlock::Create(context, "", &entry, rest);
  b.CreateCondBr(bad, failed, next, rarely(context));
  b.SetInsertPoint(next);
  return failed;
}

void Checks::fail(BasicBlock *failed, int32_t kind, Value *tensor) {
  Meeting &meeting = sizeless(kind);
  meet(meeting, failed, {held(failed, tensor)});
  jump(failed, meeting.block);
}

void Checks::failIf(Value *bad, int32_t kind, int32_t tensor) {
  if (!match(bad, m_Zero()))
    fail(branch(bad), kind, number(tensor));
}

void Checks::failIf(Value *bad, int32_t kind, int32_t tensor, Value *expected, Value *got) {
  if (match(bad, m_Zero()))
    return;
  BasicBlock *failed = branch(bad);
  in(failed, [&] {
    meet(status(), failed,
         {b.CreateFreeze(number(kind)), number(tensor), sized(expected), sized(got)});
    return b.CreateBr(statusMeeting.block);
  });
}

void Checks::failIfNull(Value *pointer, int32_t tensor) {
  failIf(b.CreateIsNull(pointer), failureKind(FN_NULL_POINTER), tensor);
}

/// A tensor without elements needs no memory, which is asked where there is none.
void Checks::failIfNull(Region region, int32_t tensor) {
  Value *isNonEmpty = isNotZero(region.bytes);
  if (match(isNonEmpty, m_Zero()))
    return;
  BasicBlock *isNull = branch(b.CreateIsNull(region.begin));
  Meeting &meeting = sizeless(failureKind(FN_NULL_POINTER));
  meet(meeting, isNull, {number(tensor)});
  BasicBlock *next = b.GetInsertBlock();
  in(isNull, [&] { return b.CreateCondBr(isNonEmpty, meeting.block, next); });
}

void Checks::failOutside(Value *value, int64_t limit, int32_t code, int32_t tensor,
                         int32_t dimension) {
  // Negative ones are large.
  BasicBlock *failed = branch(b.CreateICmpUGT(value, constant(limit)));
  Meeting &meeting = outside();
  meet(
      meeting, failed,
      {held(failed, number(failureKind(code, dimension))), number(tensor), constant(limit), value});
  jump(failed, meeting.block);
}

//===-- Sizes ------------------------------------------------------------------===//

void Checks::checkPointers() {
  if (function.usesState())
    failIfNull(values.state(), FN_TENSOR_STATE);
  for (auto [i, input] : enumerate(function.inputs))
    if (!input.takesDims())
      failIfNull(values.input(i), i);
  for (auto [i, output] : enumerate(function.outputs))
    if (output.isStatic())
      failIfNull(values.output(i), outputNumber(i));
}

void Checks::checkDims() {
  for (auto [i, input] : enumerate(function.inputs)) {
    auto check = [&](AffineExpr expr, int32_t code, int32_t dimension) {
      auto symbol = mlir::dyn_cast_or_null<AffineSymbolExpr>(expr);
      if (!symbol || values.origin(symbol.getPosition()) !=
                         std::pair(static_cast<int32_t>(i), expr == input.count ? -1 : dimension))
        return;
      failOutside(values.symbol(symbol.getPosition()), values.largestOf(symbol.getPosition()), code,
                  i, dimension);
    };
    check(input.count, FN_ENTRY_COUNT, 0);
    for (auto [d, dim] : enumerate(input.dims))
      check(dim, FN_SHAPE_MISMATCH, d);
  }
  for (auto [i, input] : enumerate(function.inputs)) {
    if (!input.takesDims())
      continue;
    for (auto [d, dim] : enumerate(input.dims)) {
      Value *want = values.expression(dim), *got = values.dim(i, d);
      if (want != got)
        failIf(b.CreateICmpNE(got, want), failureKind(FN_SHAPE_MISMATCH, d), i, want, got);
    }
    if (input.isSparse())
      checkProduct(i);
    for (Region region : regionsOf(i))
      failIfNull(region, i);
  }
  for (const fnc::Constraint &constraint : function.constraints)
    checkConstraint(constraint);
  checkSizes();
  for (auto [i, output] : enumerate(function.outputs))
    if (!output.isStatic())
      failIfNull(Region{values.output(i), bytesOf(output)}, outputNumber(i));
}

/// Fails as a wrong shape of one input where the constraint says what a size of it has to be.
bool Checks::checkOneSize(const fnc::Constraint &constraint) {
  auto originOf = [&](AffineExpr expr) -> std::optional<std::pair<int32_t, int32_t>> {
    auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr);
    if (!symbol || values.origin(symbol.getPosition()).second < 0)
      return std::nullopt;
    return values.origin(symbol.getPosition());
  };
  AffineExpr size = constraint.lhs, other = constraint.rhs;
  int32_t relation = constraint.isEqual ? 0 : -1;
  if (constraint.isEqual ? !originOf(size) : mlir::isa<AffineConstantExpr>(size)) {
    std::swap(size, other);
    relation = -relation;
  }
  // A limit of a sum is one of its other term.
  std::optional<int64_t> limit;
  if (auto sum = mlir::dyn_cast<mlir::AffineBinaryOpExpr>(size);
      sum && sum.getKind() == AffineExprKind::Add && mlir::isa<AffineConstantExpr>(other) &&
      mlir::isa<AffineConstantExpr>(sum.getRHS())) {
    limit = mlir::cast<AffineConstantExpr>(other).getValue() -
            mlir::cast<AffineConstantExpr>(sum.getRHS()).getValue();
    size = sum.getLHS();
  }
  auto origin = originOf(size);
  if (!origin)
    return false;
  Value *got = values.expression(size);
  Value *want = limit ? constant(*limit) : values.expression(other);
  Value *bad = relation == 0  ? b.CreateICmpNE(got, want)
               : relation < 0 ? b.CreateICmpSLT(got, want)
                              : b.CreateICmpSGT(got, want);
  failIf(bad, failureKind(FN_SHAPE_MISMATCH, origin->second, relation), origin->first, want, got);
  return true;
}

void Checks::checkConstraint(const fnc::Constraint &constraint) {
  if (checkOneSize(constraint))
    return;
  std::pair<int32_t, int32_t> origin(0, 0);
  bool found = false;
  for (AffineExpr side : {constraint.lhs, constraint.rhs})
    side.walk([&](AffineExpr expr) {
      if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr); symbol && !found) {
        origin = values.origin(symbol.getPosition());
        found = true;
      }
    });
  Value *x = values.expression(constraint.lhs), *y = values.expression(constraint.rhs);
  failIf(constraint.isEqual ? b.CreateICmpNE(x, y) : b.CreateICmpSLT(x, y),
         failureKind(FN_SIZES_DISAGREE, origin.second, constraint.isEqual ? 0 : -1), origin.first,
         y, x);
}

Checks::Bytes Checks::bytesOf(const fnc::Tensor &tensor) {
  Bytes bytes{tensor.type.bytes};
  for (AffineExpr dim : tensor.dims)
    if (auto number = mlir::dyn_cast<AffineConstantExpr>(dim))
      bytes.fixed *= number.getValue();
    else
      bytes.open.push_back(dim);
  return bytes;
}

SmallVector<Checks::Region, 2> Checks::regionsOf(size_t input) {
  const fnc::Tensor &tensor = function.inputs[input];
  if (!tensor.isSparse())
    return {{values.input(input), bytesOf(tensor)}};
  int64_t row = tensor.dims.size() * tensor.indexBits / 8;
  return {{values.input(input), {tensor.type.bytes, {tensor.count}}},
          {values.indices(input), {row, {tensor.count}}}};
}

static std::vector<const void *> keyOf(ArrayRef<AffineExpr> factors) {
  std::vector<const void *> key;
  for (AffineExpr factor : factors)
    key.push_back(factor.getAsOpaquePointer());
  return key;
}

Value *Checks::valueOf(const Bytes &bytes) {
  if (bytes.open.empty() || bytes.fixed == 0)
    return constant(bytes.fixed);
  Value *&product = products[{keyOf(bytes.open), bytes.fixed}];
  if (!product && bytes.fixed != 1)
    product = b.CreateMul(valueOf({1, bytes.open}), constant(bytes.fixed));
  if (!product)
    for (AffineExpr factor : bytes.open) {
      Value *size = values.expression(factor);
      product = product ? b.CreateMul(product, size) : size;
    }
  return product;
}

/// A product is 0 where what calls say of it is.
Value *Checks::isNotZero(const Bytes &bytes) {
  if (bytes.open.empty() || bytes.fixed == 0)
    return b.getInt1(bytes.fixed != 0);
  Value *&known = notZero[keyOf(bytes.open)];
  if (!known)
    known = b.CreateICmpNE(valueOf({1, bytes.open}), constant(0));
  return known;
}

/// No memory lies behind the shape of a sparse tensor, so that it may say more than there can be.
void Checks::checkProduct(size_t input) {
  Value *elements = ConstantInt::get(i64, 1), *isTooLarge = b.getFalse();
  auto *limit =
      ConstantInt::get(i64, values.largestSize() << (index->getBitWidth() == 64 ? 19 : 0));
  for (size_t d = 0; d < function.inputs[input].dims.size(); ++d) {
    Value *product = b.CreateBinaryIntrinsic(Intrinsic::umul_with_overflow, elements,
                                             wide(values.dim(input, d)));
    isTooLarge = b.CreateOr(isTooLarge, b.CreateExtractValue(product, 1));
    elements = b.CreateExtractValue(product, 0);
    isTooLarge = b.CreateOr(isTooLarge, b.CreateICmpUGT(elements, limit));
  }
  failIf(isTooLarge, failureKind(FN_SHAPE_OVERFLOW, 0, 1), input, limit, elements);
}

/// The largest magnitude of the expression, whatever sizes pass; none where that is too large.
std::optional<int64_t> Checks::mostOf(AffineExpr expr) const {
  if (auto number = mlir::dyn_cast<AffineConstantExpr>(expr))
    return std::abs(number.getValue());
  if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr))
    return values.largestOf(symbol.getPosition());
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(expr);
  std::optional<int64_t> x = mostOf(binary.getLHS()), y = mostOf(binary.getRHS());
  if (!x || !y)
    return std::nullopt;
  int64_t most = *x;
  if (binary.getKind() == AffineExprKind::Add
          ? llvm::AddOverflow(*x, *y, most)
          : binary.getKind() == AffineExprKind::Mul && llvm::MulOverflow(*x, *y, most))
    return std::nullopt;
  return most <= largestBytes() ? std::optional(most) : std::nullopt;
}

std::optional<int64_t> Checks::mostOf(const Bytes &bytes) const {
  int64_t most = bytes.fixed;
  for (AffineExpr factor : bytes.open) {
    std::optional<int64_t> size = mostOf(factor);
    if (!size || llvm::MulOverflow(most, *size, most) || most > largestBytes())
      return std::nullopt;
  }
  return most;
}

/// Neither does memory have to lie behind what a call makes of sizes that pass: outputs and
/// workspace, whose bytes must not wrap around.
void Checks::checkSizes() {
  Value *tooLarge = b.getFalse();
  auto multiply = [&](Value *x, Value *y) {
    Value *product = b.CreateBinaryIntrinsic(Intrinsic::smul_with_overflow, x, y);
    Value *value = b.CreateExtractValue(product, 0);
    tooLarge = b.CreateOr(tooLarge, b.CreateExtractValue(product, 1));
    tooLarge = b.CreateOr(tooLarge, b.CreateICmpSGT(value, constant(largestBytes())));
    return value;
  };
  for (const fnc::Tensor &output : function.outputs) {
    Bytes bytes = bytesOf(output);
    if (mostOf(bytes))
      continue;
    Value *product = constant(bytes.fixed);
    for (AffineExpr factor : bytes.open)
      product = multiply(product, values.expression(factor, multiply));
  }
  for (const WorkspaceBuffer &buffer : function.workspace)
    if (!mostOf(buffer.bytes))
      values.expression(buffer.bytes, multiply);
  auto sparse = llvm::find_if(function.inputs, [](auto &input) { return input.isSparse(); });
  int32_t input = function.symbols.empty() ? 0 : values.origin(0).first;
  if (sparse != function.inputs.end())
    input = static_cast<int32_t>(sparse - function.inputs.begin());
  failIf(tooLarge, failureKind(FN_SHAPE_OVERFLOW), input);
}

//===-- Memory -----------------------------------------------------------------===//

void Checks::checkWorkspace() {
  if (function.workspace.empty())
    return;
  std::vector<Value *> ends;
  for (const WorkspaceBuffer &buffer : function.workspace) {
    Value *offset = constant(0);
    auto larger = [&](Value *x, Value *y) {
      auto *cx = dyn_cast<ConstantInt>(x), *cy = dyn_cast<ConstantInt>(y);
      if (cx && cy)
        return cx->getSExtValue() > cy->getSExtValue() ? x : y;
      return static_cast<Value *>(b.CreateBinaryIntrinsic(Intrinsic::smax, x, y));
    };
    for (int64_t j : buffer.below)
      offset = larger(offset, ends[j]);
    Value *bytes = values.expression(buffer.bytes);
    Value *aligned = b.CreateAnd(b.CreateAdd(bytes, constant(63)), constant(-64));
    ends.push_back(b.CreateAdd(offset, aligned));
    needed = needed ? larger(needed, ends.back()) : ends.back();
  }
  if (match(needed, m_Zero())) {
    needed = nullptr;
    return;
  }
  Value *given = values.workspaceBytes();
  failIf(b.CreateICmpULT(given, needed), failureKind(FN_WORKSPACE_TOO_SMALL), FN_TENSOR_WORKSPACE,
         needed, given);
  Value *workspace = values.workspace();
  Value *isNull = b.CreateIsNull(workspace);
  if (!isa<ConstantInt>(needed))
    isNull = b.CreateAnd(isNull, b.CreateICmpNE(needed, constant(0)));
  failIf(isNull, failureKind(FN_NULL_POINTER), FN_TENSOR_WORKSPACE);
  Value *low = b.CreateAnd(b.CreatePtrToInt(workspace, index), constant(63));
  failIf(b.CreateICmpNE(low, constant(0)), failureKind(FN_WORKSPACE_MISALIGNED),
         FN_TENSOR_WORKSPACE, constant(64), low);
}

/// So many pairs are compared where they are; more in a loop.
constexpr size_t kMostPairs = 40;

Extent Checks::extentOf(int32_t tensor, Region region) {
  Value *begin = b.CreatePtrToInt(region.begin, index);
  if (!region.bytes.open.empty())
    begin = b.CreateSelect(isNotZero(region.bytes), begin, constant(0));
  return {tensor, begin, valueOf(region.bytes)};
}

void Checks::checkOverlaps() {
  Extents extents;
  SmallVector<Extent> &written = extents.written;
  for (auto [i, output] : enumerate(function.outputs))
    written.push_back(extentOf(outputNumber(i), {values.output(i), bytesOf(output)}));
  if (needed) {
    Value *begin = b.CreatePtrToInt(values.workspace(), index);
    if (!isa<ConstantInt>(needed))
      begin = b.CreateSelect(b.CreateICmpNE(needed, constant(0)), begin, constant(0));
    written.push_back({FN_TENSOR_WORKSPACE, begin, needed});
  }
  extents.reported = written.size();
  // A state that is only read must still not be written through an output.
  if (function.usesState())
    written.push_back(extentOf(FN_TENSOR_STATE, {values.state(), {graph.stateBytes}}));
  extents.inTheWay = function.writes.empty() ? extents.reported : written.size();
  for (size_t i = 0; i < function.inputs.size(); ++i)
    for (Region region : regionsOf(i))
      extents.read.push_back(extentOf(i, region));

  if (extents.pairs() > kMostPairs) {
    Value *found = findOverlap(b, extents);
    fail(branch(b.CreateICmpNE(found, number(kNoOverlap))), failureKind(FN_OVERLAP), found);
    return;
  }
  auto check = [&](const Extent &own, ArrayRef<Extent> others) {
    BasicBlock *failed = nullptr;
    compareExtents(b, own, others, [&](Value *shared) { failed = branch(shared, failed); });
    if (failed)
      fail(failed, failureKind(FN_OVERLAP), number(own.tensor));
  };
  for (const Extent &extent : extents.read)
    check(extent, ArrayRef(written).take_front(extents.inTheWay));
  for (size_t i = 0; i < extents.reported; ++i)
    check(written[i], ArrayRef(written).drop_front(i + 1));
}

/// The call, when all that fails is known: what failures say alike is no question.
void Checks::reportStatus() {
  if (!statusMeeting.block)
    return;
  SmallVector<Value *> said;
  for (PHINode *phi : statusMeeting.said) {
    Value *same = phi->hasConstantValue();
    said.push_back(same ? same : phi);
    if (same)
      phi->eraseFromParent();
  }
  b.SetInsertPoint(statusMeeting.block);
  createFailure(b, entry.getArg(0), said[0], said[1], wide(said[2]), wide(said[3]));
  b.CreateRetVoid();
}

/// What the call takes from its arguments is in registers already, mostly.
void Checks::reuseLoads() {
  BasicBlock *start = &entry.getEntryBlock();
  SmallVector<std::pair<Value *, uint64_t>> places = {{entry.getArg(1), 0}};
  while (!places.empty()) {
    auto [place, offset] = places.pop_back_val();
    for (User *user : make_early_inc_range(place->users())) {
      APInt step(index->getBitWidth(), 0);
      auto *gep = dyn_cast<GetElementPtrInst>(user);
      if (gep && gep->accumulateConstantOffset(entry.getDataLayout(), step))
        places.push_back({gep, offset + step.getZExtValue()});
      auto *load = dyn_cast<LoadInst>(user);
      Value *known = load && load->getParent() != start ? values.loads().lookup(offset) : nullptr;
      if (!known || known == load || known->getType() != load->getType())
        continue;
      load->replaceAllUsesWith(known);
      load->eraseFromParent();
    }
  }
}

void Checks::build() {
  BasicBlock *start = b.GetInsertBlock();
  start->getTerminator()->eraseFromParent();
  b.SetInsertPoint(start);
  checkPointers();
  checkDims();
  checkWorkspace();
  checkOverlaps();
  b.CreateBr(rest);
  reportStatus();
  reuseLoads();
  MergeBlockIntoPredecessor(rest);
}

} // namespace

void fnc::addChecks(Module &module, const Graph &graph) {
  if (llvm::Function *marker = module.getFunction(kChecksMarker)) {
    StringMap<const fnc::Function *> functions;
    for (const fnc::Function &function : graph.functions)
      functions[graph.name + "_" + function.id] = &function;
    for (User *user : make_early_inc_range(marker->users())) {
      auto &call = *cast<CallInst>(user);
      Checks(graph, *functions.at(call.getFunction()->getName()), call).build();
    }
    marker->eraseFromParent();
  }
  defineFailureFunction(module);
}
