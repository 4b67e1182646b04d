//===- Roof.h - what this machine can do at most ----------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_ROOF_H
#define FNC_TOOLS_RUN_ROOF_H

#include <cstddef>
#include <vector>

namespace fnc::tool {

/// The limits of one core: S. Williams et al., Roofline, 2009.
struct Roof {
  struct Bandwidth {
    size_t bytes; ///< of what is read again and again
    double rate;  ///< bytes a second
  };

  double operations = 0; ///< f32 multiplications and additions a second
  std::vector<Bandwidth> bandwidths;

  /// Measures for some 0.3 seconds.
  static Roof measure();

  /// Bytes a second, of data of that size.
  double bandwidthAt(double bytes) const;
  /// The least time for so much work on numbers of `bits`, in seconds.
  double seconds(double operationCount, double bytes, unsigned bits) const;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_ROOF_H
