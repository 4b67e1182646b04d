//===- Nearest.h - the name that was probably meant -------------*- C++ -*-===//
//
// Standard C++ alone: the command line uses it before any library of the compiler is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_GRAPH_NEAREST_H
#define FNC_GRAPH_NEAREST_H

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fnc {

/// Letters to replace, insert or delete until the words are the same.
inline unsigned editDistance(std::string_view from, std::string_view to) {
  std::vector<unsigned> row(to.size() + 1);
  for (unsigned j = 0; j <= to.size(); ++j)
    row[j] = j;
  for (size_t i = 0; i < from.size(); ++i) {
    unsigned diagonal = row[0];
    row[0] = static_cast<unsigned>(i + 1);
    for (size_t j = 0; j < to.size(); ++j) {
      unsigned replaced = diagonal + (from[i] != to[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[to.size()];
}

/// "; did you mean 'NAME'?" with the name nearest to `given`, or nothing where none is near: a
/// third of the letters may differ.
template <typename Names> std::string didYouMean(std::string_view given, const Names &names) {
  size_t best = given.size() / 3 + 1;
  std::string nearest;
  for (std::string_view name : names) {
    // The difference of lengths bounds the distance, and keeps this linear where names are long.
    if (std::max(name.size(), given.size()) - std::min(name.size(), given.size()) > best)
      continue;
    size_t distance = editDistance(given, name);
    if (distance < best || (distance == best && nearest.empty() && distance < name.size())) {
      best = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?";
}

} // namespace fnc

#endif // FNC_GRAPH_NEAREST_H
