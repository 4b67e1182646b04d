//===- fnc.cpp - the command line -----------------------------------------===//

#include "Commands.h"
#include <CLI/CLI.hpp>

using namespace fnc::tool;

/// What a model of another format leaves open.
static void addImportOptions(CLI::App *app, ImportCommand &command) {
  app->add_option("--shape", command.shapes, "sizes of a model's input, as x=1,3,224,224")
      ->type_name("NAME=SIZES");
  app->add_option("--dim", command.dims, "size of a model's named dimension, as batch=8")
      ->type_name("NAME=SIZE");
  app->add_option("--graph-name", command.graph, "name of a model's graph (default: the file's)");
  app->add_option("--bind", command.binds,
                  "value of a model's input that is known when compiling, as axes=0,1; "
                  "@FILE reads a serialized TensorProto")
      ->type_name("NAME=VALUES");
}

/// What is compiled, and for what: whatever becomes of it.
static void addCompileOptions(CLI::App *app, CompileCommand &command) {
  app->add_option("graph_file", command.input, "the graph; - is standard input")
      ->required()
      ->type_name("GRAPH");
  app->add_option("--graph", command.graph, "which graph of the file");
  app->add_option("--function", command.functions, "compile this function only (may be repeated)");
  app->add_option("--target", command.target, "target triple (default: this machine)");
  app->add_option("--cpu", command.cpu, "CPU to generate for; 'native' is this machine's");
  app->add_option("--features", command.features, "CPU features, as +avx2,-fma");
  app->add_option("--abi", command.abi, "ABI name, as ilp32f");
  app->add_option("-O", command.level, "optimization level: 0 to 3, or s for size")
      ->check(CLI::IsMember({"0", "1", "2", "3", "s"}))
      ->capture_default_str();
  addImportOptions(app, command.import);
}

int main(int argc, char **argv) {
  CLI::App app("Compiles tensor functions with state ahead of time: a graph goes in, an object and "
               "a C++ header come out.");
  app.name("fnc");
  app.footer("Examples:\n"
             "  fnc compile digits.mlir -o digits.o     object, and digits.h beside it\n"
             "  fnc compile net.mlir --target thumbv7em-none-eabihf --cpu cortex-m4 -Os -o net.o\n"
             "  fnc compile net.mlir --emit=tensor -o - the IR after a stage, to standard output\n"
             "  fnc import net.onnx -o net.mlir         a model as a graph to read and edit\n"
             "  fnc inspect net.mlir                    signatures, state and workspace");
  app.set_version_flag("--version", "fnc " FNC_VERSION);
  app.require_subcommand(1);

  CompileCommand compileCommand;
  CLI::App *compileApp = app.add_subcommand("compile", "compile a graph to an object and a header");
  addCompileOptions(compileApp, compileCommand);
  compileApp->add_option("-o,--output", compileCommand.output, "the object; - is standard output")
      ->required()
      ->type_name("FILE");
  compileApp
      ->add_option("--header", compileCommand.header,
                   "the header (default: the object's name with .h)")
      ->type_name("FILE");
  compileApp->add_option("--emit", compileCommand.emit, "what to write")
      ->check(CLI::IsMember(
          {"obj", "asm", "graph", "tensor", "buffer", "loops", "llvm-dialect", "llvm"}))
      ->capture_default_str();

  ImportCommand importCommand;
  importCommand.isModel = true;
  CLI::App *importApp = app.add_subcommand("import", "write an ONNX model as a graph");
  importApp->add_option("model", importCommand.input, "the model; - is standard input")
      ->required()
      ->type_name("MODEL");
  importApp->add_option("-o,--output", importCommand.output, "the graph; - is standard output")
      ->required()
      ->type_name("FILE");
  importApp->add_option("--function", importCommand.function,
                        "name of the function (default: predict)");
  addImportOptions(importApp, importCommand);

  InspectCommand inspectCommand;
  CLI::App *inspectApp = app.add_subcommand("inspect", "show signatures, state and workspace");
  addCompileOptions(inspectApp, inspectCommand.compile);
  inspectApp->add_flag("--json", inspectCommand.json, "as JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    int code = app.exit(error);
    return code == 0 ? kDone : kBadUsage;
  }
  if (importApp->parsed())
    return import(importCommand);
  return compileApp->parsed() ? compile(compileCommand) : inspect(inspectCommand);
}
