//===- Nearest.h - the name that was probably meant -------------*- C++ -*-===//

#ifndef FNC_GRAPH_NEAREST_H
#define FNC_GRAPH_NEAREST_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace fnc {

/// "; did you mean 'NAME'?" with the name nearest to `given`, or nothing where none is near: a
/// third of the letters may differ.
template <typename Names> std::string didYouMean(llvm::StringRef given, const Names &names) {
  unsigned best = given.size() / 3 + 1;
  std::string nearest;
  for (llvm::StringRef name : names) {
    unsigned distance = given.edit_distance(name, /*AllowReplacements=*/true, best);
    if (distance < best || (distance == best && nearest.empty() && distance < name.size())) {
      best = distance;
      nearest = name.str();
    }
  }
  return nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?";
}

} // namespace fnc

#endif // FNC_GRAPH_NEAREST_H
