//===- StateLayout.cpp - variables of a graph: layout and initial values --===//

#include "compiler/graph/StateLayout.h"
#include "compiler/graph/Identifier.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace fn;

namespace {

auto variablesOf(GraphOp graph) { return graph.getBody().front().getOps<VariableOp>(); }

int64_t bytesOf(RankedTensorType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

} // namespace

std::string fnc::variableIdentifier(VariableOp variable) {
  StringAttr given = variable.getIdentifierAttr();
  return given ? given.getValue().str() : escapeIdentifier(variable.getName());
}

std::string fnc::inputIdentifier(FunctionOp spec, unsigned index) {
  Operation *def = spec.getInputs()[index].getDefiningOp();
  bool named = !cast<StringAttr>(spec.getInputNames()[index]).getValue().empty();
  if (auto variable = dyn_cast_or_null<VariableOp>(def); variable && !named)
    return variableIdentifier(variable);
  if (auto placeholder = dyn_cast_or_null<PlaceholderOp>(def); placeholder && !named)
    if (StringAttr given = placeholder.getIdentifierAttr())
      return given.getValue().str();
  return escapeIdentifier(spec.getInputName(index));
}

std::string fnc::outputIdentifier(FunctionOp spec, unsigned index) {
  if (std::optional<ArrayAttr> given = spec.getOutputIdentifiers())
    if (StringRef id = cast<StringAttr>((*given)[index]).getValue(); !id.empty())
      return id.str();
  return escapeIdentifier(cast<StringAttr>(spec.getOutputNames()[index]).getValue());
}

std::string fnc::functionIdentifier(FunctionOp spec) {
  StringAttr given = spec.getIdentifierAttr();
  return given ? given.getValue().str() : escapeIdentifier(spec.getSymName());
}

bool fnc::isConstant(VariableOp variable) {
  return variable.getReadOnly() && isa<ElementsAttr, ZerosAttr, OnesAttr>(variable.getInit());
}

DictionaryAttr fnc::describeState(GraphOp graph) {
  Builder b(graph.getContext());
  SmallVector<Attribute> variables;
  int64_t offset = 0;
  std::string layout;
  llvm::raw_string_ostream os(layout);
  for (VariableOp variable : variablesOf(graph)) {
    RankedTensorType type = variable.getType();
    SmallVector<NamedAttribute> entry = {
        b.getNamedAttr("id", b.getStringAttr(variableIdentifier(variable))),
        b.getNamedAttr("name", b.getStringAttr(variable.getName())),
        b.getNamedAttr("read_only", b.getBoolAttr(isConstant(variable))),
        b.getNamedAttr("type", TypeAttr::get(type))};
    if (!isConstant(variable)) {
      int64_t bytes = bytesOf(type);
      // Whole cache lines for what a vector loop runs over; small ones only by their own size.
      offset =
          llvm::alignTo(offset, bytes >= 64 ? 64 : llvm::PowerOf2Ceil(std::max<int64_t>(bytes, 1)));
      entry.push_back(b.getNamedAttr("offset", b.getI64IntegerAttr(offset)));
      if (isa<ExternalAttr>(variable.getInit()))
        entry.push_back(b.getNamedAttr("external", b.getUnitAttr()));
      os << variable.getName() << ':' << type << '@' << offset << ';';
      offset += bytes;
    }
    variables.push_back(b.getDictionaryAttr(entry));
  }
  return b.getDictionaryAttr(
      {b.getNamedAttr("layout_hash",
                      b.getI64IntegerAttr(static_cast<int64_t>(llvm::xxh3_64bits(layout)))),
       b.getNamedAttr("name", b.getStringAttr(graph.getSymName())),
       b.getNamedAttr("state_align", b.getI64IntegerAttr(64)),
       b.getNamedAttr("state_bytes", b.getI64IntegerAttr(llvm::alignTo(offset, 64))),
       b.getNamedAttr("variables", b.getArrayAttr(variables))});
}

std::string fnc::dtypeName(Type element) {
  std::string text;
  llvm::raw_string_ostream(text) << element;
  // MLIR writes ui8.
  return element.isUnsignedInteger() ? "u" + text.substr(2) : text;
}

Value fnc::initialValue(OpBuilder &b, VariableOp variable) {
  RankedTensorType type = variable.getType();
  Attribute init = variable.getInit();
  Location loc = variable.getLoc();
  auto splat = [&](int value) -> Value {
    Type element = type.getElementType();
    Attribute attr = isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, value))
                                             : Attribute(b.getIntegerAttr(element, value));
    return fn::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, attr));
  };
  if (isa<ZerosAttr, ExternalAttr>(init))
    return splat(0);
  if (isa<OnesAttr>(init))
    return splat(1);
  if (auto elements = dyn_cast<ElementsAttr>(init))
    return fn::ConstantOp::create(b, loc, type, elements);
  return RandomOp::create(b, loc, type, init);
}

void fnc::buildInitKernel(GraphOp graph, OpBuilder &module) {
  OpBuilder b(graph.getContext());
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  SmallVector<VariableOp> variables;
  for (VariableOp variable : variablesOf(graph)) {
    if (isConstant(variable))
      continue;
    variables.push_back(variable);
    types.push_back(variable.getType());
    attrs.push_back(
        b.getDictionaryAttr({b.getNamedAttr("fn.id", b.getStringAttr(variableIdentifier(variable))),
                             b.getNamedAttr("fn.name", b.getStringAttr(variable.getName())),
                             b.getNamedAttr("fn.role", b.getStringAttr("variable"))}));
  }
  auto kernel = func::FuncOp::create(module, graph.getLoc(), (graph.getSymName() + ".init").str(),
                                     b.getFunctionType(types, types));
  kernel.setAllArgAttrs(attrs);
  kernel.setAllResultAttrs(attrs);
  kernel->setAttr("fn.kernel", b.getUnitAttr());
  kernel->setAttr("fn.init", b.getUnitAttr());
  kernel->setAttr("fn.id", b.getStringAttr("init"));
  b.setInsertionPointToEnd(kernel.addEntryBlock());
  SmallVector<Value> values;
  for (VariableOp variable : variables)
    values.push_back(initialValue(b, variable));
  func::ReturnOp::create(b, graph.getLoc(), values);
}
