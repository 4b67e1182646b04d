//===- RecurrentOps.cpp - recurrent cells and sequences -------------------===//
//
// A cell is the product of the input, of which a sequence takes those of all steps at once, and a
// step of the state from there. Sequences are scans over time.
//
//===----------------------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

namespace {

using Activate = Expr (*)(Expr);

/// By name, or null.
Activate activation(StringRef name) {
  return llvm::StringSwitch<Activate>(name)
      .Case("tanh", [](Expr x) { return x.apply<TanhOp>(); })
      .Case("sigmoid", [](Expr x) { return x.apply<SigmoidOp>(); })
      .Case("relu", [](Expr x) { return x.apply<ReluOp>(); })
      .Case("hard_sigmoid", [](Expr x) { return x.apply<HardSigmoidOp>(); })
      .Case("softsign", [](Expr x) { return x.apply<SoftsignOp>(); })
      .Case("softplus", [](Expr x) { return x.apply<SoftplusOp>(); })
      .Case("elu", [](Expr x) { return x.apply<EluOp>(); })
      .Case("selu", [](Expr x) { return x.apply<SeluOp>(); })
      .Case("gelu", [](Expr x) { return x.apply<GeluOp>(); })
      .Case("silu", [](Expr x) { return x.apply<SiluOp>(); })
      .Case("exp", [](Expr x) { return x.apply<ExpOp>(); })
      .Case("linear", [](Expr x) { return x; })
      .Default(nullptr);
}

LogicalResult checkActivation(ShapeContext &shapes, StringRef what, StringRef name) {
  return activation(name) ? success()
                          : shapes.error("has " + what + " = \"" + name +
                                         "\", which is no activation of a recurrent cell");
}

Expr product(Expr x, Expr kernel) {
  return x.with(
      MatmulOp::create(x.builder(), x.location(), x, kernel, UnitAttr(), UnitAttr(), UnitAttr()));
}

/// Part `index` of `count` equal ones along the last dimension.
Expr part(Expr x, int64_t index, int64_t count) {
  int64_t units = x.type().getShape().back() / count;
  return x.slice(x.rank() - 1, index * units, (index + 1) * units);
}

/// Row `index` of the two of a bias.
Expr biasRow(Expr bias, int64_t index) { return bias.slice(0, index, index + 1).squeeze(0); }

//===-- The three cells ----------------------------------------------------===//

using States = SmallVector<Expr, 2>;

/// The product of the input with the kernel, and the bias that goes with it.
struct InputPart {
  Expr kernel, bias;
  bool twoBiases = false;

  Expr operator()(Expr x) const {
    Expr z = product(x, kernel);
    if (!bias)
      return z;
    return z + (twoBiases ? biasRow(bias, 0) : bias);
  }
};

struct Cell {
  Expr recurrent, bias;
  Activate activate, gate;
  bool resetAfter = false;

  States rnn(Expr z, const States &s) const { return {activate(z + product(s[0], recurrent))}; }

  States lstm(Expr z, const States &s) const {
    z = z + product(s[0], recurrent);
    Expr cell = gate(part(z, 1, 4)) * s[1] + gate(part(z, 0, 4)) * activate(part(z, 2, 4));
    return {gate(part(z, 3, 4)) * activate(cell), cell};
  }

  States gru(Expr x, const States &s) const {
    Expr h = s[0], update, candidate;
    if (resetAfter) {
      Expr r = product(h, recurrent);
      if (bias)
        r = r + biasRow(bias, 1);
      update = gate(part(x, 0, 3) + part(r, 0, 3));
      Expr reset = gate(part(x, 1, 3) + part(r, 1, 3));
      candidate = activate(part(x, 2, 3) + reset * part(r, 2, 3));
    } else {
      int64_t units = recurrent.type().getShape().back() / 3;
      Expr gates = product(h, recurrent.slice(1, 0, 2 * units));
      update = gate(part(x, 0, 3) + part(gates, 0, 2));
      Expr reset = gate(part(x, 1, 3) + part(gates, 1, 2));
      candidate = activate(part(x, 2, 3) + product(reset * h, part(recurrent, 2, 3)));
    }
    return {update * h + (1 - update) * candidate};
  }
};

using Step = States (Cell::*)(Expr, const States &) const;

//===-- Shapes -------------------------------------------------------------===//

/// Checks a parameter's or state's shape.
LogicalResult checkShape(ShapeContext &shapes, StringRef what, Value value, ArrayRef<Dim> wanted) {
  if (!value)
    return success();
  Dims own = shapes.dims(value);
  bool fits = own.size() == wanted.size();
  for (size_t i = 0; fits && i < own.size(); ++i)
    fits = shapes.equal(own[i], wanted[i]);
  return fits ? success()
              : shapes.error("has " + what + " of shape " + shapes.print(own) + ", expected " +
                             shapes.print(wanted));
}

/// Kernels and bias; the number of units.
FailureOr<Dim> inferParameters(ShapeContext &shapes, Value input, int64_t inputRank, Value kernel,
                               Value recurrent, Value bias, int64_t gates, bool twoBiases) {
  if (failed(checkSameElement(shapes, {input, kernel, recurrent})) ||
      (bias && failed(checkSameElement(shapes, {input, bias}))))
    return failure();
  Dims x = shapes.dims(input), k = shapes.dims(kernel), r = shapes.dims(recurrent);
  if (static_cast<int64_t>(x.size()) != inputRank || k.size() != 2 || r.size() != 2)
    return shapes.error("needs an input of rank " + Twine(inputRank) +
                        " and kernels of rank 2, got ranks " + Twine(x.size()) + ", " +
                        Twine(k.size()) + " and " + Twine(r.size()));
  auto units = dyn_cast<AffineConstantExpr>(r[0]);
  if (!units)
    return shapes.error("needs a known number of units");
  Dim all = shapes.constant(gates * units.getValue());
  if (failed(checkShape(shapes, "a kernel", kernel, {x.back(), all})) ||
      failed(checkShape(shapes, "a recurrent kernel", recurrent, {r[0], all})))
    return failure();
  Dims biasDims = {all};
  if (twoBiases)
    biasDims.insert(biasDims.begin(), shapes.constant(2));
  if (failed(checkShape(shapes, "a bias", bias, biasDims)))
    return failure();
  return r[0];
}

template <typename Adaptor>
LogicalResult inferCell(Adaptor op, ShapeContext &shapes, ArrayRef<Value> states, int64_t gates,
                        bool twoBiases, SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "activation", op.getActivation())))
    return failure();
  FailureOr<Dim> units = inferParameters(shapes, op.getInput(), 2, op.getKernel(),
                                         op.getRecurrent(), op.getBias(), gates, twoBiases);
  if (failed(units))
    return failure();
  Dims state = {shapes.dims(op.getInput())[0], *units};
  for (Value each : states) {
    if (failed(checkSameElement(shapes, {op.getInput(), each})) ||
        failed(checkShape(shapes, "a state", each, state)))
      return failure();
    results.push_back({state, shapes.elementType(each)});
  }
  return success();
}

template <typename Adaptor>
LogicalResult inferSequence(Adaptor op, ShapeContext &shapes, ArrayRef<Value> states, int64_t gates,
                            bool twoBiases, SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "activation", op.getActivation())))
    return failure();
  FailureOr<Dim> units = inferParameters(shapes, op.getInput(), 3, op.getKernel(),
                                         op.getRecurrent(), op.getBias(), gates, twoBiases);
  if (failed(units))
    return failure();
  Dims x = shapes.dims(op.getInput()), state = {x[0], *units};
  Type element = shapes.elementType(op.getInput());
  if (failed(checkShape(shapes, "a mask", op.getMask(), {x[0], x[1]})))
    return failure();
  results.push_back({{x[0], x[1], *units}, element});
  for (Value each : states) {
    if (each && (failed(checkSameElement(shapes, {op.getInput(), each})) ||
                 failed(checkShape(shapes, "an initial state", each, state))))
      return failure();
    results.push_back({state, element});
  }
  return success();
}

//===-- Expansion ----------------------------------------------------------===//

template <typename Adaptor> Cell cellOf(Adaptor op, Expr x) {
  Cell cell{x.with(op.getRecurrent()), {}, activation(op.getActivation()), nullptr};
  if (op.getBias())
    cell.bias = x.with(op.getBias());
  if constexpr (requires { op.getRecurrentActivation(); })
    cell.gate = activation(op.getRecurrentActivation());
  if constexpr (requires { op.getResetAfter(); })
    cell.resetAfter = op.getResetAfter();
  return cell;
}

template <typename Adaptor> InputPart inputPartOf(Adaptor op, const Cell &cell) {
  return {cell.recurrent.with(op.getKernel()), cell.bias, cell.resetAfter};
}

template <typename Adaptor>
SmallVector<Value> expandCell(Adaptor op, OpBuilder &b, Location loc, Step step,
                              ArrayRef<Value> states) {
  Expr x(b, loc, op.getInput());
  Cell cell = cellOf(op, x);
  States now;
  for (Value state : states)
    now.push_back(x.with(state));
  States next = (cell.*step)(inputPartOf(op, cell)(x), now);
  return SmallVector<Value>(next.begin(), next.end());
}

template <typename Adaptor>
SmallVector<Value> expandSequence(Adaptor op, OpBuilder &b, Location loc, Step step,
                                  ArrayRef<Value> states) {
  // Time first: a scan runs over the first dimension.
  Expr x = Expr(b, loc, op.getInput()).transpose({1, 0, 2});
  Cell cell = cellOf(op, x);
  Expr z = inputPartOf(op, cell)(x);
  int64_t units = cell.recurrent.type().getDimSize(0);
  auto stateType = RankedTensorType::get({x.type().getDimSize(1), units}, x.element());
  auto zeros = [&]() -> Expr {
    Expr zero = x.number(0);
    if (stateType.hasStaticShape())
      return zero.with(BroadcastToOp::create(b, loc, stateType, zero, Value()));
    // Only the size of this is used.
    Expr like = x.sum(ArrayRef<int64_t>{0, 2}).expand(1);
    SmallVector<int64_t> tall = {stateType.getDimSize(0), 1};
    Expr column = zero.with(
        BroadcastToOp::create(b, loc, RankedTensorType::get(tall, x.element()), zero, like));
    return zero.with(BroadcastToOp::create(b, loc, stateType, column, Value()));
  };
  SmallVector<Value> inits, inputs = {z};
  for (Value state : states)
    inits.push_back(state ? state : Value(zeros()));
  bool masked = static_cast<bool>(op.getMask());
  if (masked)
    inputs.push_back(x.with(op.getMask()).transpose({1, 0}).expand(2));

  auto scan = ScanOp::make(b, loc, inits, inputs, op.getGoBackwards(), IntegerAttr(),
                           [&](OpBuilder &nested, ValueRange args, ValueRange slices) {
                             auto expr = [&](Value value) { return Expr(nested, loc, value); };
                             Cell inner = cell;
                             inner.recurrent = expr(cell.recurrent);
                             if (cell.bias)
                               inner.bias = expr(cell.bias);
                             States now;
                             for (size_t i = 0; i < states.size(); ++i)
                               now.push_back(expr(args[i]));
                             States next = (inner.*step)(expr(slices[0]), now);
                             Expr output = next[0];
                             if (masked) {
                               Expr mask = expr(slices[1]);
                               for (auto [was, is] : llvm::zip(now, next))
                                 is = where(mask, is, was);
                               output =
                                   op.getZeroOutputForMask() ? where(mask, output, 0) : next[0];
                             }
                             SmallVector<Value> yields(next.begin(), next.end());
                             yields.push_back(output);
                             return yields;
                           });
  Expr sequence = x.with(scan.getResults().back());
  if (op.getGoBackwards())
    sequence = sequence.with(ReverseOp::create(b, loc, sequence, b.getDenseI64ArrayAttr({0})));
  SmallVector<Value> results = {sequence.transpose({1, 0, 2})};
  llvm::append_range(results, scan.getResults().take_front(states.size()));
  return results;
}

} // namespace

//===-- Cells --------------------------------------------------------------===//

LogicalResult RnnCellOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  return inferCell(op, shapes, op.getHidden(), 1, false, results);
}

SmallVector<Value> RnnCellOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandCell(op, b, getLoc(), &Cell::rnn, op.getHidden());
}

LogicalResult LstmCellOp::inferShape(Adaptor op, ShapeContext &shapes,
                                     SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "recurrent_activation", op.getRecurrentActivation())))
    return failure();
  return inferCell(op, shapes, {op.getHidden(), op.getCell()}, 4, false, results);
}

SmallVector<Value> LstmCellOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandCell(op, b, getLoc(), &Cell::lstm, {op.getHidden(), op.getCell()});
}

LogicalResult GruCellOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "recurrent_activation", op.getRecurrentActivation())))
    return failure();
  return inferCell(op, shapes, op.getHidden(), 3, op.getResetAfter(), results);
}

SmallVector<Value> GruCellOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandCell(op, b, getLoc(), &Cell::gru, op.getHidden());
}

//===-- Sequences ----------------------------------------------------------===//

LogicalResult RnnOp::inferShape(Adaptor op, ShapeContext &shapes, SmallVectorImpl<Shape> &results) {
  return inferSequence(op, shapes, op.getHidden(), 1, false, results);
}

SmallVector<Value> RnnOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandSequence(op, b, getLoc(), &Cell::rnn, op.getHidden());
}

LogicalResult LstmOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "recurrent_activation", op.getRecurrentActivation())))
    return failure();
  return inferSequence(op, shapes, {op.getHidden(), op.getCell()}, 4, false, results);
}

SmallVector<Value> LstmOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandSequence(op, b, getLoc(), &Cell::lstm, {op.getHidden(), op.getCell()});
}

LogicalResult GruOp::inferShape(Adaptor op, ShapeContext &shapes, SmallVectorImpl<Shape> &results) {
  if (failed(checkActivation(shapes, "recurrent_activation", op.getRecurrentActivation())))
    return failure();
  return inferSequence(op, shapes, op.getHidden(), 3, op.getResetAfter(), results);
}

SmallVector<Value> GruOp::expand(OpBuilder &b, ValueRange operands) {
  Adaptor op(operands, *this);
  return expandSequence(op, b, getLoc(), &Cell::gru, op.getHidden());
}
