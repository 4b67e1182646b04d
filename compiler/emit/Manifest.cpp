//===- Manifest.cpp - what a compiled graph offers ------------------------===//

#include "compiler/emit/Manifest.h"
#include "compiler/buffer/SymbolicSize.h"
#include "compiler/emit/FunctionLowering.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr int64_t kWorkspaceAlign = 64;

DType dtypeOf(Type type, bool isUnsigned) {
  unsigned bits = type.getIntOrFloatBitWidth();
  if (isa<BFloat16Type>(type))
    return {"bf16", "fn_bf16", 2};
  if (isa<Float16Type>(type))
    return {"f16", "fn_f16", 2};
  if (isa<FloatType>(type))
    return bits == 32 ? DType{"f32", "float", 4} : DType{"f64", "double", 8};
  if (bits == 1)
    return {"i1", "bool", 1};
  isUnsigned |= type.isUnsignedInteger();
  return {(isUnsigned ? "u" : "i") + std::to_string(bits),
          (isUnsigned ? "uint" : "int") + std::to_string(bits) + "_t", bits / 8};
}

std::string text(DictionaryAttr attrs, StringRef key) {
  auto value = attrs.getAs<StringAttr>(key);
  return value ? value.getValue().str() : std::string();
}

Tensor tensorOf(func::FuncOp func, unsigned arg) {
  DictionaryAttr attrs = func.getArgAttrDict(arg);
  auto type = cast<MemRefType>(func.getArgument(arg).getType());
  Tensor tensor{text(attrs, "fn.name"),
                text(attrs, "fn.id"),
                dtypeOf(type.getElementType(), !!attrs.get("fn.unsigned")),
                {},
                0,
                {}};
  if (auto dims = attrs.getAs<AffineMapAttr>("fn.dims"))
    tensor.dims.assign(dims.getValue().getResults().begin(), dims.getValue().getResults().end());
  else
    for (int64_t size : type.getShape())
      tensor.dims.push_back(getAffineConstantExpr(size, func.getContext()));
  return tensor;
}

Function readFunction(func::FuncOp func, const Graph &graph) {
  Function result;
  result.name = func.getName().str();
  result.kernel = result.name;
  result.id = text(func->getAttrDictionary(), "fn.id");
  result.isInit = func->hasAttr("fn.init");
  auto list = [&](StringRef name) {
    auto attr = func->getAttrOfType<ArrayAttr>(name);
    return attr ? attr.getValue() : ArrayRef<Attribute>();
  };
  for (Attribute attr : list("fn.symbols")) {
    auto symbol = cast<DictionaryAttr>(attr);
    result.symbols.push_back({text(symbol, "name"), symbol.getAs<IntegerAttr>("max").getInt()});
  }
  for (Attribute attr : list("fn.constraints")) {
    auto constraint = cast<DictionaryAttr>(attr);
    result.constraints.push_back({text(constraint, "kind") == "eq",
                                  constraint.getAs<AffineMapAttr>("lhs").getValue().getResult(0),
                                  constraint.getAs<AffineMapAttr>("rhs").getValue().getResult(0)});
  }
  for (Attribute attr : list("fn.checks")) {
    auto check = cast<DictionaryAttr>(attr);
    auto limit = check.getAs<IntegerAttr>("limit");
    result.checks.push_back({text(check, "code"), text(check, "name"), limit ? limit.getInt() : 0});
  }
  for (Attribute attr : list("fn.prints"))
    result.prints.push_back({text(cast<DictionaryAttr>(attr), "callee"),
                             text(cast<DictionaryAttr>(attr), "label"),
                             text(cast<DictionaryAttr>(attr), "dtype")});
  for (Attribute attr : list("fn.workspace")) {
    auto buffer = cast<DictionaryAttr>(attr);
    auto below = buffer.getAs<DenseI64ArrayAttr>("below").asArrayRef();
    result.workspace.push_back({buffer.getAs<AffineMapAttr>("size").getValue().getResult(0),
                                {below.begin(), below.end()}});
  }
  for (Attribute attr : list("fn.regions")) {
    auto region = cast<DictionaryAttr>(attr);
    std::vector<std::string> places;
    for (Attribute place : region.getAs<ArrayAttr>("places")) {
      auto name = dyn_cast<StringAttr>(place);
      places.push_back(name ? name.getValue().str()
                            : "line " + std::to_string(cast<IntegerAttr>(place).getInt()));
    }
    auto expression = [&](StringRef name) {
      auto map = region.getAs<AffineMapAttr>(name);
      return map ? map.getValue().getResult(0) : AffineExpr();
    };
    result.regions.push_back({text(region, "kind"), std::move(places), expression("operations"),
                              expression("bytes"), region.getAs<IntegerAttr>("bits").getInt()});
  }
  if (auto live = func->getAttrOfType<IntegerAttr>("fn.workspace_live"))
    result.liveBytes = live.getInt();

  using Role = KernelArgument::Role;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    DictionaryAttr attrs = func.getArgAttrDict(i);
    std::string role = text(attrs, "fn.role");
    std::string part = text(attrs, "fn.sparse");
    if (part == "indices" || part == "values") {
      Tensor &tensor = result.inputs.back();
      if (part == "indices") {
        auto type = cast<MemRefType>(func.getArgument(i).getType());
        tensor.indexBits = type.getElementTypeBitWidth();
        tensor.count = attrs.getAs<AffineMapAttr>("fn.dims").getValue().getResult(0);
      }
      result.arguments.push_back({part == "indices" ? Role::Indices : Role::Values,
                                  static_cast<unsigned>(result.inputs.size() - 1)});
    } else if (role == "input") {
      result.arguments.push_back({Role::Input, static_cast<unsigned>(result.inputs.size())});
      result.inputs.push_back(tensorOf(func, i));
    } else if (role == "output") {
      result.arguments.push_back({Role::Output, static_cast<unsigned>(result.outputs.size())});
      result.outputs.push_back(tensorOf(func, i));
    } else if (role == "variable") {
      unsigned index = 0;
      while (graph.variables[index].name != text(attrs, "fn.name"))
        ++index;
      result.arguments.push_back({Role::Variable, index});
      (attrs.get("fn.written") ? result.writes : result.reads).push_back(index);
    } else {
      result.arguments.push_back({role == "context"  ? Role::Context
                                  : role == "status" ? Role::Status
                                                     : Role::Workspace});
    }
    if (auto type = dyn_cast<MemRefType>(func.getArgument(i).getType()))
      result.arguments.back().open = openNumbers(type);
  }
  return result;
}

} // namespace

bool Tensor::isStatic() const {
  return llvm::all_of(dims, [](AffineExpr dim) { return isa<AffineConstantExpr>(dim); });
}

int64_t Tensor::staticBytes() const {
  int64_t bytes = type.bytes;
  for (AffineExpr dim : dims) {
    auto constant = dyn_cast<AffineConstantExpr>(dim);
    if (!constant)
      return -1;
    bytes *= constant.getValue();
  }
  return bytes;
}

int64_t Function::workspaceBytes(ArrayRef<int64_t> values) const {
  std::vector<int64_t> ends;
  int64_t total = 0;
  for (const WorkspaceBuffer &buffer : workspace) {
    int64_t offset = 0;
    for (int64_t j : buffer.below)
      offset = std::max(offset, ends[j]);
    ends.push_back(offset + llvm::alignTo(fnc::evaluate(buffer.bytes, values), kWorkspaceAlign));
    total = std::max(total, ends.back());
  }
  return total;
}

int64_t Function::boundedWorkspaceBytes() const {
  std::vector<int64_t> values;
  for (const Symbol &symbol : symbols) {
    if (symbol.max < 0)
      return -1;
    values.push_back(symbol.max);
  }
  return workspaceBytes(values);
}

FailureOr<Graph> fnc::readManifest(ModuleOp module) {
  auto attrs = module->getAttrOfType<DictionaryAttr>("fn.graph");
  if (!attrs) {
    module.emitError("the module does not say which graph it is (attribute fn.graph)");
    return failure();
  }
  Graph graph;
  graph.name = text(attrs, "name");
  graph.stateBytes = attrs.getAs<IntegerAttr>("state_bytes").getInt();
  graph.layoutHash = static_cast<uint64_t>(attrs.getAs<IntegerAttr>("layout_hash").getInt());
  for (auto entry : attrs.getAs<ArrayAttr>("variables").getAsRange<DictionaryAttr>()) {
    auto type = cast<RankedTensorType>(entry.getAs<TypeAttr>("type").getValue());
    Variable variable;
    variable.name = text(entry, "name");
    variable.id = text(entry, "id");
    variable.type = dtypeOf(type.getElementType(), false);
    variable.readOnly = entry.getAs<BoolAttr>("read_only").getValue();
    variable.external = entry.contains("external");
    if (auto offset = entry.getAs<IntegerAttr>("offset"))
      variable.offset = offset.getInt();
    for (int64_t size : type.getShape())
      variable.dims.push_back(getAffineConstantExpr(size, module.getContext()));
    graph.variables.push_back(std::move(variable));
  }
  for (auto global : module.getOps<memref::GlobalOp>()) {
    MemRefType type = global.getType();
    if (type.hasStaticShape() && type.getElementType().isIntOrFloat())
      graph.constantBytes +=
          type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }
  for (auto func : module.getOps<func::FuncOp>())
    if (func->hasAttr("fn.kernel"))
      graph.functions.push_back(readFunction(func, graph));
  return graph;
}

std::string fnc::printC(AffineExpr expr, ArrayRef<std::string> symbols, bool saturate) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::to_string(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::string a = printC(binary.getLHS(), symbols, saturate);
  std::string b = printC(binary.getRHS(), symbols, saturate);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return "(" + a + " + " + b + ")";
  case AffineExprKind::Mul:
    // A negative factor is part of a difference.
    if (saturate && !(factor && factor.getValue() < 0))
      return "fn_times(" + a + ", " + b + ")";
    return "(" + a + " * " + b + ")";
  case AffineExprKind::FloorDiv:
    return "fn_floor_div(" + a + ", " + b + ")";
  case AffineExprKind::CeilDiv:
    return "(-fn_floor_div(-" + a + ", " + b + "))";
  default:
    return "(" + a + " - fn_floor_div(" + a + ", " + b + ") * " + b + ")";
  }
}
