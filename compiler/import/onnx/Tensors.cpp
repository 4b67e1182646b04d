//===- Tensors.cpp - ONNX types and tensors -------------------------------===//

#include "compiler/import/onnx/Tensors.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

std::string fnc::onnx_import::elementTypeName(int32_t dataType) {
  // Names that the schema at hand may lack.
  static constexpr StringRef names[] = {
      "UNDEFINED",      "FLOAT",    "UINT8",        "INT8",           "UINT16",
      "INT16",          "INT32",    "INT64",        "STRING",         "BOOL",
      "FLOAT16",        "DOUBLE",   "UINT32",       "UINT64",         "COMPLEX64",
      "COMPLEX128",     "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
      "FLOAT8E5M2FNUZ", "UINT4",    "INT4",         "FLOAT4E2M1",     "FLOAT8E8M0",
      "UINT2",          "INT2"};
  if (dataType >= 0 && dataType < static_cast<int32_t>(std::size(names)))
    return names[dataType].str();
  return std::to_string(dataType);
}

Type fnc::onnx_import::elementType(MLIRContext *context, int32_t dataType) {
  Builder b(context);
  using onnx::TensorProto;
  switch (dataType) {
  case TensorProto::FLOAT:
    return b.getF32Type();
  case TensorProto::DOUBLE:
    return b.getF64Type();
  case TensorProto::FLOAT16:
    return b.getF16Type();
  case TensorProto::BFLOAT16:
    return b.getBF16Type();
  case TensorProto::BOOL:
    return b.getI1Type();
  case TensorProto::INT8:
    return b.getI8Type();
  case TensorProto::INT16:
    return b.getI16Type();
  case TensorProto::INT32:
    return b.getI32Type();
  case TensorProto::INT64:
    return b.getI64Type();
  case TensorProto::UINT8:
    return b.getIntegerType(8, /*isSigned=*/false);
  case TensorProto::UINT16:
    return b.getIntegerType(16, false);
  case TensorProto::UINT32:
    return b.getIntegerType(32, false);
  case TensorProto::UINT64:
    return b.getIntegerType(64, false);
  default:
    return {};
  }
}

FailureOr<Type> fnc::onnx_import::checkedElementType(Location loc, int32_t dataType) {
  if (Type type = elementType(loc->getContext(), dataType))
    return type;
  return emitError(loc) << "element type " << elementTypeName(dataType) << " is not supported";
}

int32_t fnc::onnx_import::dataTypeOf(Type type) {
  for (int32_t dataType = 1; dataType <= onnx::TensorProto::BFLOAT16; ++dataType)
    if (elementType(type.getContext(), dataType) == type)
      return dataType;
  return onnx::TensorProto::UNDEFINED;
}

/// The bytes of external data: a file beside the model, never outside of its folder.
static FailureOr<std::string> externalBytes(Location loc, const Twine &what,
                                            const onnx::TensorProto &tensor, StringRef folder,
                                            uint64_t expected) {
  std::string location;
  uint64_t offset = 0, length = expected;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    if (entry.key() == "location")
      location = value.str();
    else if ((entry.key() == "offset" && value.getAsInteger(10, offset)) ||
             (entry.key() == "length" && value.getAsInteger(10, length)))
      return emitError(loc) << what << " has external data with " << entry.key() << " '" << value
                            << "', expected a number";
  }
  bool leaves = llvm::sys::path::is_absolute(location);
  for (auto it = llvm::sys::path::begin(location), end = llvm::sys::path::end(location); it != end;
       ++it)
    leaves |= *it == "..";
  if (location.empty() || leaves)
    return emitError(loc) << what << " has external data at '" << location
                          << "', expected a file in the model's folder";
  if (length != expected)
    return emitError(loc) << what << " has " << length
                          << " bytes of external data, its shape needs " << expected;
  SmallString<128> path(folder);
  llvm::sys::path::append(path, location);
  // A link may lead out of the folder, too.
  SmallString<128> real, home;
  if (!llvm::sys::fs::real_path(path, real) && !llvm::sys::fs::real_path(folder, home)) {
    auto rest = StringRef(real);
    if (!rest.consume_front(home) || !(home.ends_with("/") || rest.starts_with("/")))
      return emitError(loc) << what << " has external data at '" << location
                            << "', expected a file in the model's folder";
  }
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return emitError(loc) << what << " has external data in '" << path
                          << "': " << file.getError().message();
  uint64_t size = (*file)->getBufferSize();
  if (offset > size || size - offset < expected)
    return emitError(loc) << what << " needs " << expected << " bytes at " << offset << " of '"
                          << path << "', which has " << size;
  return std::string((*file)->getBufferStart() + offset, expected);
}

/// The typed field in which a tensor without raw data holds its elements, as bytes.
static FailureOr<std::string> typedBytes(Location loc, const Twine &what,
                                         const onnx::TensorProto &tensor, unsigned width,
                                         uint64_t count) {
  std::string bytes;
  auto fill = [&]<typename Field>(const Field &field, auto convert) -> LogicalResult {
    if (static_cast<uint64_t>(field.size()) != count)
      return emitError(loc) << what << " has " << field.size() << " elements, its shape needs "
                            << count;
    bytes.reserve(count * width);
    for (auto element : field) {
      auto value = convert(element);
      bytes.append(reinterpret_cast<const char *>(&value), width);
    }
    return success();
  };
  auto same = [](auto x) { return x; };
  LogicalResult filled = success();
  switch (tensor.data_type()) {
  case onnx::TensorProto::FLOAT:
    filled = fill(tensor.float_data(), same);
    break;
  case onnx::TensorProto::DOUBLE:
    filled = fill(tensor.double_data(), same);
    break;
  case onnx::TensorProto::INT64:
    filled = fill(tensor.int64_data(), same);
    break;
  case onnx::TensorProto::UINT32:
  case onnx::TensorProto::UINT64:
    filled = fill(tensor.uint64_data(), same);
    break;
  default:
    filled = fill(tensor.int32_data(), same);
    break; // the low bytes of each
  }
  if (failed(filled))
    return failure();
  return bytes;
}

FailureOr<DenseElementsAttr> fnc::onnx_import::tensorValue(Location loc, const Twine &what,
                                                           const onnx::TensorProto &tensor,
                                                           StringRef folder) {
  Type small = smallType(loc->getContext(), tensor.data_type());
  Type element = small ? storageType(small) : elementType(loc->getContext(), tensor.data_type());
  if (!element)
    return emitError(loc) << what << " has element type " << elementTypeName(tensor.data_type())
                          << ", which is not supported";
  int64_t count = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return emitError(loc) << what << " has a dimension of size " << dim;
    if (dim != 0 && count > kMaxElements / dim)
      return emitError(loc) << what << " has more than " << kMaxElements << " elements";
    count *= dim;
  }
  auto type = RankedTensorType::get(
      SmallVector<int64_t>(tensor.dims().begin(), tensor.dims().end()), element);
  unsigned width = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  uint64_t expected = static_cast<uint64_t>(count) * width;
  uint64_t fields = count;
  if (small)
    fields = expected = llvm::divideCeil(count * small.getIntOrFloatBitWidth(), 8);

  FailureOr<std::string> owned = std::string();
  StringRef bytes;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    owned = externalBytes(loc, what, tensor, folder, expected);
  } else if (tensor.has_raw_data()) {
    bytes = tensor.raw_data();
    if (bytes.size() != expected)
      return emitError(loc) << what << " has " << bytes.size() << " bytes, its shape needs "
                            << expected;
  } else {
    owned = typedBytes(loc, what, tensor, width, fields);
  }
  if (failed(owned))
    return failure();
  if (!owned->empty())
    bytes = *owned;
  std::string apart;
  if (small)
    bytes = apart = unpacked(small, bytes, count);
  if (count == 0)
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  if (element.isInteger(1)) {
    SmallVector<bool> bools;
    for (char byte : bytes)
      bools.push_back(byte != 0);
    return DenseElementsAttr::get(type, bools);
  }
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(bytes.data(), bytes.size()));
}

FailureOr<DenseElementsAttr> fnc::onnx_import::sparseValue(Location loc, const Twine &what,
                                                           const onnx::SparseTensorProto &tensor,
                                                           StringRef folder) {
  FailureOr<DenseElementsAttr> values = tensorValue(loc, what, tensor.values(), folder);
  FailureOr<DenseElementsAttr> indices = tensorValue(loc, what, tensor.indices(), folder);
  if (failed(values) || failed(indices))
    return failure();
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  int64_t count = 1, present = values->getNumElements(), rank = shape.size();
  for (int64_t dim : shape) {
    if (dim < 0 || (dim != 0 && count > (int64_t(1) << 28) / dim))
      return emitError(loc) << what << " has a dimension of size " << dim;
    count *= dim;
  }
  bool perDim = cast<ShapedType>(indices->getType()).getRank() == 2;
  if (!indices->getElementType().isInteger(64) ||
      indices->getNumElements() != present * (perDim ? rank : 1))
    return emitError(loc) << what << " has " << indices->getNumElements() << " indices for "
                          << present << " values";
  Type element = values->getElementType();
  Builder b(loc->getContext());
  SmallVector<Attribute> dense(count, b.getZeroAttr(element));
  SmallVector<int64_t> places(indices->getValues<int64_t>());
  SmallVector<Attribute> elements(values->getValues<Attribute>());
  for (int64_t n = 0; n < present; ++n) {
    int64_t at = perDim ? 0 : places[n];
    for (int64_t d = 0; perDim && d < rank; ++d) {
      int64_t index = places[n * rank + d];
      if (index < 0 || index >= shape[d])
        return emitError(loc) << what << " has index " << index << " in a dimension of size "
                              << shape[d];
      at = at * shape[d] + index;
    }
    if (at < 0 || at >= count)
      return emitError(loc) << what << " has index " << at << " in " << count << " elements";
    dense[at] = elements[n];
  }
  return DenseElementsAttr::get(RankedTensorType::get(shape, element), dense);
}
