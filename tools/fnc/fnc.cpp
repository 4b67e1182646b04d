//===- fnc.cpp - the command line -----------------------------------------===//

#include "Commands.h"
#include <CLI/CLI.hpp>

using namespace fnc::tool;

int main(int argc, char **argv) {
  CLI::App app("Compiles tensor functions with state ahead of time: a graph goes in, an object and "
               "a C++ header come out.");
  app.name("fnc");
  app.footer("Examples:\n"
             "  fnc compile digits.mlir -o digits.o     object, and digits.h beside it\n"
             "  fnc compile net.mlir --target thumbv7em-none-eabihf --cpu cortex-m4 -Os -o net.o\n"
             "  fnc compile net.mlir --emit=tensor -o - the IR after a stage, to standard output\n"
             "  fnc inspect net.mlir                    signatures, state and workspace");
  app.set_version_flag("--version", "fnc " FNC_VERSION);
  app.require_subcommand(1);

  CompileCommand compileCommand;
  CLI::App *compileApp = app.add_subcommand("compile", "compile a graph to an object and a header");
  compileApp->add_option("graph_file", compileCommand.input, "the graph; - is standard input")
      ->required()
      ->type_name("GRAPH");
  compileApp->add_option("-o,--output", compileCommand.output, "the object; - is standard output")
      ->required()
      ->type_name("FILE");
  compileApp->add_option("--header", compileCommand.header,
                         "the header (default: the object's name with .h)")
      ->type_name("FILE");
  compileApp->add_option("--graph", compileCommand.graph, "which graph of the file");
  compileApp->add_option("--function", compileCommand.functions,
                         "compile this function only (may be repeated)");
  compileApp->add_option("--emit", compileCommand.emit, "what to write")
      ->check(CLI::IsMember({"obj", "asm", "graph", "tensor", "buffer", "loops", "llvm-dialect",
                             "llvm"}))
      ->capture_default_str();
  compileApp->add_option("--target", compileCommand.target, "target triple (default: this machine)");
  compileApp->add_option("--cpu", compileCommand.cpu,
                         "CPU to generate for; 'native' is this machine's");
  compileApp->add_option("--features", compileCommand.features, "CPU features, as +avx2,-fma");
  compileApp->add_option("--abi", compileCommand.abi, "ABI name, as ilp32f");
  compileApp->add_option("-O", compileCommand.level, "optimization level: 0 to 3, or s for size")
      ->check(CLI::IsMember({"0", "1", "2", "3", "s"}))
      ->capture_default_str();

  InspectCommand inspectCommand;
  CLI::App *inspectApp = app.add_subcommand("inspect", "show signatures, state and workspace");
  inspectApp->add_option("graph_file", inspectCommand.input, "the graph; - is standard input")
      ->required()
      ->type_name("GRAPH");
  inspectApp->add_flag("--json", inspectCommand.json, "as JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    int code = app.exit(error);
    return code == 0 ? kDone : kBadUsage;
  }
  return compileApp->parsed() ? compile(compileCommand) : inspect(inspectCommand);
}
