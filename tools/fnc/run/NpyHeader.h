//===- NpyHeader.h - what .npy files and members of .npz share --*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_NPYHEADER_H
#define FNC_TOOLS_RUN_NPYHEADER_H

#include "Npy.h"

namespace fnc::tool {

struct NpyHeader {
  const DType *type = nullptr;
  Shape shape;
  bool isFortran = false, isBigEndian = false;
  uint64_t dataBytes = 0;
};

/// Reads the next bytes of a file; throws where it cannot.
using ReadBytes = std::function<void(void *to, size_t bytes)>;

/// Leaves the reader at the numbers, of which the file has as many bytes as the header says.
/// `bytes`: of the whole file.
NpyHeader readNpyHeader(std::string_view where, uint64_t bytes, const ReadBytes &read);

/// From the order of bytes and dimensions of the file to that of this machine.
void toNative(const NpyHeader &header, Array &array, std::string_view where);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_NPYHEADER_H
