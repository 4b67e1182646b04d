//===- Arguments.cpp - commands as text between two programs --------------===//

#include "Arguments.h"

using namespace fnc::tool;

namespace {

template <class Command, class Visit> void eachField(Command &command, Visit &visit) {
  auto &compile = command.compile;
  auto &import = compile.import;
  visit("json", command.json);

  visit("input", compile.input);
  visit("output", compile.output);
  visit("header", compile.header);
  visit("graph", compile.graph);
  visit("emit", compile.emit);
  visit("function", compile.functions);
  visit("target", compile.target);
  visit("cpu", compile.cpu);
  visit("features", compile.features);
  visit("abi", compile.abi);
  visit("level", compile.level);
  visit("no-winograd", compile.noWinograd);
  visit("fast-math", compile.fastMath);
  visit("debug-lines", compile.debugLines);
  visit("profile", compile.profile);

  visit("model", import.input);
  visit("model-output", import.output);
  visit("graph-name", import.graph);
  visit("model-function", import.functions);
  visit("shape", import.shapes);
  visit("dim", import.dims);
  visit("bind", import.binds);
  visit("state", import.states);
  visit("bound", import.bounds);
  visit("weights", import.weights);
  visit("no-simplify", import.noSimplify);
  visit("is-model", import.isModel);
}

struct Writer {
  void operator()(const std::string &name, const std::string &field) {
    arguments.push_back(name + "=" + field);
  }
  void operator()(const std::string &name, const std::vector<std::string> &field) {
    for (const std::string &value : field)
      (*this)(name, value);
  }
  void operator()(const std::string &name, bool field) {
    if (field)
      (*this)(name, std::string());
  }
  void operator()(const std::string &name, const std::vector<ImportCommand::Function> &field) {
    for (const ImportCommand::Function &function : field) {
      (*this)(name, function.name);
      (*this)("feed", function.feeds);
      (*this)("fetch", function.fetches);
    }
  }
  Arguments arguments;
};

struct Reader {
  explicit Reader(std::string_view argument)
      : name(argument.substr(0, argument.find('='))),
        value(argument.substr(std::min(name.size() + 1, argument.size()))) {}

  bool is(std::string_view other) { return name == other && (found = true); }
  void operator()(std::string_view to, std::string &field) {
    if (is(to))
      field = value;
  }
  void operator()(std::string_view to, std::vector<std::string> &field) {
    if (is(to))
      field.emplace_back(value);
  }
  void operator()(std::string_view to, bool &field) {
    if (is(to))
      field = true;
  }
  void operator()(std::string_view to, std::vector<ImportCommand::Function> &field) {
    if (is(to))
      field.push_back({std::string(value), {}, {}});
    if (field.empty())
      return;
    (*this)("feed", field.back().feeds);
    (*this)("fetch", field.back().fetches);
  }
  std::string_view name, value;
  bool found = false;
};

} // namespace

Arguments fnc::tool::toArguments(const InspectCommand &command) {
  Writer writer;
  eachField(command, writer);
  return std::move(writer.arguments);
}

bool fnc::tool::setField(InspectCommand &command, std::string_view argument) {
  Reader reader(argument);
  eachField(command, reader);
  return reader.found;
}
