//===- ByteProducts.h - instructions that multiply bytes --------*- C++ -*-===//

#ifndef FNC_KERNEL_BYTEPRODUCTS_H
#define FNC_KERNEL_BYTEPRODUCTS_H

#include "llvm/Support/CommandLine.h"
#include <cstdint>

namespace fnc {

/// What a target multiplies and adds bytes with, four neighbours into each i32 but for the first.
enum class ByteProducts {
  None,
  Pmaddwd, ///< x86: pairs of i16
  Vnni,    ///< x86 vpdpbusd: unsigned times signed bytes
  Dotprod, ///< AArch64 sdot: signed bytes
  I8mm,    ///< AArch64 sdot and usdot: any times signed bytes
};

/// How bytes of these signs are multiplied: `group` at once, the left ones with their top bits
/// turned over where the instruction has the other sign.
struct ByteGroup {
  int64_t group = 1;
  bool flip = false;
};

inline ByteGroup chooseByteGroup(ByteProducts target, bool lhsUnsigned, bool rhsUnsigned) {
  bool isX86 = target == ByteProducts::Pmaddwd || target == ByteProducts::Vnni;
  if (target == ByteProducts::Pmaddwd || (isX86 && rhsUnsigned))
    return {2, false};
  if (target == ByteProducts::None || rhsUnsigned)
    return {};
  return {4, target == ByteProducts::Vnni      ? !lhsUnsigned
             : target == ByteProducts::Dotprod ? lhsUnsigned
                                               : false};
}

/// The values of a pass option.
inline auto byteProductsValues() {
  return llvm::cl::values(clEnumValN(ByteProducts::None, "none", "no such instruction"),
                          clEnumValN(ByteProducts::Pmaddwd, "pmaddwd", "x86, pairs"),
                          clEnumValN(ByteProducts::Vnni, "vnni", "x86 vpdpbusd"),
                          clEnumValN(ByteProducts::Dotprod, "dotprod", "AArch64 sdot"),
                          clEnumValN(ByteProducts::I8mm, "i8mm", "AArch64 sdot and usdot"));
}

} // namespace fnc

#endif // FNC_KERNEL_BYTEPRODUCTS_H
