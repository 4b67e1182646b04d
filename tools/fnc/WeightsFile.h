//===- WeightsFile.h - the header of a .safetensors file --------*- C++ -*-===//
//
// The format: https://huggingface.co/docs/safetensors
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_WEIGHTSFILE_H
#define FNC_TOOLS_WEIGHTSFILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace fnc::tool {

/// A tensor in a file.
struct StoredTensor {
  std::string name, type; ///< type as F32
  std::vector<int64_t> shape;
  uint64_t bytes;
};

/// What goes before the tensors' bytes, which follow in this order.
std::string safeTensorsHeader(const std::vector<StoredTensor> &tensors);

} // namespace fnc::tool

#endif // FNC_TOOLS_WEIGHTSFILE_H
