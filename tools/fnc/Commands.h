//===- Commands.h - the commands of fnc -------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_COMMANDS_H
#define FNC_TOOLS_COMMANDS_H

#include <string>
#include <vector>

namespace fnc::tool {

/// Exit codes: 1 where the input is wrong, 2 where the command line is.
enum Exit { kDone = 0, kBadInput = 1, kBadUsage = 2 };

struct CompileCommand {
  std::string input, output, header, graph, emit = "obj";
  std::vector<std::string> functions;
  std::string target, cpu, features, abi;
  std::string level = "2";
};
int compile(const CompileCommand &command);

struct InspectCommand {
  std::string input;
  bool json = false;
};
int inspect(const InspectCommand &command);

} // namespace fnc::tool

#endif // FNC_TOOLS_COMMANDS_H
