//===- fnc.cpp - the command line -----------------------------------------===//

#include "CommandLine.h"
#include "Commands.h"
#include "Compiler.h"
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

using namespace fnc::tool;

/// What a model of another format leaves open.
static void addImportOptions(CLI::App *app, ImportCommand &command) {
  const char *group = "ONNX models";
  app->add_option("--shape", command.shapes,
                  "sizes of an input, as x=1,3,224,224; ? is known at the call only; of each "
                  "element of a sequence, as x=[2,3][4]; none of an optional input that is absent")
      ->type_name("NAME=SIZES")
      ->group(group);
  app->add_option("--dim", command.dims, "size of a named dimension, as batch=8")
      ->type_name("NAME=SIZE")
      ->group(group);
  app->add_option("--graph-name", command.graph, "name of the graph (default: the file's)")
      ->type_name("NAME")
      ->group(group);
  app->add_option("--bind", command.binds,
                  "value of an input that is known when compiling, as axes=0,1; @FILE reads a "
                  "serialized TensorProto")
      ->type_name("NAME=VALUES")
      ->group(group);
  app->add_option(
         "--state", command.states,
         "make an input a variable that an output updates, as h=h_next; it starts at 0, or "
         "at its --bind")
      ->type_name("INPUT=OUTPUT")
      ->group(group);
  app->add_option("--bound", command.bounds,
                  "most elements of a node's output whose size is data, as of NonZero or Loop, or "
                  "the largest value of an integer that says a size; NAME.count becomes an output "
                  "too, and a call with more fails")
      ->type_name("NAME=COUNT")
      ->group(group);
  app->add_flag("--no-simplify", command.noSimplify,
                "keep each op as the model has it: constants are not folded, scales do not move "
                "into weights")
      ->group(group);
  auto function = [&command]() -> ImportCommand::Function & {
    if (command.functions.empty())
      command.functions.push_back({"predict", {}, {}});
    return command.functions.back();
  };
  app->add_option_function<std::vector<std::string>>(
         "--fetch",
         [function](const std::vector<std::string> &names) {
           function().fetches.insert(function().fetches.end(), names.begin(), names.end());
         },
         "output of the function: any tensor of the model; may be repeated (default: its outputs)")
      ->trigger_on_parse()
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->group(group);
  app->add_option_function<std::vector<std::string>>(
         "--feed",
         [function](const std::vector<std::string> &names) {
           function().feeds.insert(function().feeds.end(), names.begin(), names.end());
         },
         "input of the function that replaces a tensor of the model; may be repeated")
      ->trigger_on_parse()
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->group(group);
}

static void addWeightsOption(CLI::App *app, ImportCommand &command) {
  app->add_option("--weights", command.weights,
                  "write the values of read-only variables, as a model's initializers, to this "
                  ".safetensors file; the state loads them (default: constants of the object)")
      ->type_name("FILE");
}

/// What is compiled.
static void addGraphOptions(CLI::App *app, CompileCommand &command, const char *description) {
  app->add_option("graph_file", command.input, description)->required()->type_name("GRAPH");
  app->add_option("--graph", command.graph, "which graph, where the file has several")
      ->type_name("NAME");
}

static void addLevelOption(CLI::App *app, CompileCommand &command, const char *group) {
  app->add_option("-O", command.level, "optimization level; s is for size")
      ->type_name("LEVEL")
      ->check(oneOf({"0", "1", "2", "3", "s"}))
      ->group(group)
      ->capture_default_str();
}

/// What is compiled, and for what: whatever becomes of it.
static void addCompileOptions(CLI::App *app, CompileCommand &command) {
  addGraphOptions(app, command, "the graph; - is standard input");
  app->add_option("--function", command.functions,
                  "compile this function; may be repeated (default: all)")
      ->type_name("NAME");
  const char *target = "Target";
  app->add_option("--target", command.target,
                  "target triple, as thumbv7em-none-eabihf (default: this machine)")
      ->type_name("TRIPLE")
      ->group(target);
  app->add_option("--cpu", command.cpu,
                  "CPU to generate for, as cortex-m4; native is this machine's (default: the "
                  "least that the target has)")
      ->type_name("NAME")
      ->group(target);
  app->add_option("--features", command.features, "what the CPU has and lacks, as +avx2,-fma")
      ->type_name("LIST")
      ->group(target);
  app->add_option("--abi", command.abi, "calling convention, as lp64d (default: the target's)")
      ->type_name("NAME")
      ->group(target);
  addLevelOption(app, command, target);
  app->add_flag("--no-winograd", command.noWinograd,
                "3x3 convolutions as plain sums: more multiplications, less rounding")
      ->group(target);
  app->add_flag("--fast-math", command.fastMath,
                "sums in any order, multiply-add with one rounding, products with the reciprocal "
                "of a constant divisor; NaN and infinity are kept")
      ->group(target);
  app->add_flag("-g", command.debugLines, "map the code to lines of the graph, for debuggers")
      ->group(target);
  addImportOptions(app, command.import);
}

/// Which function is called, with what.
static void addCallOptions(CLI::App *app, RunCommand &command, const char *description) {
  addGraphOptions(app, command.compile, description);
  app->add_option("--function", command.function, "which function to call (default: the only one)")
      ->type_name("NAME");
  app->add_option(
         "-i,--input", command.inputs,
         "an input, as x=x.npy, x=data.npz:x, x=data.npz, x=0.5 or x=[1,2]; FILE.npz gives "
         "all of its arrays; a sparse x is x.indices, x.values and x.shape; may be "
         "repeated")
      ->type_name("NAME=VALUE");
  app->add_flag("--cast", command.cast, "convert inputs of another element type");
}

/// How what is no object yet is compiled.
static void addCacheOptions(CLI::App *app, RunCommand &command) {
  const char *compiling = "Compiling";
  command.compile.cpu = "native";
  addLevelOption(app, command.compile, compiling);
  app->add_flag("--no-cache", command.noCache, "neither use compiled models nor keep them")
      ->group(compiling);
  app->add_option("--cache-limit", command.cacheLimit,
                  "most bytes of compiled models to keep, in $XDG_CACHE_HOME/fnc or ~/.cache/fnc")
      ->type_name("SIZE")
      ->group(compiling)
      ->capture_default_str();
  addImportOptions(app, command.compile.import);
}

static void addLoadStateOption(CLI::App *app, RunCommand &command, const char *group) {
  app->add_option("--load-state", command.loadState,
                  "values of the variables before the first call, a .safetensors file (default: "
                  "their initial values)")
      ->type_name("FILE")
      ->group(group);
  app->add_option("--load-weights", command.loadWeights,
                  "values of the variables that --weights left out of the object")
      ->type_name("FILE")
      ->group(group);
}

static void addBenchOptions(CLI::App *app, BenchCommand &command) {
  addCallOptions(app, command.run, "a graph, model or object");
  addLoadStateOption(app, command.run, "Options");
  app->add_option("--time", command.seconds, "how long to call each object, in seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app->add_option("--compare", command.others,
                  "another object or graph with the same function, called in turns; may be "
                  "repeated")
      ->type_name("FILE");
  app->add_flag("--json", command.json, "print JSON");
  addCacheOptions(app, command.run);
  app->footer(
      "Inputs that are not given are numbers between 0 and 1, integers are 0; --shape says their\n"
      "sizes where the function leaves them open. The time of a part of a function is held "
      "against\n"
      "the roof: what its operations or its bytes take at least on this machine, each buffer "
      "being\n"
      "read or written once.\n\n"
      "Examples:\n"
      "  fnc bench net.mlir --function predict --shape x=32,784\n"
      "  fnc bench net.mlir --compare before.o            is it faster than it was?");
}

static void addRunOptions(CLI::App *app, RunCommand &command) {
  addCallOptions(app, command, "a graph, model or object; - is standard input");

  const char *outputs = "Outputs";
  app->add_option("-o,--output", command.outputFile,
                  "write all outputs to a .npz file, or the only one to a .npy file")
      ->type_name("FILE")
      ->group(outputs);
  app->add_option("--output-dir", command.outputFolder,
                  "write each output to a .npy file of its name in this folder")
      ->type_name("FOLDER")
      ->group(outputs);
  app->add_option("--labels", command.labels,
                  "print the five largest elements of each row, by the lines of this file")
      ->type_name("FILE")
      ->group(outputs);
  app->add_flag("-q,--quiet", command.quiet, "do not print outputs")->group(outputs);

  const char *state = "State";
  addLoadStateOption(app, command, state);
  app->add_option("--save-state", command.saveState,
                  "where to write the variables after the last call, as .safetensors")
      ->type_name("FILE")
      ->group(state);

  const char *loops = "Loops";
  app->add_option("--batch-axis", command.batchAxis,
                  "call once for each index of this axis, of inputs that have it beside those of "
                  "the function; or for each --batch-size indices of an axis of the function's")
      ->type_name("AXIS")
      ->check(CLI::NonNegativeNumber)
      ->group(loops);
  app->add_option("--batch-size", command.batchSize,
                  "indices of the batch axis in one call, where the function leaves it open")
      ->type_name("COUNT")
      ->check(CLI::PositiveNumber)
      ->group(loops);
  app->add_option("--repeat", command.repeat,
                  "make all calls this many times; outputs are those of the last time")
      ->type_name("COUNT")
      ->check(CLI::PositiveNumber)
      ->group(loops)
      ->capture_default_str();
  app->add_flag("--progress", command.progress,
                "show progress though standard error is no terminal")
      ->group(loops);

  addCacheOptions(app, command);
  app->footer(
      "Examples:\n"
      "  fnc run net.mlir --input x=x.npy                print what the function returns\n"
      "  fnc run net.onnx --input image.npz -o out.npz   a model, compiled once and kept\n"
      "  fnc run digits.mlir --function train -i digits.npz --batch-axis 0 --batch-size 32 \\\n"
      "      --repeat 10 --save-state digits.safetensors   ten epochs of training");
}

int main(int argc, char **argv) {
  CLI::App app("Compiles tensor functions with state ahead of time: a graph goes in, an object and "
               "a C++ header come out.");
  app.name("fnc");
  setHelpFormat(app);
  app.set_help_flag("-h,--help", "print this page");
  app.footer("Examples:\n"
             "  fnc compile digits.mlir -o digits.o     object, and digits.h beside it\n"
             "  fnc compile net.mlir --target thumbv7em-none-eabihf --cpu cortex-m4 -Os -o net.o\n"
             "  fnc compile net.mlir --emit=tensor -o - the IR after a stage, to standard output\n"
             "  fnc import net.onnx -o net.mlir         a model as a graph to read and edit\n"
             "  fnc run net.mlir --input x=x.npy        compile and call\n"
             "  fnc bench net.mlir                      time it, part by part\n"
             "  fnc inspect net.mlir                    signatures, state and workspace");
  app.set_version_flag("--version", "fnc " FNC_VERSION, "print the version");
  app.require_subcommand(1);

  CompileCommand compileCommand;
  CLI::App *compileApp = app.add_subcommand("compile", "compile a graph to an object and a header");
  addCompileOptions(compileApp, compileCommand);
  compileApp
      ->add_option("-o,--output", compileCommand.output,
                   "the object, with a header beside it; - is standard output")
      ->required()
      ->type_name("FILE");
  compileApp
      ->add_option("--header", compileCommand.header,
                   "the header (default: the object's name with .h)")
      ->type_name("FILE");
  addWeightsOption(compileApp, compileCommand.import);
  compileApp
      ->add_option("--emit", compileCommand.emit,
                   "what to write: an object, assembly, or the IR after a stage")
      ->type_name("WHAT")
      ->check(oneOf({"obj", "asm", "graph", "tensor", "buffer", "loops", "llvm-dialect", "llvm"}))
      ->capture_default_str();

  compileApp->footer(
      "Examples:\n"
      "  fnc compile digits.mlir -o digits.o      object, and digits.h beside it\n"
      "  fnc compile net.mlir --target thumbv7em-none-eabihf --cpu cortex-m4 -Os -o net.o\n"
      "  fnc compile net.mlir --emit=tensor -o -  the IR after a stage, to standard output");

  ImportCommand importCommand;
  importCommand.isModel = true;
  CLI::App *importApp = app.add_subcommand("import", "write an ONNX model as a graph");
  importApp->add_option("model", importCommand.input, "the model; - is standard input")
      ->required()
      ->type_name("MODEL");
  importApp->add_option("-o,--output", importCommand.output, "the graph; - is standard output")
      ->required()
      ->type_name("FILE");
  addWeightsOption(importApp, importCommand);
  importApp
      ->add_option_function<std::vector<std::string>>(
          "--function",
          [&importCommand](const std::vector<std::string> &names) {
            importCommand.functions.push_back({names.back(), {}, {}});
          },
          "begin a function, to which the --feed and --fetch behind it belong; may be repeated "
          "(default: predict)")
      ->trigger_on_parse()
      ->allow_extra_args(false)
      ->type_name("NAME");
  addImportOptions(importApp, importCommand);

  importApp->footer("Example:\n  fnc import net.onnx --dim batch=8 -o net.mlir");

  InspectCommand inspectCommand;
  CLI::App *inspectApp = app.add_subcommand(
      "inspect", "show signatures, state, workspace and sizes of a graph or object");
  addCompileOptions(inspectApp, inspectCommand.compile);
  inspectApp->add_flag("--json", inspectCommand.json, "print JSON");

  inspectApp->footer("Examples:\n"
                     "  fnc inspect net.o                        what an object offers and needs\n"
                     "  fnc inspect net.mlir --cpu native -O3    what it would if compiled so");

  RunCommand runCommand;
  CLI::App *runApp = app.add_subcommand("run", "call a function of a graph, model or object");
  addRunOptions(runApp, runCommand);

  BenchCommand benchCommand;
  benchCommand.run.makeInputs = true;
  CLI::App *benchApp =
      app.add_subcommand("bench", "time a function, beside what this machine can do at most");
  addBenchOptions(benchApp, benchCommand);

  std::string shell;
  CLI::App *completionApp = app.add_subcommand("completion", "print a shell's completion script");
  completionApp->add_option("shell", shell, "the shell")
      ->required()
      ->type_name("SHELL")
      ->check(oneOf({"bash", "zsh", "fish"}));
  completionApp->footer("Example:\n  source <(fnc completion bash)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return report(app, error);
  }
  if (completionApp->parsed()) {
    std::cout << completionScript(app, shell) << std::flush;
    if (std::cout)
      return kDone;
    std::cerr << "fnc: error: cannot write 'standard output': " << std::strerror(errno) << "\n";
    return kBadInput;
  }
  for (RunCommand *command : {&runCommand, &benchCommand.run})
    if (!command->function.empty())
      command->compile.functions = {command->function};
  if (runApp->parsed())
    return run(runCommand);
  if (benchApp->parsed())
    return bench(benchCommand);
  if (compileApp->parsed())
    return becomeCompiler("compile", {compileCommand});
  if (inspectApp->parsed())
    return becomeCompiler("inspect", inspectCommand);
  CompileCommand asImport;
  asImport.import = importCommand;
  return becomeCompiler("import", {asImport});
}
