//===- CommandLine.h - help, suggestions and completion ---------*- C++ -*-===//
//
// All of them come from the CLI11 description of the commands, so that none can go stale.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_COMMANDLINE_H
#define FNC_TOOLS_COMMANDLINE_H

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace fnc::tool {

/// Help pages in columns: what an option takes, what it does, and its default. Before commands are
/// added, which inherit it.
void setHelpFormat(CLI::App &app);

/// Refuses other words, and says which is near.
CLI::Validator oneOf(const std::vector<std::string> &words);

/// Prints help, or what is wrong with the command line and which name is near; the exit code.
int report(const CLI::App &app, const CLI::ParseError &error);

/// The script that completes commands, options and their values in "bash", "zsh" or "fish".
std::string completionScript(const CLI::App &app, const std::string &shell);

} // namespace fnc::tool

#endif // FNC_TOOLS_COMMANDLINE_H
