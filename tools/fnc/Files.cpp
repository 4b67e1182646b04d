//===- Files.cpp - output files, whole or not at all ----------------------===//

#include "Files.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static Error problem(const std::string &path, std::error_code code) {
  return createStringError(code, "cannot write '" + path + "': " + code.message());
}

Error fnc::tool::writeAll(const std::vector<std::pair<std::string, StringRef>> &files) {
  // Before anything is renamed, so that a file whose companion cannot be written stays as it was.
  for (const auto &[path, bytes] : files)
    if (path != "-" && sys::fs::is_directory(path))
      return problem(path, std::make_error_code(std::errc::is_a_directory));
  std::vector<std::pair<SmallString<128>, std::string>> pending;
  auto discard = [&] {
    for (auto &[temporary, unused] : pending)
      sys::fs::remove(temporary);
  };
  for (const auto &[path, bytes] : files) {
    if (path == "-") {
      outs() << bytes;
      outs().flush();
      if (outs().has_error()) {
        std::error_code code = outs().error();
        outs().clear_error();
        discard();
        return problem("standard output", code);
      }
      continue;
    }
    int descriptor;
    SmallString<128> temporary;
    if (std::error_code code =
            sys::fs::createUniqueFile(path + ".%%%%%%.tmp", descriptor, temporary)) {
      discard();
      return problem(path, code);
    }
    pending.push_back({temporary, path});
    raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << bytes;
    stream.close();
    if (stream.has_error()) {
      std::error_code code = stream.error();
      stream.clear_error();
      discard();
      return problem(path, code);
    }
  }
  for (auto &[temporary, path] : pending)
    if (std::error_code code = sys::fs::rename(temporary, path)) {
      discard();
      return problem(path, code);
    }
  return Error::success();
}
