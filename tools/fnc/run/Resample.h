//===- Resample.h - signals at other sizes ----------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_RESAMPLE_H
#define FNC_TOOLS_RUN_RESAMPLE_H

#include <cstddef>
#include <vector>

namespace fnc::tool {

/// The middle one of three dimensions at another size: weighted means of what lies near, over a
/// wider range where the size shrinks, so that nothing is skipped.
enum class Filter {
  Triangle, ///< of pictures; what Pillow calls bilinear
  Sinc      ///< of sounds; 16 zero crossings under a Hann window
};
std::vector<float> resample(const std::vector<float> &values, size_t outer, size_t size,
                            size_t inner, size_t newSize, Filter filter);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_RESAMPLE_H
