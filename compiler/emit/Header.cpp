//===- Header.cpp - the generated header ----------------------------------===//
//
// Sections of the header stand here in the order in which they are printed: introduction, C part,
// state, one class per function. Names that generated code uses for itself either begin with fn_
// or end in '_', which escaped display names never do in this form.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/SymbolicSize.h"
#include "compiler/emit/Emit.h"
#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>

using namespace fnc;
using mlir::AffineConstantExpr;
using mlir::AffineExpr;
using mlir::AffineSymbolExpr;

namespace {

std::string quoted(llvm::StringRef text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) < 32 || c == 127)
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

/// "f32[?, 64]", for comments.
std::string describe(const Tensor &tensor) {
  std::string out = tensor.type.name + "[";
  for (auto [i, dim] : llvm::enumerate(tensor.dims)) {
    auto constant = mlir::dyn_cast<AffineConstantExpr>(dim);
    out += (i ? ", " : "") + (constant ? std::to_string(constant.getValue()) : std::string("?"));
  }
  return out + (tensor.isSparse() ? "], sparse" : "]");
}

/// Dimensions as C++ template arguments: dynamic ones are -1.
std::string extents(const Tensor &tensor) {
  std::string out;
  for (AffineExpr dim : tensor.dims) {
    auto constant = mlir::dyn_cast<AffineConstantExpr>(dim);
    out += ", " + (constant ? std::to_string(constant.getValue()) : std::string("-1"));
  }
  return out;
}

/// A display name inside a C comment.
std::string comment(llvm::StringRef text) {
  std::string out;
  for (char c : text) {
    bool closes = c == '/' && !out.empty() && out.back() == '*';
    bool opens = c == '*' && !out.empty() && out.back() == '/';
    out += closes || opens || static_cast<unsigned char>(c) < 32 ? '?' : c;
  }
  return out;
}

std::string viewType(const Tensor &tensor, bool isConst) {
  return fmt::format("::fn::view<{}{}{}>", isConst ? "const " : "", tensor.type.cName,
                     extents(tensor));
}

/// What a call takes for an input.
std::string inputType(const Tensor &input) {
  if (!input.isSparse())
    return viewType(input, true);
  return fmt::format("::fn::coo<{}, int{}_t{}>", input.type.cName, input.indexBits, extents(input));
}

std::string join(llvm::ArrayRef<std::string> parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// C source of a tensor's bytes, filled up to a multiple of 64; more than there can be where they
/// are more than a number holds.
std::string paddedBytes(const Tensor &tensor, llvm::ArrayRef<std::string> symbols) {
  std::string bytes = std::to_string(tensor.type.bytes);
  for (AffineExpr dim : tensor.dims)
    bytes = fmt::format("fn_times({}, {})", bytes, printC(dim, symbols, /*saturate=*/true));
  return fmt::format("({} + 63) / 64 * 64", bytes);
}

/// How the class of a function keeps its memory.
struct Plan {
  explicit Plan(const Function &function);

  bool isBounded = true;            ///< all sizes are known when the program is compiled
  std::vector<int64_t> largest;     ///< bounds of the symbols
  std::vector<std::string> symbols; ///< their names in generated code
  int64_t scratchBytes = 0;         ///< for the kernel, where bounded
  bool hasScratch, hasMemory;       ///< hasMemory: scratch, or outputs whose size is not bounded
};

Plan::Plan(const Function &function) : hasScratch(!function.workspace.empty()) {
  for (auto [i, symbol] : llvm::enumerate(function.symbols)) {
    isBounded &= symbol.max >= 0;
    largest.push_back(symbol.max);
    symbols.push_back("s" + std::to_string(i) + "_");
  }
  if (isBounded)
    scratchBytes = function.workspaceBytes(largest);
  hasMemory = hasScratch || (!isBounded && llvm::any_of(function.outputs, [](const Tensor &output) {
                return !output.isStatic();
              }));
}

class HeaderWriter {
public:
  HeaderWriter(const Graph &graph, llvm::ArrayRef<std::string> undefined)
      : graph(graph), undefined(undefined) {
    hasInit = llvm::any_of(graph.functions, [](const Function &f) { return f.isInit; });
    hasWeights = llvm::any_of(graph.variables, [](const Variable &v) { return v.external; });
    hasSparse = llvm::any_of(graph.functions, [](const Function &f) {
      return llvm::any_of(f.inputs, [](const Tensor &input) { return input.isSparse(); });
    });
  }

  std::string write();

private:
  template <typename... Args> void line(fmt::format_string<Args...> text, Args &&...args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
    out += '\n';
  }
  void introduction();
  void cPart();
  void cppState();
  void cppFunction(const Function &function);
  void tables(const Function &function);
  void workspaceSize(const Function &function, const Plan &plan);
  void resultClass(const Function &function);
  void constructors(const Function &function, const Plan &plan);
  void call(const Function &function, const Plan &plan);
  void callSizes(const Function &function, const Plan &plan);
  void members(const Function &function, const Plan &plan);
  void infoTable(llvm::StringRef name, llvm::ArrayRef<const Tensor *> tensors);

  const Graph &graph;
  llvm::ArrayRef<std::string> undefined;
  bool hasInit, hasSparse, hasWeights;
  std::string out;
};

void HeaderWriter::introduction() {
  line("/* {}.h - made by fnc {}; do not edit.", graph.name, FNC_VERSION);
  line(" *\n *   #include \"{}.h\"", graph.name);
  line(" *   {}::State state; // {} bytes, all variables at their initial values", graph.name,
       graph.stateBytes);
  for (const Function &function : graph.functions) {
    if (function.isInit)
      continue;
    Plan plan(function);
    std::vector<std::string> names, handed;
    for (const Tensor &input : function.inputs)
      names.push_back(input.id);
    if (function.usesState())
      handed.push_back("state");
    if (!plan.isBounded && plan.hasMemory)
      handed.push_back("memory");
    line(" *\n *   {0}::{1} {1}_{2};", graph.name, function.id,
         handed.empty() ? "" : "{" + join(handed) + "}");
    line(" *   auto r = {}_.call({}); // if (!r) puts(fn::message(r.status()).c_str());",
         function.id, join(names));
    for (const Tensor &input : function.inputs)
      line(" *     input    {} {}", comment(input.name), describe(input));
    for (const Tensor &output : function.outputs)
      line(" *     output   {} {}: r.{}()", comment(output.name), describe(output), output.id);
    for (unsigned index : function.writes)
      line(" *     updates  {}", comment(graph.variables[index].name));
    if (plan.isBounded)
      line(" *     workspace {} bytes", plan.scratchBytes);
    else
      line(" *     workspace by sizes: {}::{}::workspace_bytes(...)", graph.name, function.id);
  }
  line(" *\n * Beneath them are plain C functions, GRAPH_FUNCTION. Constants take {} bytes of the"
       " object.",
       graph.constantBytes);
  line(" * The object needs {}.",
       undefined.empty() ? std::string("no other symbol") : join(undefined));
  line(" */");
}

void HeaderWriter::cPart() {
  line("#ifdef __cplusplus\nextern \"C\" {{\n#endif\n");
  if (hasInit) {
    line("/* Writes the initial values of all variables: {} bytes at a multiple of 64. */",
         graph.stateBytes);
    line("void {}_init(void *state);\n", graph.name);
  }
  for (const Function &function : graph.functions) {
    if (function.isInit)
      continue;
    std::string name = graph.name + "_" + function.id;
    line("typedef struct {}_args {{", name);
    bool isEmpty = true;
    auto field = [&](const std::string &text) {
      line("  {}", text);
      isEmpty = false;
    };
    if (function.usesState())
      field(fmt::format("{}void *state;", function.writes.empty() ? "const " : ""));
    for (const Tensor &input : function.inputs) {
      if (input.isSparse()) {
        field(fmt::format("const {} *{}; /* values of {} */", input.type.cName, input.id,
                          describe(input)));
        field(fmt::format("const int{}_t *{}_indices; /* [nnz, {}] */", input.indexBits, input.id,
                          input.dims.size()));
        field(fmt::format("ptrdiff_t {}_nnz;", input.id));
      } else {
        field(fmt::format("const {} *{}; /* {} */", input.type.cName, input.id, describe(input)));
      }
      if (input.takesDims())
        field(fmt::format("ptrdiff_t {}_dims[{}];", input.id, input.dims.size()));
    }
    for (const Tensor &output : function.outputs)
      field(fmt::format("{} *out_{}; /* {} */", output.type.cName, output.id, describe(output)));
    if (!function.workspace.empty())
      field("void *workspace; /* at a multiple of 64 */\n  size_t workspace_bytes;");
    if (!function.prints.empty())
      field("const fn_context *context; /* where fn.print goes, or null */");
    if (isEmpty)
      line("  char unused;");
    line("}} {}_args;", name);
    line("fn_status {0}(const {0}_args *args);\n", name);
  }
  line("#ifdef __cplusplus\n}}\n#endif\n");
}

void HeaderWriter::infoTable(llvm::StringRef name, llvm::ArrayRef<const Tensor *> tensors) {
  // Arrays of no elements are no C++; the last entry stands for that.
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    std::string dims = extents(*tensor);
    line("  static constexpr ptrdiff_t {}_shape_{}[] = {{{}}};", name.str(), i,
         dims.empty() ? "0" : dims.substr(2));
  }
  line("  static constexpr ::fn::tensor_info {}[] = {{", name.str());
  for (auto [i, tensor] : llvm::enumerate(tensors))
    line("      {{FN_NAME({}), \"{}\", {}, {}_shape_{}}},", quoted(tensor->name), tensor->type.name,
         tensor->dims.size(), name.str(), i);
  line("      {{\"\", \"\", 0, nullptr}}}};");
}

void HeaderWriter::cppState() {
  std::vector<const Variable *> stored;
  std::vector<const Tensor *> tensors;
  for (const Variable &variable : graph.variables)
    if (!variable.readOnly) {
      stored.push_back(&variable);
      tensors.push_back(&variable);
    }
  line("/// The variables of {} in memory that somebody else owns.", graph.name);
  line("class StateView {{\npublic:");
  line("  static constexpr size_t state_bytes = {};", graph.stateBytes);
  line("  static constexpr size_t state_align = 64;");
  line("  static constexpr uint64_t layout_hash = {}u;", graph.layoutHash);
  infoTable("variables", tensors);
  std::string offsets;
  for (const Variable *variable : stored)
    offsets += fmt::format("{}, ", variable->offset);
  line("  static constexpr size_t variable_offsets[] = {{{}state_bytes}};", offsets);
  line("  static constexpr int variable_count = {};", stored.size());
  if (hasWeights) {
    std::string external;
    for (const Variable *variable : stored)
      external += variable->external ? "true, " : "false, ";
    line("  /// Which variables are zero until fn::load_weights(state, data, bytes).");
    line("  static constexpr bool variable_external[] = {{{}false}};", external);
  }
  out += '\n';
  line("  /// `start`: state_bytes at a multiple of state_align. Call reset() before the first "
       "use.");
  line("  explicit StateView(void *start) : bytes_(static_cast<unsigned char *>(start)) {{}}");
  line("  StateView(const StateView &) = delete;\n  StateView &operator=(const StateView &) ="
       " delete;\n");
  if (hasInit)
    line("  /// All variables at their initial values.\n  void reset() {{ ::{}_init(bytes_); }}",
         graph.name);
  else
    line("  void reset() {{}}");
  line("  void *bytes() {{ return bytes_; }}\n  const void *bytes() const {{ return bytes_; }}");
  for (const Variable *variable : stored) {
    line("\n  /// {} {}", comment(variable->name), describe(*variable));
    for (bool isConst : {false, true}) {
      std::string type = viewType(*variable, isConst);
      line("  {0} {1}(){2} {{\n    return {0}(reinterpret_cast<{3}{4} *>(bytes_ + {5}));\n  }}",
           type, variable->id, isConst ? " const" : "", isConst ? "const " : "",
           variable->type.cName, variable->offset);
    }
  }
  line("\nprivate:\n  unsigned char *bytes_;\n}};\n");
  line("/// All variables of {}, at their initial values{}.", graph.name,
       hasWeights ? "; weights are zero until they are loaded" : "");
  line("class State : public StateView {{\npublic:");
  line("  State() : StateView(storage_) {{ reset(); }}");
  line("  State(const State &other) : StateView(storage_) {{ *this = other; }}");
  line("  State &operator=(const State &other) {{");
  line("    for (size_t i = 0; i < state_bytes; ++i)\n      storage_[i] = other.storage_[i];");
  line("    return *this;\n  }}\n");
  line("private:\n  alignas(64) unsigned char storage_[{}];\n}};\n",
       std::max<int64_t>(graph.stateBytes, 1));
}

void HeaderWriter::tables(const Function &function) {
  std::vector<const Tensor *> tensors;
  for (const Tensor &input : function.inputs)
    tensors.push_back(&input);
  for (const Tensor &output : function.outputs)
    tensors.push_back(&output);
  infoTable("tensor_table", tensors);
  std::string checks;
  for (const Check &check : function.checks)
    checks += fmt::format("FN_NAME({}), ", quoted(check.name));
  line("  static constexpr const char *check_names[] = {{{}\"\"}};", checks);
  line("  static constexpr ::fn::function_info info = {{FN_NAME({}), {}, {}, {}, tensor_table, "
       "check_names}};",
       quoted(function.name), function.inputs.size(), function.outputs.size(),
       function.checks.size());
}

/// Scratch of the kernel, then, where nothing bounds them, outputs.
void HeaderWriter::workspaceSize(const Function &function, const Plan &plan) {
  if (plan.isBounded) {
    line("  static constexpr size_t workspace_bytes = {};", plan.scratchBytes);
    return;
  }
  std::vector<std::string> parameters, meaning;
  for (auto [i, symbol] : llvm::enumerate(plan.symbols)) {
    parameters.push_back("ptrdiff_t " + symbol);
    meaning.push_back(symbol + " = " + function.symbols[i].name);
  }
  auto open = [&](llvm::StringRef name) {
    line("  static constexpr size_t {}({}) {{", name.str(), join(parameters));
    for (const std::string &symbol : plan.symbols)
      line("    (void){};", symbol);
  };
  line("  /// Bytes that the kernel works in; {}.", comment(join(meaning)));
  open("scratch_bytes");
  line("    ptrdiff_t total_ = 0;");
  for (auto [k, buffer] : llvm::enumerate(function.workspace)) {
    std::string offset = "0";
    for (int64_t j : buffer.below)
      offset =
          offset == "0" ? fmt::format("end{}_", j) : fmt::format("fn_max({}, end{}_)", offset, j);
    line("    const ptrdiff_t end{}_ = fn_plus({}, ({} + 63) / 64 * 64);", k, offset,
         printC(buffer.bytes, plan.symbols, /*saturate=*/true));
    line("    total_ = fn_max(total_, end{}_);", k);
  }
  line("    return static_cast<size_t>(total_);\n  }}");
  line("  /// Bytes that a call needs: that, and outputs whose size no bound limits. What no "
       "number\n  /// holds is `fn_most`, which no memory has.");
  open("workspace_bytes");
  line("    ptrdiff_t total_ = static_cast<ptrdiff_t>(scratch_bytes({}));", join(plan.symbols));
  for (const Tensor &output : function.outputs)
    if (!output.isStatic())
      line("    total_ = fn_plus(total_, {});", paddedBytes(output, plan.symbols));
  line("    return static_cast<size_t>(total_);\n  }}");
}

void HeaderWriter::resultClass(const Function &function) {
  line("\n  /// What a call returns: its status, and its outputs until the next call.");
  line("  class result {{\n  public:");
  line("    explicit operator bool() const {{ return status_.raw.code == FN_OK; }}");
  line("    const ::fn::status &status() const {{ return status_; }}");
  for (const Tensor &output : function.outputs) {
    if (output.dims.empty())
      line("    {} {}() const {{ return *out_{}_.data(); }}", output.type.cName, output.id,
           output.id);
    else
      line("    {} {}() const {{ return out_{}_; }}", viewType(output, true), output.id, output.id);
  }
  line("\n  private:\n    friend class {};\n    ::fn::status status_{{{{}}, &info, {{}}}};",
       function.id);
  for (const Tensor &output : function.outputs)
    line("    {} out_{}_;", viewType(output, true), output.id);
  line("  }};\n");
}

void HeaderWriter::constructors(const Function &function, const Plan &plan) {
  std::vector<std::string> parameters, initializers;
  if (function.usesState()) {
    parameters.push_back(
        fmt::format("{}StateView &state", function.writes.empty() ? "const " : ""));
    initializers.push_back("state_(&state)");
  }
  if (!plan.isBounded && plan.hasMemory) {
    line("  /// `memory`: workspace_bytes(...) at a multiple of 64.");
    parameters.push_back("::fn::memory memory");
    initializers.push_back("memory_(memory)");
  }
  if (parameters.empty())
    line("  {}() = default;", function.id);
  else
    line("  explicit {}({}) : {} {{}}", function.id, join(parameters), join(initializers));
  if (!function.prints.empty())
    line("  /// Where fn.print goes; null prints nothing.\n"
         "  void print_to(const fn_context *context) {{ print_context_ = context; }}");
}

/// Symbols from the dimensions of inputs, and what follows for memory.
void HeaderWriter::callSizes(const Function &function, const Plan &plan) {
  for (auto [s, symbol] : llvm::enumerate(plan.symbols)) {
    auto isSymbol = [&, s = s](AffineExpr dim) {
      auto expr = mlir::dyn_cast<AffineSymbolExpr>(dim);
      return expr && expr.getPosition() == s;
    };
    for (const Tensor &input : function.inputs) {
      if (input.isSparse() && isSymbol(input.count)) {
        line("    const ptrdiff_t {0} = {1}.nnz();\n    (void){0};", symbol, input.id);
        break;
      }
      auto dim = llvm::find_if(input.dims, isSymbol);
      if (dim == input.dims.end())
        continue;
      line("    const ptrdiff_t {} = {}.dim({});\n    (void){};", symbol, input.id,
           dim - input.dims.begin(), symbol);
      break;
    }
  }
  if (plan.isBounded || !plan.hasMemory)
    return;
  // Sizes that no memory has are the entry point's to refuse.
  std::string sane;
  for (const std::string &symbol : plan.symbols)
    sane += fmt::format("{}fn_is_size({})", sane.empty() ? "" : " && ", symbol);
  line("    const bool sane_ = {};", sane);
  line("    const size_t needed_ = sane_ ? workspace_bytes({}) : 0;", join(plan.symbols));
  line("    size_t at_ = sane_ ? scratch_bytes({}) : 0;", join(plan.symbols));
  line("    if (!::fn::detail::check_memory(r_.status_, memory_, needed_))\n      return r_;");
  if (plan.hasScratch)
    line("    args_.workspace = memory_.data();\n    args_.workspace_bytes = at_;");
}

void HeaderWriter::call(const Function &function, const Plan &plan) {
  std::string cName = graph.name + "_" + function.id;
  std::vector<std::string> parameters;
  for (const Tensor &input : function.inputs)
    parameters.push_back(inputType(input) + " " + input.id);
  line("\n  result call({}) {{", join(parameters));
  line("    result r_;");
  for (auto [i, input] : llvm::enumerate(function.inputs))
    if (!input.dims.empty())
      line("    if (!::fn::detail::check_shape(r_.status_, {}, {}))\n      return r_;", i,
           input.id);
  line("    {}_args args_{{}};", cName);
  if (function.usesState())
    line("    args_.state = state_->bytes();");
  for (const Tensor &input : function.inputs) {
    if (input.isSparse()) {
      line("    args_.{0} = {0}.values();", input.id);
      line("    args_.{0}_indices = {0}.indices();", input.id);
      line("    args_.{0}_nnz = {0}.nnz();", input.id);
    } else {
      line("    args_.{0} = {0}.data();", input.id);
    }
    if (input.takesDims())
      for (size_t i = 0; i < input.dims.size(); ++i)
        line("    args_.{0}_dims[{1}] = {0}.dim({1});", input.id, i);
  }
  callSizes(function, plan);
  for (const Tensor &output : function.outputs) {
    if (output.isStatic() || plan.isBounded) {
      line("    args_.out_{0} = out_{0}_;", output.id);
      continue;
    }
    line("    args_.out_{} = reinterpret_cast<{} *>(memory_.data() + at_);", output.id,
         output.type.cName);
    line("    at_ += sane_ ? static_cast<size_t>({}) : 0;", paddedBytes(output, plan.symbols));
  }
  if (plan.isBounded && plan.hasScratch)
    line("    args_.workspace = workspace_;\n    args_.workspace_bytes = workspace_bytes;");
  if (!function.prints.empty())
    line("    args_.context = print_context_;");
  line("    r_.status_.raw = ::{}(&args_);", cName);
  // Outputs of a call that failed have no sizes that mean anything.
  line("    if (r_.status_.raw.code != FN_OK) {{");
  for (auto [i, input] : llvm::enumerate(function.inputs))
    if (input.takesDims())
      line("      ::fn::detail::note_shape(r_.status_, {}, {});", i, input.id);
  line("      return r_;\n    }}");
  for (const Tensor &output : function.outputs) {
    std::vector<std::string> arguments = {"args_.out_" + output.id};
    for (AffineExpr dim : output.dims)
      arguments.push_back(printC(dim, plan.symbols));
    line("    r_.out_{}_ = {}({});", output.id, viewType(output, true), join(arguments));
  }
  line("    return r_;\n  }}");
}

void HeaderWriter::members(const Function &function, const Plan &plan) {
  line("\nprivate:");
  if (!plan.isBounded) {
    line("  static constexpr ptrdiff_t fn_max(ptrdiff_t a, ptrdiff_t b) {{ return a < b ? b : a; "
         "}}");
    // Where the entry point gives up, too.
    line("  static constexpr ptrdiff_t fn_most = PTRDIFF_MAX >> (sizeof(ptrdiff_t) == 8 ? 4 : 2);");
    line("  static constexpr ptrdiff_t fn_times(ptrdiff_t a, ptrdiff_t b) {{\n"
         "    return a <= 0 || b <= 0 ? 0 : a > fn_most / b ? fn_most : a * b;\n  }}");
    line("  static constexpr ptrdiff_t fn_plus(ptrdiff_t a, ptrdiff_t b) {{\n"
         "    return a + b > fn_most ? fn_most : a + b;\n  }}");
    line("  static constexpr bool fn_is_size(ptrdiff_t n) {{");
    line("    return n >= 0 && n < (PTRDIFF_MAX >> (sizeof(n) == 8 ? 23 : 3));\n  }}");
  }
  if (!function.symbols.empty())
    line("  static constexpr ptrdiff_t fn_floor_div(ptrdiff_t a, ptrdiff_t b) {{\n"
         "    return b == 0 ? 0 : a / b - (a % b < 0);\n  }}");
  if (function.usesState())
    line("  {}StateView *state_;", function.writes.empty() ? "const " : "");
  if (!plan.isBounded && plan.hasMemory)
    line("  ::fn::memory memory_;");
  if (!function.prints.empty())
    line("  const fn_context *print_context_ = nullptr;");
  for (const Tensor &output : function.outputs) {
    if (!output.isStatic() && !plan.isBounded)
      continue;
    int64_t count = 1;
    for (AffineExpr dim : output.dims)
      count *= fnc::evaluate(dim, plan.largest);
    line("  alignas(64) {} out_{}_[{}];", output.type.cName, output.id,
         std::max<int64_t>(count, 1));
  }
  if (plan.isBounded && plan.hasScratch)
    line("  alignas(64) unsigned char workspace_[{}];", std::max<int64_t>(plan.scratchBytes, 1));
}

void HeaderWriter::cppFunction(const Function &function) {
  Plan plan(function);
  line("class {} {{\npublic:", function.id);
  tables(function);
  workspaceSize(function, plan);
  resultClass(function);
  constructors(function, plan);
  call(function, plan);
  members(function, plan);
  line("}};\n");
}

std::string HeaderWriter::write() {
  introduction();
  line("#ifndef FN_GRAPH_{0}_H\n#define FN_GRAPH_{0}_H\n", graph.name);
  line("#include <fn/abi.h>\n#ifndef __cplusplus\n#include <stdbool.h>\n#endif\n");
  cPart();
  line("#ifdef __cplusplus\n#include <fn/call.h>\n{}#include <fn/state.h>\n{}\nnamespace {} {{\n",
       hasSparse ? "#include <fn/coo.h>\n" : "", hasWeights ? "#include <fn/weights.h>\n" : "",
       graph.name);
  cppState();
  for (const Function &function : graph.functions)
    if (!function.isInit)
      cppFunction(function);
  line("}} // namespace {}\n#endif // __cplusplus\n\n#endif // FN_GRAPH_{}_H", graph.name,
       graph.name);
  return std::move(out);
}

} // namespace

std::string fnc::emitHeader(const Graph &graph, llvm::ArrayRef<std::string> undefined) {
  return HeaderWriter(graph, undefined).write();
}
