//===- Npy.h - NumPy's files: .npy and .npz ---------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_NPY_H
#define FNC_TOOLS_RUN_NPY_H

#include "Array.h"
#include "MappedFile.h"
#include <functional>

namespace fnc::tool {

/// Called with what a header says, before there is memory for it: throws where it is not wanted.
using CheckHeader = std::function<void(const DType &, const Shape &)>;

/// An array of a .npy file. Throws an InputError that names the file by `where`.
Array readNpy(const std::shared_ptr<MappedFile> &file, const std::string &where,
              const CheckHeader &check);

/// A .npz archive.
class Npz {
public:
  explicit Npz(const std::string &path);
  ~Npz();
  Npz(const Npz &) = delete;
  Npz &operator=(const Npz &) = delete;

  /// Without ".npy", in the order of the archive.
  const std::vector<std::string> &names() const { return members; }
  bool has(std::string_view name) const;
  Array read(const std::string &name, const CheckHeader &check) const;

private:
  std::string path;
  void *archive;
  std::vector<std::string> members;
};

/// What goes before the numbers of an array in a .npy file.
std::string npyHeader(const Array &array);

/// A .npz archive of arrays by name.
std::string npzBytes(const std::vector<std::pair<std::string, Array>> &arrays);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_NPY_H
