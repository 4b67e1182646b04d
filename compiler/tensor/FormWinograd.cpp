//===- FormWinograd.cpp - 3x3 convolutions with fewer multiplications -----===//

#include "compiler/kernel/Kernel.h"
#include "compiler/kernel/RegisterTile.h"
#include "compiler/kernel/WinogradTransforms.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FORMWINOGRAD
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

using fnc::kernel::ContractOp;

// The machine of the estimate; what counts is how these compare with one multiply-add of vectors a
// cycle.
constexpr double kBytesPerCycle = 8;        ///< from beyond the second-level cache
constexpr double kCyclesPerTransformed = 8; ///< a vector of a scratch: computed, stored, read
constexpr double kCyclesPerFilter = 4; ///< the same of a filter that is transformed in the call
constexpr double kSharePeak = 0.9;     ///< of products of such matrices
constexpr int64_t kCache = 768 << 10;  ///< bytes that a strip may take
constexpr double kLeastGain = 1.15;

/// Loops of a convolution: image, row, column, two of the filter, channel, filter.
enum { N, Y, X, KY, KX, C, F, Loops };

/// One way to compute one convolution.
struct Form {
  ContractOp op;
  int64_t step = 0, strip = 0;
  int64_t bytes = 0; ///< of constants, beyond the filter's own
  double saved = 0;  ///< cycles
};

/// Whether `op` is a 3x3 convolution of stride 1 whose vectors run along the filters.
bool isConvolution(ContractOp op) {
  ArrayRef<int64_t> sizes = op.getSizes();
  if (op.getDot() || op.getPacked() || sizes.size() != Loops || sizes[KY] != 3 || sizes[KX] != 3 ||
      op.getVectorDim() != F || !op.sumType().isF32())
    return false;
  for (Value operand : {op.getLhs(), op.getRhs()})
    if (!getElementTypeOrSelf(operand.getType()).isF32())
      return false;
  for (unsigned loop : {Y, X, C, F})
    if (sizes[loop] < 0)
      return false;
  MLIRContext *context = op.getContext();
  auto d = [&](unsigned loop) { return getAffineDimExpr(loop, context); };
  AffineMap input = AffineMap::get(Loops, 0, {d(N), d(Y) + d(KY), d(X) + d(KX), d(C)}, context);
  AffineMap filter = op.mapOf(1);
  return op.mapOf(0) == input && filter.isProjectedPermutation() && filter.getNumResults() == 4 &&
         llvm::none_of(std::array<unsigned, 3>{N, Y, X},
                       [&](unsigned loop) { return filter.isFunctionOfDim(loop); });
}

/// The filter, if it is known.
std::optional<DenseElementsAttr> constantFilter(ContractOp op) {
  DenseElementsAttr constant;
  return matchPattern(op.getRhs(), m_Constant(&constant)) ? std::optional(constant) : std::nullopt;
}

/// Elements that the loop steps over in a row-major tensor.
int64_t strideOf(AffineMap map, ArrayRef<int64_t> shape, unsigned loop) {
  int64_t stride = 1;
  for (int64_t i = shape.size(); i-- > 0;) {
    if (map.getResult(i).isFunctionOfDim(loop))
      return stride;
    stride *= shape[i];
  }
  return 0;
}

struct FormWinograd : fnc::impl::FormWinogradBase<FormWinograd> {
  using FormWinogradBase::FormWinogradBase;

  void runOnOperation() override {
    // Scalars gain nothing by transforms of vectors.
    if (registers == 0 || vectorBits < 128)
      return;
    llvm::DenseSet<Attribute> constants;
    int64_t budget = 0;
    getOperation().walk([&](arith::ConstantOp constant) {
      if (auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
          elements && constants.insert(elements).second)
        budget += elements.getNumElements() *
                  llvm::divideCeil(elements.getElementType().getIntOrFloatBitWidth(), 8) / 2;
    });
    SmallVector<Form> forms;
    getOperation().walk([&](ContractOp op) {
      if (isConvolution(op))
        for (int64_t step : {4, 2})
          if (std::optional<Form> form = estimate(op, step))
            forms.push_back(*form);
    });
    llvm::stable_sort(
        forms, [](const Form &a, const Form &b) { return a.saved * b.bytes > b.saved * a.bytes; });
    // Of two forms of one convolution the better one wins if there is room for it.
    llvm::DenseMap<Operation *, Form> chosen;
    for (const Form &form : forms) {
      Form &best = chosen[form.op];
      if (form.saved <= best.saved || form.bytes - best.bytes > budget)
        continue;
      budget -= form.bytes - best.bytes;
      best = form;
    }
    SmallVector<Form> inOrder;
    getOperation().walk([&](ContractOp op) {
      if (auto found = chosen.find(op); found != chosen.end() && found->second.step != 0)
        inOrder.push_back(found->second);
    });
    for (const Form &form : inOrder)
      rewrite(form);
  }

  std::optional<Form> estimate(ContractOp op, int64_t step) {
    ArrayRef<int64_t> sizes = op.getSizes();
    if (sizes[Y] < step || sizes[X] < step)
      return std::nullopt;
    double lanes = vectorBits / 32;
    int64_t planes = (step + 2) * (step + 2), channels = sizes[C] + sizes[F];
    int64_t images = std::max<int64_t>(sizes[N], 1);
    int64_t tiles = images * llvm::divideCeil(sizes[Y], step) * llvm::divideCeil(sizes[X], step);
    double products = double(sizes[C]) * sizes[F];
    double read = planes * products * 4 / kBytesPerCycle;
    // The strip that moves least: short ones stay in the cache, long ones read the filter less
    // often.
    double least = 0;
    int64_t strip = 0;
    for (int64_t count = 1; count <= tiles; ++count) {
      int64_t length = llvm::divideCeil(tiles, count);
      if (length < 8 && strip != 0)
        break;
      double bytes = 4.0 * planes * length * channels;
      double moved = (planes * products * 4 > kCache ? count * read : read) +
                     (bytes > kCache ? 8.0 * planes * tiles * channels / kBytesPerCycle : 0);
      if (strip == 0 || moved < least) {
        least = moved;
        strip = length;
      }
    }
    double direct = 9.0 * images * sizes[Y] * sizes[X] * products / lanes;
    direct = std::max(direct, 36 * products / kBytesPerCycle);
    // Rows that do not fill a block leave units idle.
    double full = std::min(1.0, strip / 8.0);
    double fast = planes * tiles * products / lanes / (kSharePeak * full) +
                  planes * double(tiles) * channels / lanes * kCyclesPerTransformed + least;
    bool isConstant = constantFilter(op).has_value();
    if (!isConstant)
      fast += planes * products / lanes * kCyclesPerFilter + read;
    if (fast * kLeastGain > direct)
      return std::nullopt;
    int64_t bytes = isConstant ? int64_t((planes - 9) * products * 4) : 0;
    return Form{op, step, strip, bytes, direct - fast};
  }

  void rewrite(const Form &form) {
    ContractOp op = form.op;
    OpBuilder b(op);
    Location loc = op.getLoc();
    ArrayRef<int64_t> sizes = op.getSizes();
    int64_t planes = (form.step + 2) * (form.step + 2);
    fnc::RegisterTile tile =
        fnc::chooseTile({vectorBits, registers}, 32, form.strip, sizes[F], sizes[C]);
    auto scratch = [&](int64_t channels) -> Value {
      return tensor::EmptyOp::create(b, loc, {planes * fnc::winogradPlane(form.strip, channels)},
                                     b.getF32Type());
    };
    Value filter;
    if (std::optional<DenseElementsAttr> constant = constantFilter(op)) {
      filter = arith::ConstantOp::create(b, loc, transformed(op, *constant, form.step, tile.width));
    } else {
      SmallVector<AffineExpr> ofFilter(Loops, b.getAffineConstantExpr(0));
      for (auto [i, loop] : llvm::enumerate(std::array<unsigned, 4>{KY, KX, C, F}))
        ofFilter[loop] = b.getAffineDimExpr(i);
      Value packed =
          tensor::EmptyOp::create(b, loc, {planes * sizes[C] * sizes[F]}, b.getF32Type());
      filter = fnc::kernel::WinogradFilterOp::create(
                   b, loc, packed.getType(), op.getRhs(), packed,
                   AffineMapAttr::get(op.mapOf(1).replaceDimsAndSymbols(ofFilter, {}, 4, 0)),
                   b.getDenseI64ArrayAttr({sizes[C], sizes[F]}), b.getI64IntegerAttr(form.step),
                   b.getI64IntegerAttr(tile.width))
                   .getResult(0);
    }
    // Loops of the epilogue: image, row, column, filter.
    SmallVector<AffineExpr> renamed(Loops, b.getAffineConstantExpr(0));
    renamed[N] = b.getAffineDimExpr(0);
    renamed[Y] = b.getAffineDimExpr(1);
    renamed[X] = b.getAffineDimExpr(2);
    renamed[F] = b.getAffineDimExpr(3);
    SmallVector<AffineMap> maps;
    for (unsigned i = 2; i < op.getMaps().size(); ++i)
      maps.push_back(op.mapOf(i).replaceDimsAndSymbols(renamed, {}, 4, 0));
    SmallVector<Value> inits = {op.getInits()[0], scratch(sizes[C]), scratch(sizes[F])};
    auto winograd = fnc::kernel::WinogradOp::create(
        b, loc, ValueRange(inits).getTypes(), op.getLhs(), filter, op.getExtras(), inits[0],
        inits[1], inits[2], b.getAffineMapArrayAttr(maps),
        b.getDenseI64ArrayAttr({sizes[N], sizes[Y], sizes[X], sizes[C], sizes[F]}),
        b.getI64IntegerAttr(form.step), b.getI64IntegerAttr(form.strip),
        b.getDenseI64ArrayAttr({tile.rows, tile.width, tile.parts}));
    winograd.getEpilogue().takeBody(op.getEpilogue());
    op.getResult(0).replaceAllUsesWith(winograd.getResult(0));
    op.erase();
  }

  /// G g G^T of each channel and filter, in blocks of columns for each place in the product.
  static DenseElementsAttr transformed(ContractOp op, DenseElementsAttr constant, int64_t step,
                                       int64_t width) {
    AffineMap map = op.mapOf(1);
    ArrayRef<int64_t> shape = cast<ShapedType>(constant.getType()).getShape();
    int64_t stride[Loops];
    for (unsigned loop = 0; loop < Loops; ++loop)
      stride[loop] = strideOf(map, shape, loop);
    int64_t channels = op.getSizes()[C], filters = op.getSizes()[F];
    fnc::Transform g = fnc::winogradFilter(step);
    int64_t planes = g.rows * g.rows, plane = channels * filters;
    std::vector<float> result(planes * plane);
    auto values = constant.getValues<float>();
    auto element = [&](int64_t at) { return double(values[at]); };
    fnc::forEachColumnBlock(filters, width, [&](int64_t first, int64_t count) {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t f = first; f < first + count; ++f) {
          double half[6][3];
          for (int64_t i = 0; i < g.rows; ++i)
            for (int64_t j = 0; j < 3; ++j) {
              half[i][j] = 0;
              for (int64_t k = 0; k < 3; ++k)
                half[i][j] += g.row(i)[k] * element(k * stride[KY] + j * stride[KX] +
                                                    c * stride[C] + f * stride[F]);
            }
          float *to = result.data() + first * channels + c * count + (f - first);
          for (int64_t i = 0; i < g.rows; ++i)
            for (int64_t j = 0; j < g.rows; ++j) {
              double sum = 0;
              for (int64_t k = 0; k < 3; ++k)
                sum += half[i][k] * g.row(j)[k];
              to[(i * g.rows + j) * plane] = float(sum);
            }
        }
    });
    auto type = RankedTensorType::get({planes * plane}, constant.getElementType());
    return DenseElementsAttr::get(type, ArrayRef<float>(result));
  }
};

} // namespace
