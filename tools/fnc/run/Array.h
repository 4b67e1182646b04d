//===- Array.h - numbers in memory ------------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_ARRAY_H
#define FNC_TOOLS_RUN_ARRAY_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fnc::tool {

/// An element type, under the names that it goes by.
struct DType {
  enum Kind { Bool, Signed, Unsigned, Float, Half, BFloat } kind;
  unsigned bytes;
  std::string_view name;        ///< f32
  std::string_view npy;         ///< <f4
  std::string_view safetensors; ///< F32
};

/// Null where none has the name.
const DType *dtypeNamed(std::string_view name);
const DType *dtypeOfNpy(std::string_view name);
const DType *dtypeOfSafetensors(std::string_view name);
/// The one of enum fn_dtype.
const DType *dtypeOfCode(int code);

using Shape = std::vector<int64_t>;

/// The product of sizes; nothing where it does not fit.
std::optional<int64_t> elementCount(const Shape &shape);

/// "f32[?, 64]"; sizes below 0 are '?'.
std::string describe(const DType &type, const Shape &shape);

/// Memory aligned for every vector instruction. Throws an InputError that names `what`.
std::shared_ptr<unsigned char> allocate(size_t bytes, std::string_view what);

/// A dense array, row-major.
struct Array {
  const DType *type = nullptr;
  Shape shape;
  std::shared_ptr<unsigned char> data;

  int64_t count() const;
  size_t bytes() const { return static_cast<size_t>(count()) * type->bytes; }
  std::string_view view() const { return {reinterpret_cast<const char *>(data.get()), bytes()}; }
};

/// An array of its own memory. Throws where its bytes do not fit into any.
Array allocateArray(const DType &type, Shape shape, std::string_view what);

/// Element `index` as a number.
double numberAt(const DType &type, const unsigned char *data, size_t index);
/// The same of integers, whose last digits a double would lose.
int64_t integerAt(const DType &type, const unsigned char *data, size_t index);

/// Stores the nearest value of the type.
void storeNumber(const DType &type, unsigned char *data, size_t index, double value);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_ARRAY_H
