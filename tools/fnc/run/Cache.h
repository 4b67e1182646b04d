//===- Cache.h - compiled models by content ---------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_CACHE_H
#define FNC_TOOLS_RUN_CACHE_H

#include "tools/fnc/Compiler.h"
#include <optional>
#include <string_view>

namespace fnc::tool {

/// Objects in $XDG_CACHE_HOME/fnc or ~/.cache/fnc, under a hash of all that they are made of. A
/// folder that cannot be used is no error: then nothing is kept.
class Cache {
public:
  /// `limit`: bytes of all objects.
  explicit Cache(uint64_t limit);

  /// The file of what a command makes of a file's bytes on this machine, by this compiler; or
  /// nothing. Counts as a use.
  std::optional<std::string> find(const CompileCommand &command, std::string_view bytes);

  /// Keeps what was made of the bytes that were looked for, and drops what was not used for the
  /// longest time.
  void add(const CompiledObject &object) const;

private:
  std::string pathOf(const std::string &key) const { return folder + "/" + key; }
  void makeRoom() const;

  std::string folder; ///< empty: no cache
  uint64_t limit;
  std::string key, modelFolder; ///< of the last command
};

/// "512M" in bytes; nothing where it is no size.
std::optional<uint64_t> parseBytes(const std::string &text);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_CACHE_H
