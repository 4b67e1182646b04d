//===- Error.h - what a user gave and cannot be used ------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_ERROR_H
#define FNC_TOOLS_RUN_ERROR_H

#include <fmt/format.h>
#include <stdexcept>
#include <string>

namespace fnc::tool {

/// Ends a command with exit code 1; the text is the whole message.
class InputError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Ends a command with exit code 2.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A part of fnc could not be loaded, which has been said.
class LoadFailed {};

/// "where: error: ...".
template <class... Args>
[[noreturn]] void fail(std::string_view where, fmt::format_string<Args...> format, Args &&...args) {
  throw InputError(
      fmt::format("{}: error: {}", where, fmt::format(format, std::forward<Args>(args)...)));
}

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_ERROR_H
