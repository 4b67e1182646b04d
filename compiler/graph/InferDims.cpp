//===- InferDims.cpp - symbolic dimensions of kernels ---------------------===//

#include "compiler/graph/Passes.h"
#include "compiler/graph/PastedShapes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_INFERDIMS
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

struct InferDims : fnc::impl::InferDimsBase<InferDims> {
  void runOnOperation() override {
    if (getOperation()->hasAttr("fn.kernel") && failed(infer(getOperation())))
      signalPassFailure();
  }

  LogicalResult infer(func::FuncOp func) {
    MLIRContext *context = &getContext();
    ShapeContext shapes(context, "func.func", func.getLoc());
    // Arguments first: their symbols are what a call knows.
    for (BlockArgument arg : func.getArguments())
      if (isa<RankedTensorType>(arg.getType()))
        shapes.set(arg, shapes.dims(arg));
    // A sparse tensor has as many values as indices.
    for (BlockArgument arg : func.getArguments())
      if (auto part = func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "fn.sparse");
          part && part.getValue() == "values")
        (void)shapes.equal(shapes.dim(arg, 0),
                           shapes.dim(func.getArgument(arg.getArgNumber() - 1), 0));
    shapes.setPastedRule(fnc::inferPastedOp);
    if (failed(inferBlock(func.front(), shapes)))
      return failure();
    return record(func, shapes);
  }

  LogicalResult record(func::FuncOp func, ShapeContext &shapes) {
    MLIRContext *context = &getContext();
    Builder b(context);
    // Makes the symbols of what no rule has looked at.
    for (Value value : func.front().getTerminator()->getOperands())
      shapes.dims(value);
    // Symbols that remain, in the order of the inputs.
    llvm::DenseMap<unsigned, unsigned> number;
    SmallVector<Attribute> symbols;
    SmallVector<AffineExpr> renumbered(shapes.numSymbols());
    for (BlockArgument arg : func.getArguments()) {
      if (!isa<RankedTensorType>(arg.getType()))
        continue;
      auto name = func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "fn.name");
      auto bounds = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(), "fn.bounds");
      for (auto [i, dim] : llvm::enumerate(shapes.dims(arg))) {
        auto symbol = dyn_cast<AffineSymbolExpr>(dim);
        if (!symbol)
          continue;
        int64_t max = bounds ? bounds[i] : -1;
        auto [it, isNew] = number.try_emplace(symbol.getPosition(), symbols.size());
        if (isNew) {
          renumbered[symbol.getPosition()] = getAffineSymbolExpr(symbols.size(), context);
          symbols.push_back({});
        } else {
          // Two bounds on one size: the smaller one holds.
          auto known = cast<DictionaryAttr>(symbols[it->second]).getAs<IntegerAttr>("max").getInt();
          max = max < 0 ? known : known < 0 ? max : std::min(max, known);
        }
        auto part = func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "fn.sparse");
        bool isCount = part && part.getValue() != "shape";
        StringAttr label =
            isNew ? b.getStringAttr(name.getValue() + "." + (isCount ? "nnz" : Twine(i)))
                  : cast<DictionaryAttr>(symbols[it->second]).getAs<StringAttr>("name");
        symbols[it->second] = b.getDictionaryAttr(
            {b.getNamedAttr("max", b.getI64IntegerAttr(max)), b.getNamedAttr("name", label)});
      }
    }
    // All that the inputs do not tell is one more symbol, which must not be left anywhere.
    for (AffineExpr &expr : renumbered)
      if (!expr)
        expr = getAffineSymbolExpr(symbols.size(), context);
    auto known = [&](AffineExpr expr) { return !expr.isFunctionOfSymbol(symbols.size()); };
    auto mapOf = [&](ArrayRef<Dim> dims) {
      SmallVector<AffineExpr> exprs;
      for (Dim dim : dims)
        exprs.push_back(simplifyAffineExpr(shapes.resolve(dim).replaceSymbols(renumbered), 0,
                                           symbols.size() + 1));
      return AffineMap::get(0, symbols.size(), exprs, context);
    };

    for (BlockArgument arg : func.getArguments()) {
      if (!isa<RankedTensorType>(arg.getType()))
        continue;
      AffineMap map = mapOf(shapes.dims(arg));
      auto bounds = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(), "fn.bounds");
      for (auto [i, expr] : llvm::enumerate(map.getResults())) {
        if (!known(expr))
          return emitError(arg.getLoc()) << "dimension " << i << " of this input has to equal one "
                                         << "that does not follow from the inputs";
        // A symbol carries its bound; a size that others give has to keep to it.
        if (bounds && !isa<AffineSymbolExpr>(expr) &&
            !shapes.atMost(shapes.dims(arg)[i], bounds[i], arg.getLoc()))
          return emitError(arg.getLoc())
                 << "dimension " << i << " of this input is " << shapes.print(shapes.dims(arg)[i])
                 << ", above its bound " << bounds[i];
      }
      func.setArgAttr(arg.getArgNumber(), "fn.dims", AffineMapAttr::get(map));
    }
    Operation *ret = func.front().getTerminator();
    for (auto [i, value] : llvm::enumerate(ret->getOperands())) {
      AffineMap map = mapOf(shapes.dims(value));
      for (auto [d, expr] : llvm::enumerate(map.getResults()))
        if (!known(expr))
          return emitError(value.getLoc())
                 << "dimension " << d
                 << " of this output does not follow from the dimensions of the inputs";
      func.setResultAttr(i, "fn.dims", AffineMapAttr::get(map));
    }
    func->setAttr("fn.symbols", b.getArrayAttr(symbols));

    SmallVector<Attribute> constraints;
    for (const Constraint &constraint : shapes.getConstraints()) {
      AffineMap sides = mapOf({constraint.lhs, constraint.rhs});
      AffineExpr lhs = sides.getResult(0), rhs = sides.getResult(1);
      if (!known(lhs) || !known(rhs))
        return emitError(constraint.location)
               << "this op needs sizes that do not follow from the dimensions of the inputs";
      bool equal = constraint.kind == Constraint::Kind::Equal;
      auto a = dyn_cast<AffineConstantExpr>(lhs), c = dyn_cast<AffineConstantExpr>(rhs);
      if (a && c) {
        if (equal ? a.getValue() == c.getValue() : a.getValue() >= c.getValue())
          continue;
        return emitError(constraint.location)
               << "sizes " << a.getValue() << " and " << c.getValue() << " do not fit";
      }
      if (equal && lhs == rhs)
        continue;
      auto side = [&](AffineExpr expr) {
        return AffineMapAttr::get(AffineMap::get(0, symbols.size(), expr));
      };
      constraints.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("kind", b.getStringAttr(equal ? "eq" : "ge")),
           b.getNamedAttr("lhs", side(lhs)), b.getNamedAttr("rhs", side(rhs))}));
    }
    if (!constraints.empty())
      func->setAttr("fn.constraints", b.getArrayAttr(constraints));
    return success();
  }
};

} // namespace
