//===- ManifestJSON.cpp - the manifest as JSON, and in objects ------------===//
//
// Objects carry their manifest in a section that is neither loaded nor linked into programs, so
// that they can say what they are without the graph.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"

using namespace fnc;
namespace json = llvm::json;

namespace {

/// A size: a number, "s0" for the function's first symbol, or an operator before its operands.
json::Value sizeJSON(mlir::AffineExpr expr) {
  if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(expr))
    return "s" + std::to_string(symbol.getPosition());
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(expr);
  llvm::StringRef name = binary.getKind() == mlir::AffineExprKind::Add        ? "+"
                         : binary.getKind() == mlir::AffineExprKind::Mul      ? "*"
                         : binary.getKind() == mlir::AffineExprKind::FloorDiv ? "floordiv"
                         : binary.getKind() == mlir::AffineExprKind::CeilDiv  ? "ceildiv"
                                                                              : "mod";
  return json::Array{name, sizeJSON(binary.getLHS()), sizeJSON(binary.getRHS())};
}

json::Object toJSON(const Tensor &tensor, llvm::ArrayRef<Symbol> symbols) {
  json::Array shape, largest, sizes;
  bool isBounded = true;
  for (mlir::AffineExpr dim : tensor.dims) {
    sizes.push_back(sizeJSON(dim));
    if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(dim)) {
      shape.push_back(constant.getValue());
      largest.push_back(constant.getValue());
      continue;
    }
    shape.push_back(nullptr);
    auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(dim);
    int64_t max = symbol ? symbols[symbol.getPosition()].max : -1;
    isBounded &= max >= 0;
    largest.push_back(max);
  }
  json::Object object{{"name", tensor.name},
                      {"identifier", tensor.id},
                      {"dtype", tensor.type.name},
                      {"shape", std::move(shape)}};
  if (isBounded && !tensor.isStatic())
    object["largest_shape"] = std::move(largest);
  if (!tensor.isStatic())
    object["sizes"] = std::move(sizes);
  if (tensor.isSparse()) {
    auto count = mlir::cast<mlir::AffineSymbolExpr>(tensor.count);
    int64_t max = symbols[count.getPosition()].max;
    object["sparse"] = json::Object{{"index", "i" + std::to_string(tensor.indexBits)},
                                    {"max_nnz", max < 0 ? json::Value(nullptr) : json::Value(max)},
                                    {"nnz", sizeJSON(tensor.count)}};
  }
  return object;
}

json::Array regionsJSON(llvm::ArrayRef<ProfiledRegion> regions) {
  json::Array result;
  for (const ProfiledRegion &region : regions) {
    auto size = [](mlir::AffineExpr expr) { return expr ? sizeJSON(expr) : nullptr; };
    result.push_back(json::Object{{"kind", region.kind},
                                  {"places", json::Array(region.places)},
                                  {"operations", size(region.operations)},
                                  {"bytes", size(region.bytes)},
                                  {"bits", region.bits}});
  }
  return result;
}

json::Object toJSON(const Function &function, const Graph &graph) {
  json::Array inputs, outputs, updates, checks;
  for (const Tensor &tensor : function.inputs)
    inputs.push_back(::toJSON(tensor, function.symbols));
  for (const Tensor &tensor : function.outputs)
    outputs.push_back(::toJSON(tensor, function.symbols));
  for (unsigned index : function.writes)
    updates.push_back(graph.variables[index].name);
  for (const Check &check : function.checks)
    checks.push_back(json::Object{{"code", check.code}, {"name", check.name}});
  int64_t bytes = function.boundedWorkspaceBytes();
  json::Object object{{"name", function.name},
                      {"identifier", function.id},
                      {"symbol", graph.name + "_" + function.id},
                      {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)},
                      {"updates", std::move(updates)},
                      {"checks", std::move(checks)},
                      {"symbols", static_cast<int64_t>(function.symbols.size())},
                      {"uses_state", function.usesState()},
                      {"prints", !function.prints.empty()},
                      {"workspace_bytes", bytes < 0 ? json::Value(nullptr) : json::Value(bytes)},
                      {"workspace_buffers", static_cast<int64_t>(function.workspace.size())},
                      {"live_bytes", function.liveBytes}};
  if (!function.regions.empty())
    object["regions"] = regionsJSON(function.regions);
  return object;
}

} // namespace

json::Value Graph::toJSON() const {
  json::Array vars, funcs;
  for (const Variable &variable : variables) {
    json::Object object = ::toJSON(variable, {});
    object["read_only"] = variable.readOnly;
    object["bytes"] = variable.staticBytes();
    if (variable.external)
      object["external"] = true;
    if (!variable.readOnly)
      object["offset"] = variable.offset;
    vars.push_back(std::move(object));
  }
  for (const Function &function : functions)
    if (!function.isInit)
      funcs.push_back(::toJSON(function, *this));
  // A hash has more bits than a number of JSON keeps.
  return json::Object{{"graph", name},
                      {"layout_hash", llvm::formatv("{0:x16}", layoutHash).str()},
                      {"state_bytes", stateBytes},
                      {"variables", std::move(vars)},
                      {"functions", std::move(funcs)}};
}

void fnc::embedManifest(llvm::Module &module, const Graph &graph,
                        const llvm::TargetMachine &machine, const TargetOptions &options) {
  if (!machine.getTargetTriple().isOSBinFormatELF())
    return;
  json::Value manifest = graph.toJSON();
  json::Object &object = *manifest.getAsObject();
  object["version"] = FNC_VERSION;
  object["target"] = machine.getTargetTriple().str();
  object["cpu"] = machine.getTargetCPU().str();
  object["features"] = options.features;
  object["optimize"] = options.forSize ? "s" : std::to_string(options.level);
  auto *text = llvm::ConstantDataArray::getString(module.getContext(),
                                                  llvm::formatv("{0}", manifest).str(), false);
  auto *global = new llvm::GlobalVariable(module, text->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, text, "fn.manifest");
  global->setSection(kManifestSection);
  global->setAlignment(llvm::Align(1));
  // Makes the section one that linkers leave out.
  global->setMetadata("exclude", llvm::MDNode::get(module.getContext(), {}));
}
