//===- FunctionOp.cpp - the function spec ---------------------------------===//

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

namespace {

/// One list of a spec while it is parsed.
struct Items {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  SmallVector<Attribute> names, identifiers;
};

struct SpecParser {
  OpAsmParser &parser;
  Items inputs, outputs, targets, values, controls, conditions, checkpoints;
  /// Which pairs the conditions belong to.
  SmallVector<int64_t> conditional;

  Builder &b() { return parser.getBuilder(); }

  ParseResult operand(Items &items) { return parser.parseOperand(items.operands.emplace_back()); }
  ParseResult type(Items &items) { return parser.parseColonType(items.types.emplace_back()); }

  /// `%x : type`.
  ParseResult typed(Items &items) { return failure(operand(items) || type(items)); }

  /// `%x : type` or `"name" = %x : type`; of outputs also `"name" as "identifier" = %x : type`.
  ParseResult named(Items &items, bool needsName) {
    StringAttr name, identifier = b().getStringAttr("");
    OptionalParseResult given = parser.parseOptionalAttribute(name);
    if (given.has_value()) {
      if (failed(*given) ||
          (needsName && succeeded(parser.parseOptionalKeyword("as")) &&
           parser.parseAttribute(identifier, b().getNoneType())) ||
          parser.parseEqual())
        return failure();
    } else if (needsName) {
      return parser.emitError(parser.getCurrentLocation(), "expected \"name\" = value");
    }
    items.names.push_back(name ? name : b().getStringAttr(""));
    items.identifiers.push_back(identifier);
    return typed(items);
  }

  /// `%variable = %value : type`, `%variable = %value if %condition : type` or `%control`.
  ParseResult update() {
    OpAsmParser::UnresolvedOperand first;
    if (parser.parseOperand(first))
      return failure();
    if (failed(parser.parseOptionalEqual())) {
      controls.operands.push_back(first);
      controls.types.push_back(ControlType::get(b().getContext()));
      return success();
    }
    targets.operands.push_back(first);
    if (operand(values))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("if"))) {
      if (operand(conditions))
        return failure();
      conditions.types.push_back(RankedTensorType::get({}, b().getI1Type()));
      conditional.push_back(static_cast<int64_t>(targets.operands.size()) - 1);
    }
    if (type(values))
      return failure();
    // `: type` for both, or `: variable's type, value's type` in parentheses where they differ.
    Type targetType = values.types.back();
    if (succeeded(parser.parseOptionalKeyword("into")) && parser.parseType(targetType))
      return failure();
    targets.types.push_back(targetType);
    return success();
  }
};

} // namespace

ParseResult FunctionOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  if (parser.parseSymbolName(name))
    return failure();
  auto &properties = state.getOrAddProperties<Properties>();
  properties.sym_name = name;
  Builder &b = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("as")) &&
      parser.parseAttribute(properties.identifier, b.getNoneType()))
    return failure();

  SpecParser spec{parser, {}, {}, {}, {}, {}, {}, {}, {}};
  auto list = [&](StringRef keyword, auto item) -> ParseResult {
    if (failed(parser.parseOptionalKeyword(keyword)))
      return success();
    return parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, item);
  };
  if (list("inputs", [&] { return spec.named(spec.inputs, /*needsName=*/false); }) ||
      list("outputs", [&] { return spec.named(spec.outputs, /*needsName=*/true); }) ||
      list("updates", [&] { return spec.update(); }) ||
      list("checkpoint", [&] { return spec.typed(spec.checkpoints); }) ||
      parser.parseOptionalAttrDict(state.attributes))
    return failure();

  properties.input_names = b.getArrayAttr(spec.inputs.names);
  properties.output_names = b.getArrayAttr(spec.outputs.names);
  if (llvm::any_of(spec.outputs.identifiers,
                   [](Attribute id) { return !cast<StringAttr>(id).getValue().empty(); }))
    properties.output_identifiers = b.getArrayAttr(spec.outputs.identifiers);
  SmallVector<Attribute> locations;
  if (!spec.conditional.empty())
    properties.conditional = b.getDenseI64ArrayAttr(spec.conditional);
  Items *lists[] = {&spec.inputs,   &spec.outputs,    &spec.targets,    &spec.values,
                    &spec.controls, &spec.conditions, &spec.checkpoints};
  for (auto [i, items] : llvm::enumerate(lists)) {
    properties.operandSegmentSizes[i] = items->operands.size();
    for (auto [operand, type] : llvm::zip(items->operands, items->types)) {
      locations.push_back(cast<LocationAttr>(parser.getEncodedSourceLoc(operand.location)));
      if (parser.resolveOperand(operand, type, state.operands))
        return failure();
    }
  }
  properties.item_locations = b.getArrayAttr(locations);
  return success();
}

void FunctionOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  if (auto identifier = getIdentifierAttr())
    printer << " as " << identifier;
  auto named = [&](StringRef keyword, OperandRange values, ArrayAttr names, ArrayAttr identifiers) {
    if (values.empty())
      return;
    printer << ' ' << keyword << '(';
    llvm::interleaveComma(
        llvm::enumerate(names.getAsRange<StringAttr>(), values), printer, [&](auto item) {
          auto [i, name, value] = item;
          if (!name.getValue().empty()) {
            printer << name;
            auto id = identifiers ? cast<StringAttr>(identifiers[i]) : StringAttr();
            if (id && !id.getValue().empty())
              printer << " as " << id;
            printer << " = ";
          }
          printer << value << " : " << value.getType();
        });
    printer << ')';
  };
  named("inputs", getInputs(), getInputNames(), {});
  named("outputs", getOutputs(), getOutputNames(), getOutputIdentifiersAttr());
  if (!getTargets().empty() || !getControls().empty()) {
    printer << " updates(";
    llvm::interleaveComma(llvm::enumerate(getTargets(), getValues()), printer, [&](auto item) {
      auto [i, target, value] = item;
      printer << target << " = " << value;
      if (Value condition = getCondition(i))
        printer << " if " << condition;
      printer << " : " << value.getType();
      if (target.getType() != value.getType())
        printer << " into " << target.getType();
    });
    if (!getTargets().empty() && !getControls().empty())
      printer << ", ";
    printer << getControls() << ')';
  }
  if (!getCheckpoints().empty()) {
    printer << " checkpoint(";
    llvm::interleaveComma(getCheckpoints(), printer,
                          [&](Value value) { printer << value << " : " << value.getType(); });
    printer << ')';
  }
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"sym_name", "identifier", "input_names", "output_names",
                                 "output_identifiers", "conditional", "item_locations",
                                 "operandSegmentSizes"});
}

Value FunctionOp::getCondition(unsigned index) {
  for (auto [pair, condition] : llvm::zip(getConditional(), getConditions()))
    if (pair == static_cast<int64_t>(index))
      return condition;
  return {};
}

Location FunctionOp::getItemLoc(unsigned index) {
  std::optional<ArrayAttr> locations = getItemLocations();
  // Written by hand in the generic form, the attribute can hold anything.
  if (locations && index < locations->size())
    if (auto location = dyn_cast<LocationAttr>((*locations)[index]))
      return location;
  return getLoc();
}

StringRef FunctionOp::getInputName(unsigned index) {
  if (StringRef name = cast<StringAttr>(getInputNames()[index]).getValue(); !name.empty())
    return name;
  Operation *def = getInputs()[index].getDefiningOp();
  if (auto placeholder = dyn_cast_or_null<PlaceholderOp>(def))
    return placeholder.getName();
  if (auto variable = dyn_cast_or_null<VariableOp>(def))
    return variable.getName();
  return {};
}

LogicalResult FunctionOp::verify() {
  unsigned numInputs = getInputs().size(), numOutputs = getOutputs().size();
  if (getInputNames().size() != numInputs || getOutputNames().size() != numOutputs)
    return emitOpError("needs one name per input and output");
  if (getOutputIdentifiers() && getOutputIdentifiers()->size() != numOutputs)
    return emitOpError("needs one identifier per output, or none");
  auto errorAt = [&](unsigned item, const Twine &message) {
    return mlir::emitError(getItemLoc(item))
           << "'fn.function' op @" << getSymName() << " " << message;
  };
  if (getConditional().size() != getConditions().size())
    return emitOpError("has ") << getConditions().size() << " conditions for "
                               << getConditional().size() << " updates";
  for (int64_t pair : getConditional())
    if (pair < 0 || pair >= static_cast<int64_t>(getTargets().size()))
      return emitOpError("has a condition for update ") << pair << " of " << getTargets().size();
  for (Value condition : getConditions())
    if (auto type = cast<RankedTensorType>(condition.getType()); type.getRank() != 0)
      return emitOpError("needs conditions of rank 0, got ") << type;
  auto repeated = [&](InFlightDiagnostic error, unsigned first) -> LogicalResult {
    error.attachNote(getItemLoc(first)) << "first named here";
    return error;
  };

  llvm::StringMap<unsigned> inputNames, outputNames;
  llvm::DenseMap<Value, unsigned> fed;
  for (unsigned i = 0; i < numInputs; ++i) {
    StringRef name = getInputName(i);
    if (name.empty()) {
      InFlightDiagnostic error =
          errorAt(i, "feeds an inner tensor without a name: write \"name\" = value");
      error.attachNote(getInputs()[i].getLoc()) << "the tensor is computed here";
      return failure();
    }
    auto [first, isNew] = fed.try_emplace(getInputs()[i], i);
    if (!isNew)
      return repeated(errorAt(i, "feeds '" + name + "' twice"), first->second);
    auto [named, isNewName] = inputNames.try_emplace(name, i);
    if (!isNewName)
      return repeated(errorAt(i, "has two inputs named '" + name + "'"), named->second);
  }
  for (unsigned i = 0; i < numOutputs; ++i) {
    StringRef name = cast<StringAttr>(getOutputNames()[i]).getValue();
    if (name.empty())
      return errorAt(numInputs + i, "has an output without a name");
    if (isSparse(getOutputs()[i]))
      return errorAt(numInputs + i,
                     "has a sparse output '" + name + "': make it dense by fn.to_dense");
    auto [named, isNewName] = outputNames.try_emplace(name, numInputs + i);
    if (!isNewName)
      return repeated(errorAt(numInputs + i, "has two outputs named '" + name + "'"),
                      named->second);
  }

  llvm::DenseMap<Value, unsigned> updated;
  for (auto [i, target, value] : llvm::enumerate(getTargets(), getValues())) {
    unsigned item = numInputs + numOutputs + i;
    auto variable = target.getDefiningOp<VariableOp>();
    if (!variable) {
      InFlightDiagnostic error = errorAt(item, "updates something that is not a variable");
      error.attachNote(target.getLoc()) << "it is declared here";
      return failure();
    }
    if (variable.getReadOnly()) {
      InFlightDiagnostic error =
          errorAt(item, "updates the read-only variable '" + variable.getName() + "'");
      error.attachNote(variable.getLoc()) << "variable declared here";
      return failure();
    }
    if (target.getType() != value.getType()) {
      InFlightDiagnostic error = errorAt(item, "updates '" + variable.getName() + "' of type ")
                                 << target.getType() << " with a value of type " << value.getType();
      error.attachNote(variable.getLoc()) << "variable declared here";
      return failure();
    }
    auto [it, isNew] = updated.try_emplace(target, item);
    if (!isNew) {
      InFlightDiagnostic error = errorAt(item, "updates '" + variable.getName() + "' twice");
      error.attachNote(getItemLoc(it->second)) << "first updated here";
      return failure();
    }
  }
  return success();
}
