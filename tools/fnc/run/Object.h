//===- Object.h - objects, loaded and callable ------------------*- C++ -*-===//
//
// Objects that fnc made need little of a loader: they are position-independent, know no other
// library, and call nothing but moves of memory and the arithmetic that compilers supply. So they
// are loaded without the compiler's libraries.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_RUN_OBJECT_H
#define FNC_TOOLS_RUN_OBJECT_H

#include "MappedFile.h"
#include <cstdint>
#include <map>

namespace fnc::tool {

/// An ELF object in memory, ready to be called. Constants stay mapped from the file, so that a
/// large model takes the time of the pages that a call touches.
class Object {
public:
  /// Throws an InputError that names `where`. Keeps the file.
  Object(std::shared_ptr<MappedFile> file, std::string where);
  ~Object();
  Object(const Object &) = delete;
  Object &operator=(const Object &) = delete;

  /// The JSON that the object carries.
  std::string_view manifest() const { return manifestText; }
  /// Null where it has none.
  void *find(const std::string &symbol) const;

  /// Whether bytes begin like an ELF file.
  static bool isObject(std::string_view bytes);

private:
  friend class ObjectLoader;
  std::shared_ptr<MappedFile> file;
  std::string_view manifestText;
  std::map<std::string, void *, std::less<>> symbols;
  unsigned char *base = nullptr;
  size_t reserved = 0;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_OBJECT_H
