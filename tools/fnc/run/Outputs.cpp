//===- Outputs.cpp - what calls returned ----------------------------------===//

#include "Outputs.h"
#include "Error.h"
#include <cstring>

using namespace fnc::tool;

namespace {

/// Arrays one after the other along an axis.
Array concatenated(const std::vector<Array> &parts, size_t axis, const std::string &what) {
  Shape shape = parts.front().shape;
  shape[axis] = 0;
  size_t outer = 1, inner = parts.front().type->bytes;
  for (size_t i = 0; i < shape.size(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : static_cast<size_t>(shape[i]);
  for (const Array &part : parts) {
    Shape rest = part.shape;
    shape[axis] += rest[axis];
    rest[axis] = shape[axis];
    if (rest != shape)
      fail("fnc", "{} is {} in one call and {} in another: its calls cannot become one array", what,
           describe(*part.type, parts.front().shape), describe(*part.type, part.shape));
  }
  Array result = allocateArray(*parts.front().type, shape, what);
  unsigned char *to = result.data.get();
  for (size_t i = 0; i < outer; ++i)
    for (const Array &part : parts) {
      size_t bytes = inner * static_cast<size_t>(part.shape[axis]);
      std::memcpy(to, part.data.get() + i * bytes, bytes);
      to += bytes;
    }
  return result;
}

} // namespace

std::vector<Array> fnc::tool::gather(const FunctionType &function, const Inputs &inputs,
                                     size_t axis, const std::vector<std::vector<Array>> &calls) {
  if (!inputs.isLoop())
    return calls.back();
  std::vector<Array> result;
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    const TensorType &output = function.outputs[i];
    std::vector<Array> parts;
    for (const std::vector<Array> &outputs : calls)
      parts.push_back(outputs[i]);
    bool isChunk = axis < output.sizes.size() && output.sizes[axis].kind == Size::Symbol &&
                   output.sizes[axis].value == inputs.chunkSymbol();
    size_t at = std::min(axis, output.shape.size());
    if (!isChunk)
      for (Array &part : parts)
        part.shape.insert(part.shape.begin() + static_cast<ptrdiff_t>(at), 1);
    result.push_back(concatenated(parts, at, "output '" + output.name + "'"));
  }
  return result;
}

std::string fnc::tool::fileNameOf(std::string_view output) {
  std::string name;
  for (char c : output)
    if (c == '/' || c == '%' || c == '\\' || static_cast<unsigned char>(c) < 32 ||
        (c == '.' && name.empty()))
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      name += c;
  return name;
}
