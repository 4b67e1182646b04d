//===- Commands.h - the commands of fnc -------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_COMMANDS_H
#define FNC_TOOLS_COMMANDS_H

#include <string>
#include <vector>

namespace fnc::tool {

/// Exit codes: 1 where the input is wrong, 2 where the command line is.
enum Exit { kDone = 0, kBadInput = 1, kBadUsage = 2 };

/// How to read a model of another format.
struct ImportCommand {
  std::string input, output, graph, function;
  std::vector<std::string> shapes, dims, binds; ///< NAME=VALUE
  bool isModel = false;                         ///< whatever the file looks like
};
int import(const ImportCommand &command);

struct CompileCommand {
  ImportCommand import;
  std::string input, output, header, graph, emit = "obj";
  std::vector<std::string> functions;
  std::string target, cpu, features, abi;
  std::string level = "2";
  bool debugLines = false;
};
int compile(const CompileCommand &command);
/// The object in memory, with no file written.
int compileObject(const CompileCommand &command, std::string &object);

struct InspectCommand {
  CompileCommand compile; ///< how, where the input is no object yet
  bool json = false;
};
int inspect(const InspectCommand &command);

} // namespace fnc::tool

#endif // FNC_TOOLS_COMMANDS_H
