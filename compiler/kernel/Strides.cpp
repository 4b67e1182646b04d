//===- Strides.cpp - how far apart elements of a memref lie ---------------===//

#include "compiler/kernel/Strides.h"

using namespace mlir;

std::optional<fnc::Strides> fnc::stridesOf(MemRefType type) {
  Strides result;
  MemRefLayoutAttrInterface layout = type.getLayout();
  if (auto strided = dyn_cast<StridedLayoutAttr>(layout)) {
    result.along.assign(strided.getStrides().begin(), strided.getStrides().end());
    result.offset = strided.getOffset();
    return result;
  }
  // Nothing lies apart where there is nothing, and upstream has rules of its own for that.
  if (!layout.isIdentity() || llvm::is_contained(type.getShape(), 0)) {
    if (failed(type.getStridesAndOffset(result.along, result.offset)))
      return std::nullopt;
    return result;
  }
  result.along.resize(type.getRank());
  int64_t step = 1;
  for (unsigned dim = type.getRank(); dim-- > 0;) {
    result.along[dim] = step;
    bool isOpen = ShapedType::isDynamic(step) || type.isDynamicDim(dim);
    step = isOpen ? ShapedType::kDynamic : step * type.getDimSize(dim);
  }
  return result;
}
