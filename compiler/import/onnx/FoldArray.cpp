//===- FoldArray.cpp - known tensors on the host --------------------------===//

#include "compiler/import/onnx/FoldArray.h"

using namespace mlir;
using namespace fnc::onnx_import;

Array::Array(RankedTensorType type) : type(type), isFloat(isa<FloatType>(type.getElementType())) {
  if (isFloat)
    f.resize(type.getNumElements());
  else
    i.resize(type.getNumElements());
}

bool Array::isUnsigned() const {
  auto integer = dyn_cast<IntegerType>(type.getElementType());
  return integer && (integer.isUnsigned() || integer.getWidth() == 1);
}

Array::Array(DenseElementsAttr value) : Array(cast<RankedTensorType>(value.getType())) {
  if (isFloat) {
    size_t at = 0;
    for (APFloat number : value.getValues<APFloat>()) {
      bool lost;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      f[at++] = number.convertToDouble();
    }
    return;
  }
  size_t at = 0;
  for (const APInt &number : value.getValues<APInt>())
    i[at++] = isUnsigned() ? static_cast<int64_t>(number.getZExtValue()) : number.getSExtValue();
}

DenseElementsAttr Array::attribute() const {
  Type element = type.getElementType();
  if (isFloat) {
    const llvm::fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
    SmallVector<APFloat> numbers;
    for (double value : f) {
      APFloat number(value);
      bool lost;
      number.convert(semantics, APFloat::rmNearestTiesToEven, &lost);
      numbers.push_back(number);
    }
    return DenseElementsAttr::get(type, numbers);
  }
  if (element.isInteger(1)) {
    SmallVector<bool> bools(i.begin(), i.end());
    return DenseElementsAttr::get(type, bools);
  }
  SmallVector<APInt> numbers;
  for (int64_t value : i)
    numbers.push_back(APInt(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
                            /*implicitTrunc=*/true));
  return DenseElementsAttr::get(type, numbers);
}
