//===- WinogradTransforms.h - matrices of fast 3x3 convolutions -*- C++ -*-===//
//
// F(2x2, 3x3) and F(4x4, 3x3) of Lavin and Gray, Fast Algorithms for Convolutional Neural Networks
// (2015), with interpolation points 0, 1, -1 and 0, 1, -1, 2, -2. Rows first.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_KERNEL_WINOGRADTRANSFORMS_H
#define FNC_KERNEL_WINOGRADTRANSFORMS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace fnc {

/// A matrix of `rows` rows.
struct Transform {
  int64_t rows, columns;
  const double *elements;
  llvm::ArrayRef<double> row(int64_t i) const {
    return llvm::ArrayRef<double>(elements + i * columns, columns);
  }
};

inline Transform winogradInput(int64_t step) {
  static constexpr double two[] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
  static constexpr double four[] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                                    0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
  return step == 2 ? Transform{4, 4, two} : Transform{6, 6, four};
}

inline Transform winogradFilter(int64_t step) {
  static constexpr double two[] = {1, 0, 0, .5, .5, .5, .5, -.5, .5, 0, 0, 1};
  static constexpr double four[] = {1. / 4,  0,        0,       -1. / 6, -1. / 6, -1. / 6,
                                    -1. / 6, 1. / 6,   -1. / 6, 1. / 24, 1. / 12, 1. / 6,
                                    1. / 24, -1. / 12, 1. / 6,  0,       0,       1};
  return step == 2 ? Transform{4, 3, two} : Transform{6, 3, four};
}

inline Transform winogradOutput(int64_t step) {
  static constexpr double two[] = {1, 1, 1, 0, 0, 1, -1, -1};
  static constexpr double four[] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0,
                                    0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};
  return step == 2 ? Transform{2, 4, two} : Transform{4, 6, four};
}

/// Elements from one plane of a scratch to the next: never a multiple of a page, where all planes
/// would lie in the same places of the caches.
inline int64_t winogradPlane(int64_t strip, int64_t channels) {
  int64_t elements = strip * channels;
  return elements % 1024 == 0 ? elements + 16 : elements;
}

} // namespace fnc

#endif // FNC_KERNEL_WINOGRADTRANSFORMS_H
