//===- Sources.h - arrays that the command line names -----------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_SOURCES_H
#define FNC_TOOLS_RUN_SOURCES_H

#include "Npy.h"
#include "Signature.h"
#include <map>

namespace fnc::tool {

/// Where an array comes from: a file, a member of an archive, or the command line itself.
class ArraySource {
public:
  /// How messages name it.
  std::string where;
  std::string name; ///< what it is given for
  std::shared_ptr<Npz> archive;
  std::string member, path, literal;
  std::string steps; ///< of a picture or sound

  /// The array, for `wanted`, which literals, pictures and sounds are converted to.
  Array read(const TensorType &wanted, const CheckHeader &check) const;
  /// Its shape, where that does not depend on what it is for.
  std::optional<Shape> shape() const;
};

/// The sources of `--input` options by name: of inputs, and of "x.indices", "x.values", "x.shape"
/// of a sparse input x. Throws where a name is none of the function's or given twice.
std::map<std::string, ArraySource> findSources(const std::vector<std::string> &options,
                                               const FunctionType &function);

/// Adds "NAME=SIZES" for the arrays of `--input` options to `shapes`, but for names that are there.
void addShapes(const std::vector<std::string> &options, std::vector<std::string> &shapes);

/// The parts of a sparse input.
inline constexpr const char *kSparseParts[] = {".indices", ".values", ".shape"};

/// Numbers in the form of JSON, as an array of `type`. Messages begin with `where`.
Array parseLiteral(std::string_view text, const DType &type, std::string_view where);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_SOURCES_H
