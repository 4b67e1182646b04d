//===- Files.h - output files, whole or not at all --------------*- C++ -*-===//

#ifndef FNC_TOOLS_FILES_H
#define FNC_TOOLS_FILES_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fnc::tool {

/// A file to write, given in pieces, so that large arrays need not be copied behind a header.
struct OutputFile {
  OutputFile(std::string path, std::string_view bytes) : path(std::move(path)), pieces{bytes} {}
  OutputFile(std::string path, std::vector<std::string_view> pieces)
      : path(std::move(path)), pieces(std::move(pieces)) {}

  std::string path; ///< "-" is standard output
  std::vector<std::string_view> pieces;
};

/// Writes all files or none: each into a temporary file beside its place, then renames. The error,
/// or nothing.
[[nodiscard]] std::optional<std::string> writeAll(const std::vector<OutputFile> &files);

/// Writes into an open file, at its end. 0, or the error.
int writePieces(int descriptor, const std::vector<std::string_view> &pieces);

} // namespace fnc::tool

#endif // FNC_TOOLS_FILES_H
