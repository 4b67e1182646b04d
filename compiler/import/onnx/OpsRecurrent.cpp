//===- OpsRecurrent.cpp - RNN, GRU, LSTM ----------------------------------===//
//
// The products with the input are taken of all steps at once. A few steps are unrolled; more of
// them, or a number that the call tells, are an fn.scan.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include "llvm/ADT/StringExtras.h"
#include <functional>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

// Of fewer steps there is no loop.
constexpr int64_t maxUnrolled = 8;

/// One of the activations that a cell names.
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;

  Value operator()(Ops &o, Value x) const {
    if (!x)
      return x;
    if (name == "sigmoid")
      return o.make<fn::SigmoidOp>({x});
    if (name == "tanh")
      return o.make<fn::TanhOp>({x});
    if (name == "relu")
      return o.make<fn::ReluOp>({x});
    if (name == "softsign")
      return o.make<fn::SoftsignOp>({x});
    if (name == "softplus")
      return o.make<fn::SoftplusOp>({x});
    if (name == "affine")
      return o.add(o.mul(x, alpha), beta);
    if (name == "leakyrelu")
      return o.make<fn::LeakyReluOp>({x}, {o.real("alpha", alpha)});
    if (name == "elu")
      return o.make<fn::EluOp>({x}, {o.real("alpha", alpha)});
    if (name == "thresholdedrelu")
      return o.where(o.less(x, alpha), o.scalar(0, Ops::element(x)), x);
    if (name == "scaledtanh")
      return o.mul(o.make<fn::TanhOp>({o.mul(x, beta)}), alpha);
    if (name == "hardsigmoid")
      return o.minimum(o.maximum(o.add(o.mul(x, alpha), beta), 0.0), 1.0);
    return o.error("unknown activation '" + name + "'");
  }
};

/// What RNN, GRU and LSTM share.
struct Cell {
  Node &n;
  Ops &o;
  int64_t gates, perDirection; ///< numbers of gates and of activations
  Value x, w, r, b, lengths, h0, c0, peepholes;
  int64_t steps = 0, batch = 0, hidden = 0, directions = 1;
  bool reverse = false, batchFirst = false;
  double clip = 0;
  SmallVector<Activation> activations;
  Type type;

  /// `v` times the transposed weights of a direction: those of the input, or of the state.
  std::function<Value(Value v, int64_t direction, bool ofState)> product =
      [this](Value v, int64_t d, bool ofState) {
        return o.matmul(v, o.at(ofState ? r : w, 0, d), false, true);
      };

  Cell(Node &n, Ops &o, int64_t gates, int64_t perDirection)
      : n(n), o(o), gates(gates), perDirection(perDirection) {}

  /// `transposed`: the weights are [directions, input, gates * hidden].
  LogicalResult read(ArrayRef<StringRef> defaults, bool transposed = false);
  Value part(Value v, int64_t index, int64_t axis) {
    return o.slice(v, axis, index * hidden, (index + 1) * hidden);
  }
  Value clipped(Value v) { return clip > 0 ? o.minimum(o.maximum(v, -clip), clip) : v; }
  /// From the product with an input, a direction and the states to the next states.
  using Step = llvm::function_ref<SmallVector<Value>(Value, int64_t, ArrayRef<Value>)>;
  /// Defines the outputs.
  LogicalResult run(Step step);

private:
  /// One step: the states after it, then what it gives.
  SmallVector<Value> stepOf(Step step, Value input, Value time, int64_t d, ArrayRef<Value> states);
  /// The last states and the stacked outputs of a direction.
  SmallVector<Value> scanned(Step step, Value inputs, int64_t d, ArrayRef<Value> states);
  SmallVector<Value> unrolled(Step step, Value inputs, int64_t d, ArrayRef<Value> states);
  bool isBackwards(int64_t d) const { return reverse || d == 1; }
};

LogicalResult Cell::read(ArrayRef<StringRef> defaults, bool transposed) {
  x = n.in(0);
  w = n.in(1);
  r = n.in(2);
  if (!x || !w || !r)
    return failure();
  batchFirst = n.opset >= 14 && n.i("layout", 0);
  if (Ops::rank(x) != 3 || Ops::rank(w) != 3 || Ops::rank(r) != 3)
    return n.error("needs tensors of rank 3");
  if (batchFirst)
    x = o.swapAxes(x, 0, 1);
  steps = Ops::shape(x)[0];
  batch = Ops::shape(x)[1];
  int64_t outer = transposed ? 2 : 1;
  hidden = Ops::shape(r)[3 - outer];
  directions = Ops::shape(w)[0];
  type = Ops::element(x);
  std::string direction = n.s("direction", "forward");
  reverse = direction == "reverse";
  if (direction != "forward" && !reverse && direction != "bidirectional")
    return n.error("direction is '") << direction << "'";
  if (steps == 0)
    return n.error("has no steps");
  if (directions != (direction == "bidirectional" ? 2 : 1) || Ops::shape(r)[0] != directions ||
      Ops::shape(w)[outer] != gates * hidden || Ops::shape(r)[outer] != gates * hidden)
    return n.error("weights of types ") << Ops::type(w) << " and " << Ops::type(r) << " do not fit";
  clip = n.f("clip", 0);
  auto optional = [&](size_t i) { return n.has(i) ? n.in(i) : Value(); };
  b = optional(3);
  lengths = optional(4);
  h0 = optional(5);
  if (gates == 4) {
    c0 = optional(6);
    peepholes = optional(7);
  }
  if (h0 && batchFirst)
    h0 = o.swapAxes(h0, 0, 1);
  if (c0 && batchFirst)
    c0 = o.swapAxes(c0, 0, 1);

  std::vector<std::string> names = n.ss("activations").value_or(std::vector<std::string>());
  SmallVector<double> alphas = n.fs("activation_alpha").value_or(SmallVector<double>());
  SmallVector<double> betas = n.fs("activation_beta").value_or(SmallVector<double>());
  if (names.empty())
    for (int64_t d = 0; d < directions; ++d)
      for (StringRef name : defaults)
        names.push_back(name.str());
  if (static_cast<int64_t>(names.size()) < directions * perDirection)
    return n.error("has ") << names.size() << " activations, expected "
                           << directions * perDirection;
  // Values are given for those activations that take one, in order.
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    Activation a{StringRef(name).lower()};
    bool takesAlpha = llvm::is_contained(
        {"leakyrelu", "elu", "thresholdedrelu", "affine", "scaledtanh", "hardsigmoid"}, a.name);
    bool takesBeta = llvm::is_contained({"affine", "scaledtanh", "hardsigmoid"}, a.name);
    a.alpha = a.name == "leakyrelu" ? 0.01 : a.name == "hardsigmoid" ? 0.2 : 1;
    a.beta = a.name == "hardsigmoid" ? 0.5 : a.name == "scaledtanh" ? 1 : 0;
    if (takesAlpha && nextAlpha < alphas.size())
      a.alpha = alphas[nextAlpha++];
    if (takesBeta && nextBeta < betas.size())
      a.beta = betas[nextBeta++];
    activations.push_back(a);
  }
  return success();
}

SmallVector<Value> Cell::stepOf(Step step, Value input, Value time, int64_t d,
                                ArrayRef<Value> states) {
  SmallVector<Value> next = step(input, d, states);
  if (llvm::is_contained(next, Value()))
    return {};
  Value output = next[0];
  if (lengths) {
    // After its end a sequence gives zeros and keeps its state.
    Value inside = o.expand(o.less(time, o.cast(lengths, o.i64())), {1});
    output = o.where(inside, output, o.scalar(0, type));
    for (auto [after, before] : llvm::zip(next, states))
      after = o.where(inside, after, before);
  }
  next.push_back(output);
  return llvm::is_contained(next, Value()) ? SmallVector<Value>() : next;
}

SmallVector<Value> Cell::unrolled(Step step, Value inputs, int64_t d, ArrayRef<Value> states) {
  SmallVector<Value> state(states), outputs(steps);
  for (int64_t i = 0; i < steps; ++i) {
    int64_t t = isBackwards(d) ? steps - 1 - i : i;
    state = stepOf(step, o.at(inputs, 0, t), o.ints({t}, {}, o.i64()), d, state);
    if (state.empty())
      return {};
    outputs[t] = state.pop_back_val();
  }
  state.push_back(o.stack(outputs, 0));
  return state;
}

SmallVector<Value> Cell::scanned(Step step, Value inputs, int64_t d, ArrayRef<Value> states) {
  SmallVector<Value> sources = {inputs};
  if (lengths)
    sources.push_back(Ops::isStatic(inputs)
                          ? o.iota({steps}, 0, o.i64())
                          : o.make<fn::IotaOp>({inputs}, {o.attr("shape", {kDynamic}),
                                                          o.attr("element_type", o.i64()),
                                                          o.attr("axis", int64_t(0))}));
  if (llvm::is_contained(sources, Value()))
    return {};
  Body round(o, /*isLoop=*/true);
  SmallVector<Value> state;
  for (Value init : states)
    state.push_back(round.argument(init.getType()));
  SmallVector<Value> slices;
  for (Value source : sources)
    slices.push_back(round.argument(
        RankedTensorType::get(Ops::shape(source).drop_front(), Ops::element(source))));
  SmallVector<Value> next = stepOf(step, slices[0], lengths ? slices[1] : Value(), d, state);
  if (next.empty())
    return {};
  round.yield(next);
  round.close();
  SmallVector<Type> types(ValueRange(states).getTypes());
  Ints stacked = {steps};
  stacked.append(Ops::shape(next.back()).begin(), Ops::shape(next.back()).end());
  types.push_back(RankedTensorType::get(stacked, type));
  auto op = fn::ScanOp::create(o.b, o.loc, types, states, sources,
                               isBackwards(d) ? o.b.getUnitAttr() : UnitAttr(), IntegerAttr(),
                               o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  return SmallVector<Value>(op.getResults());
}

LogicalResult Cell::run(Step step) {
  size_t numStates = gates == 4 ? 2 : 1;
  SmallVector<Value> sequences;
  SmallVector<SmallVector<Value>> last(numStates);
  for (int64_t d = 0; d < directions; ++d) {
    // [steps, batch, gates * hidden]
    Value inputs = product(x, d, false);
    SmallVector<Value> states;
    for (size_t s = 0; s < numStates; ++s) {
      Value given = s == 0 ? h0 : c0;
      // Zeros for each sequence, however many there are.
      states.push_back(given ? o.at(given, 0, d)
                             : o.broadcastLike(o.scalar(0, type), part(o.at(inputs, 0, 0), 0, 1)));
    }
    if (!inputs || llvm::is_contained(states, Value()))
      return failure();
    bool isShort = steps != kDynamic && steps <= maxUnrolled;
    states = isShort ? unrolled(step, inputs, d, states) : scanned(step, inputs, d, states);
    if (states.empty() || !states.back())
      return failure();
    sequences.push_back(states.pop_back_val());
    for (size_t s = 0; s < numStates; ++s)
      last[s].push_back(states[s]);
  }
  // [steps, directions, batch, hidden], or with the batch in front.
  Value y = o.stack(sequences, 1);
  if (failed(n.set(0, batchFirst ? o.transpose(y, {2, 0, 1, 3}) : y)))
    return failure();
  for (size_t s = 0; s < numStates; ++s)
    if (failed(n.set(s + 1, o.stack(last[s], batchFirst ? 1 : 0))))
      return failure();
  return success();
}

LogicalResult rnn(Node &n, Ops &o) {
  Cell c(n, o, 1, 1);
  if (failed(c.read({"tanh"})))
    return failure();
  return c.run([&](Value in, int64_t d, ArrayRef<Value> states) -> SmallVector<Value> {
    Value sum = o.add(in, c.product(states[0], d, true));
    if (c.b) {
      Value b = o.at(c.b, 0, d);
      sum = o.add(sum, o.add(c.part(b, 0, 0), c.part(b, 1, 0)));
    }
    return {c.activations[d](o, c.clipped(sum))};
  });
}

LogicalResult gru(Node &n, Ops &o) {
  Cell c(n, o, 3, 2);
  if (failed(c.read({"sigmoid", "tanh"})))
    return failure();
  bool linear = n.i("linear_before_reset", 0);
  return c.run([&](Value in, int64_t d, ArrayRef<Value> states) -> SmallVector<Value> {
    const Activation &f = c.activations[2 * d], &g = c.activations[2 * d + 1];
    Value h = states[0], r = o.at(c.r, 0, d), b = c.b ? o.at(c.b, 0, d) : Value();
    auto biased = [&](Value v, int64_t index) { return b ? o.add(v, c.part(b, index, 0)) : v; };
    auto recurrent = [&](Value v, int64_t gate) {
      return o.matmul(v, c.part(r, gate, 0), false, true);
    };
    auto gate = [&](int64_t index) {
      Value sum = o.add(c.part(in, index, 1), recurrent(h, index));
      return f(o, c.clipped(biased(biased(sum, index), index + 3)));
    };
    Value update = gate(0), reset = gate(1), candidate;
    if (linear)
      candidate = o.mul(reset, biased(recurrent(h, 2), 5));
    else
      candidate = biased(recurrent(o.mul(reset, h), 2), 5);
    candidate = g(o, c.clipped(biased(o.add(c.part(in, 2, 1), candidate), 2)));
    if (!update || !candidate)
      return {Value()};
    Value rest = o.sub(o.scalar(1, c.type), update);
    return {o.add(o.mul(rest, candidate), o.mul(update, h))};
  });
}

LogicalResult runLstm(Node &n, Ops &o, Cell &c) {
  bool coupled = n.i("input_forget", 0);
  return c.run([&](Value in, int64_t d, ArrayRef<Value> states) -> SmallVector<Value> {
    const Activation *act = &c.activations[3 * d];
    Value h = states[0], cell = states[1];
    Value sum = o.add(in, c.product(h, d, true));
    if (c.b) {
      Value b = o.at(c.b, 0, d);
      sum = o.add(sum,
                  o.add(o.slice(b, 0, 0, 4 * c.hidden), o.slice(b, 0, 4 * c.hidden, 8 * c.hidden)));
    }
    Value p = c.peepholes ? o.at(c.peepholes, 0, d) : Value();
    // Gates stand in the order input, output, forget, cell; peepholes likewise.
    auto gate = [&](int64_t index, Value seen) {
      Value v = c.part(sum, index, 1);
      if (p)
        v = o.add(v, o.mul(c.part(p, index, 0), seen));
      return act[0](o, c.clipped(v));
    };
    Value input = gate(0, cell);
    Value candidate = act[1](o, c.clipped(c.part(sum, 3, 1)));
    if (!input)
      return {Value(), Value()};
    Value forget = coupled ? o.sub(o.scalar(1, c.type), input) : gate(2, cell);
    Value next = o.add(o.mul(forget, cell), o.mul(input, candidate));
    return {o.mul(gate(1, next), act[2](o, next)), next};
  });
}

LogicalResult lstm(Node &n, Ops &o) {
  Cell c(n, o, 4, 3);
  return failed(c.read({"sigmoid", "tanh", "tanh"})) ? failure() : runLstm(n, o, c);
}

/// Part `index` along the first dimension; a constant where `x` is one.
Value knownPart(Ops &o, Value x, int64_t index) {
  DenseElementsAttr known = Ops::known(x);
  if (!known || known.isSplat())
    return o.at(x, 0, index);
  ArrayRef<char> raw = known.getRawData();
  size_t bytes = raw.size() / Ops::shape(x)[0];
  return o.constant(DenseElementsAttr::getFromRawBuffer(
      RankedTensorType::get(Ops::shape(x).drop_front(), Ops::element(x)),
      raw.slice(index * bytes, bytes)));
}

/// Weights are bytes; what they meet is made bytes anew in each product.
LogicalResult dynamicQuantizeLstm(Node &n, Ops &o) {
  Cell c(n, o, 4, 3);
  if (failed(c.read({"sigmoid", "tanh", "tanh"}, /*transposed=*/true)))
    return failure();
  Value scales[] = {n.in(8), n.in(10)}, zeros[] = {n.in(9), n.in(11)};
  if (!scales[0] || !scales[1] || !zeros[0] || !zeros[1])
    return failure();
  // Per direction, or per direction and column.
  auto ofDirection = [&](Value v, int64_t d) {
    return Ops::rank(v) == 0 ? v
                             : scalarLike(o, Ops::shape(v)[0] == 1 ? o.at(v, 0, 0) : o.at(v, 0, d));
  };
  SmallVector<Bytes> weights[2];
  for (int64_t d = 0; d < c.directions; ++d)
    for (bool ofState : {false, true})
      weights[ofState].push_back(
          {knownPart(o, ofState ? c.r : c.w, d), ofDirection(zeros[ofState], d)});
  c.product = [&, weights](Value v, int64_t d, bool ofState) -> Value {
    Quantized q = dynamicallyQuantized(o, v);
    Value sum = byteMatmul(o, {q.values, q.zero}, weights[ofState][d]);
    return o.mul(o.cast(sum, o.f32()), o.mul(ofDirection(scales[ofState], d), q.scale));
  };
  return runLstm(n, o, c);
}

} // namespace

void fnc::onnx_import::addRecurrentOps(OpTable &table) {
  table[":GRU"] = gru;
  table[":LSTM"] = lstm;
  table[":RNN"] = rnn;
  table["com.microsoft:DynamicQuantizeLSTM"] = dynamicQuantizeLstm;
}
