//===- Commands.h - the commands of fnc -------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_COMMANDS_H
#define FNC_TOOLS_COMMANDS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fnc::tool {

/// Exit codes: 1 where the input is wrong, 2 where the command line is.
enum Exit { kDone = 0, kBadInput = 1, kBadUsage = 2 };

/// How to read a model of another format.
struct ImportCommand {
  /// A function of the model, and what it feeds and fetches.
  struct Function {
    std::string name;
    std::vector<std::string> feeds, fetches;
  };
  std::string input, output, graph;
  std::vector<Function> functions;
  std::vector<std::string> shapes, dims, binds, states; ///< NAME=VALUE
  std::vector<std::string> bounds;                      ///< NAME=COUNT
  std::string weights;                                  ///< a file for values of initializers
  bool noSimplify = false;
  bool isModel = false; ///< whatever the file looks like
};

struct CompileCommand {
  ImportCommand import;
  std::string input, output, header, graph, emit = "obj";
  std::vector<std::string> functions;
  std::string target, cpu, features, abi;
  std::string level = "2";
  bool noWinograd = false, fastMath = false;
  bool debugLines = false;
  bool profile = false; ///< for `fnc bench`
};

struct RunCommand {
  CompileCommand compile; ///< how, where the input is no object yet
  std::string function;
  std::vector<std::string> inputs; ///< NAME=VALUE or an archive
  std::string outputFolder, outputFile, labels, loadState, loadWeights, saveState;
  int64_t repeat = 1;
  int64_t batchAxis = -1; ///< none
  int64_t batchSize = 0;  ///< as the function says
  bool cast = false, progress = false, quiet = false;
  bool makeInputs = false; ///< where none are given, of the sizes of `compile.import.shapes`
  bool noCache = false;
  std::string cacheLimit = "2G";
};
int run(const RunCommand &command);

struct BenchCommand {
  RunCommand run;
  double seconds = 1;
  std::vector<std::string> others; ///< objects to compare with
  bool json = false;
};
int bench(const BenchCommand &command);

struct InspectCommand {
  CompileCommand compile; ///< how, where the input is no object yet
  bool json = false;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_COMMANDS_H
