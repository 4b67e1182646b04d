//===- MappedFile.h - the bytes of a file -----------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_MAPPEDFILE_H
#define FNC_TOOLS_RUN_MAPPEDFILE_H

#include <memory>
#include <string>
#include <string_view>

namespace fnc::tool {

/// The bytes of a file, followed by a NUL. They are mapped where that is possible, so that what
/// nobody reads costs nothing; whoever writes into them changes a copy.
class MappedFile {
public:
  /// "-" is standard input. Throws an InputError that names the file.
  static std::shared_ptr<MappedFile> open(const std::string &path);
  /// Of an open file, which is closed when nobody needs it; errors name `path`.
  static std::shared_ptr<MappedFile> of(int descriptor, const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::string_view bytes() const { return {data, size}; }
  char *begin() { return data; }
  /// The descriptor that is mapped, or -1.
  int descriptor() const { return file; }

private:
  MappedFile() = default;
  void readAll(const std::string &path, int from);

  char *data = nullptr;
  size_t size = 0;
  int file = -1;
  std::string read; ///< where it cannot be mapped
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_MAPPEDFILE_H
