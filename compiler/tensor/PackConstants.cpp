//===- PackConstants.cpp - constants in the order in which they are read --===//

#include "compiler/kernel/Kernel.h"
#include "compiler/kernel/RegisterTile.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_PACKCONSTANTS
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

struct PackConstants : fnc::impl::PackConstantsBase<PackConstants> {
  void runOnOperation() override {
    getOperation().walk([&](fnc::kernel::ContractOp op) {
      DenseElementsAttr constant;
      if (!op.getDot() && !op.getPiece() && matchPattern(op.getRhs(), m_Constant(&constant)))
        pack(op, constant);
    });
  }

  /// Elements that the loop `dim` steps over in a row-major constant; 0 where it does not move.
  static int64_t strideOf(AffineMap map, ArrayRef<int64_t> shape, unsigned dim) {
    int64_t stride = 1;
    for (int64_t i = shape.size(); i-- > 0;) {
      if (map.getResult(i).isFunctionOfDim(dim))
        return stride;
      stride *= shape[i];
    }
    return 0;
  }

  void pack(fnc::kernel::ContractOp op, DenseElementsAttr constant) {
    AffineMap map = op.mapOf(1);
    auto type = cast<RankedTensorType>(constant.getType());
    ArrayRef<int64_t> sizes = op.getSizes();
    unsigned vectorDim = op.getVectorDim();
    if (!map.isProjectedPermutation() || !type.getElementType().isIntOrFloat() ||
        !map.isFunctionOfDim(vectorDim) || sizes[vectorDim] < 0)
      return;
    struct Loop {
      int64_t size, stride;
    };
    SmallVector<Loop> batches, terms;
    for (unsigned i = 0; i < sizes.size(); ++i) {
      int64_t stride = strideOf(map, type.getShape(), i);
      if (op.isReduction(i)) {
        if (stride == 0 || sizes[i] < 0)
          return;
        terms.push_back({sizes[i], stride});
      } else if (i != vectorDim && stride != 0) {
        if (sizes[i] < 0)
          return;
        batches.push_back({sizes[i], stride});
      }
    }
    // The last terms are filled up with zeros to whole groups.
    int64_t group = op.getGroup(), rest = 0;
    if (group > 1)
      rest = llvm::alignTo(terms.back().size, group) - terms.back().size;
    int64_t count = type.getNumElements();
    if (rest > 0)
      count = count / terms.back().size * (terms.back().size + rest);
    auto flat = RankedTensorType::get({count}, type.getElementType());
    OpBuilder b(op);
    DenseElementsAttr packed;
    if (constant.isSplat() && rest == 0) {
      packed = constant.resizeSplat(flat);
    } else {
      int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      ArrayRef<char> from = constant.getRawData();
      // Booleans may be stored as bits.
      if (static_cast<int64_t>(from.size()) !=
          bytes * (constant.isSplat() ? 1 : type.getNumElements()))
        return;
      std::vector<char> to;
      to.reserve(count * bytes);
      Loop last = terms.pop_back_val();
      SmallVector<int64_t> outerTerms = places(terms);
      int64_t columnStride = strideOf(map, type.getShape(), vectorDim);
      // One group of one column.
      auto append = [&](int64_t place, int64_t inLast) {
        for (int64_t i = inLast; i < inLast + group; ++i) {
          const char *at =
              from.data() + (constant.isSplat() ? 0 : bytes * (place + i * last.stride));
          if (i < last.size)
            to.insert(to.end(), at, at + bytes);
          else
            to.resize(to.size() + bytes);
        }
      };
      for (int64_t batch : places(batches))
        fnc::forEachColumnBlock(sizes[vectorDim], op.getTile()[1],
                                [&](int64_t first, int64_t width) {
                                  for (int64_t outer : outerTerms)
                                    for (int64_t inLast = 0; inLast < last.size; inLast += group)
                                      for (int64_t column = first; column < first + width; ++column)
                                        append(batch + outer + column * columnStride, inLast);
                                });
      packed = DenseElementsAttr::getFromRawBuffer(flat, to);
    }
    op.getRhsMutable().assign(arith::ConstantOp::create(b, op.getLoc(), packed));
    op.setPacked(true);
  }

  template <typename Loop> static SmallVector<int64_t> places(ArrayRef<Loop> loops) {
    SmallVector<int64_t> result{0};
    for (const Loop &loop : loops) {
      SmallVector<int64_t> next;
      next.reserve(result.size() * loop.size);
      for (int64_t start : result)
        for (int64_t i = 0; i < loop.size; ++i)
          next.push_back(start + i * loop.stride);
      result = std::move(next);
    }
    return result;
  }
  template <typename Loop> static SmallVector<int64_t> places(const SmallVector<Loop> &loops) {
    return places(ArrayRef<Loop>(loops));
  }
};

} // namespace
