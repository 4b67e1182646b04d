// What `fn.minimize` is told: optimizers, schedules of the learning rate, constraints of weights.
#ifndef FN_TRAINING_ATTRS
#define FN_TRAINING_ATTRS

include "dialect/FnBase.td"

//===-- Interfaces ---------------------------------------------------------===//

def Fn_OptimizerInterface : AttrInterface<"Optimizer"> {
  let cppNamespace = "::fn";
  let description = [{
    A rule that makes new values of a variable and its slots from a gradient. The formulas are
    those of tf_keras: its legacy optimizers, which subtract 1 - beta in the variable's type, and
    for AdamW and Lion the newer ones, which round it from double.
  }];
  let methods = [
    InterfaceMethod<"Builds one step of one variable.", "void", "apply",
                    (ins "::fn::OptimizerStep &":$step)>,
    InterfaceMethod<"The learning rate.", "double", "rate", (ins),
                    [{ return $_attr.getLearningRate(); }]>,
    InterfaceMethod<"What is subtracted from a weight in proportion to it and the rate, apart from the gradient.",
                    "double", "decay", (ins), "", [{ return 0; }]>,
    InterfaceMethod<"The name of an instance that is given none.", "::llvm::StringRef", "defaultName",
                    (ins), [{ return $_attr.getMnemonic(); }]>,
  ];
}

def Fn_ScheduleInterface : AttrInterface<"Schedule"> {
  let cppNamespace = "::fn";
  let description = "A learning rate as a function of the number of steps done.";
  let methods = [
    InterfaceMethod<"The rate of the step that follows `done` ones, a float of rank 0.",
                    "::fn::Expr", "rateAfter", (ins "::fn::Expr":$done)>,
    InterfaceMethod<"The rate at the beginning.", "double", "first", (ins), "",
                    [{ return $_attr.getLearningRate(); }]>,
  ];
}

def Fn_ConstraintInterface : AttrInterface<"WeightConstraint"> {
  let cppNamespace = "::fn";
  let description = "What weights must satisfy after each step.";
  let methods = [
    InterfaceMethod<"The weights that satisfy it, made from `weights`.", "::fn::Expr", "project",
                    (ins "::fn::Expr":$weights)>,
    InterfaceMethod<"The axes of its norms, if any.", "::llvm::ArrayRef<int64_t>", "normAxes", (ins),
                    "", [{
      if constexpr (requires { $_attr.getAxes(); })
        return $_attr.getAxes();
      return {};
    }]>,
  ];
}

//===-- Parameters ---------------------------------------------------------===//

class Fn_Number<string value> : DefaultValuedParameter<"::fn::Number", "::fn::Number(" # value # ")">;
def Fn_Flag : DefaultValuedParameter<"bool", "false">;
def Fn_Axes : DefaultValuedParameter<"::mlir::DenseI64ArrayAttr",
                                       "::mlir::DenseI64ArrayAttr::get($_ctxt, {0})">;

class Fn_TrainingAttr<string cppName, string attrMnemonic, string what, list<Trait> traits>
    : AttrDef<Fn_Dialect, cppName, traits> {
  let mnemonic = attrMnemonic;
  let summary = what;
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}
class Fn_OptimizerAttr<string cppName, string attrMnemonic, string what,
                       list<string> methods = ["apply"]>
    : Fn_TrainingAttr<cppName, attrMnemonic, what,
                      [DeclareAttrInterfaceMethods<Fn_OptimizerInterface, methods>]>;
class Fn_ScheduleAttr<string cppName, string attrMnemonic, string what, list<string> methods = []>
    : Fn_TrainingAttr<cppName, attrMnemonic, what,
                      [DeclareAttrInterfaceMethods<Fn_ScheduleInterface, methods>]>;
class Fn_ConstraintAttr<string cppName, string attrMnemonic, string what>
    : Fn_TrainingAttr<cppName, attrMnemonic, what,
                      [DeclareAttrInterfaceMethods<Fn_ConstraintInterface>]>;

//===-- Optimizers ---------------------------------------------------------===//
// In the formulas p is the variable, g its gradient, lr the rate, t the step from 1 on.

def Fn_SgdAttr : Fn_OptimizerAttr<"Sgd", "sgd", "gradient descent, with momentum or without", ["apply", "decay"]> {
  let description = [{
    `p -= lr g`; with momentum `v = momentum v - lr g; p += v`, by Nesterov's form
    `p += momentum v - lr g`. Slot: `momentum`.
  }];
  let parameters = (ins Fn_Number<"0.01">:$learning_rate, Fn_Number<"0.0">:$momentum,
                        Fn_Flag:$nesterov, Fn_Number<"0.0">:$weight_decay);
}
def Fn_RmspropAttr : Fn_OptimizerAttr<"Rmsprop", "rmsprop", "the gradient over its root mean square"> {
  let description = [{
    `r = rho r + (1 - rho) g^2; p -= lr g / (sqrt(r) + epsilon)`. `centered` takes r - m^2 for r,
    m being the mean of g. With momentum epsilon stands inside the root:
    `v = momentum v + lr g / sqrt(r + epsilon); p -= v`. Slots: `rms`, `mg`, `momentum`.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.9">:$rho,
                        Fn_Number<"0.0">:$momentum, Fn_Number<"1e-7">:$epsilon, Fn_Flag:$centered);
}
def Fn_AdagradAttr : Fn_OptimizerAttr<"Adagrad", "adagrad", "the gradient over the root of the sum of its squares"> {
  let description = "`a += g^2; p -= lr g / (sqrt(a) + epsilon)`. Slot: `accumulator`.";
  let parameters = (ins Fn_Number<"0.001">:$learning_rate,
                        Fn_Number<"0.1">:$initial_accumulator_value, Fn_Number<"1e-7">:$epsilon);
}
def Fn_AdadeltaAttr : Fn_OptimizerAttr<"Adadelta", "adadelta", "steps of the size of the steps before"> {
  let description = [{
    `a = rho a + (1 - rho) g^2; s = sqrt(d + epsilon) / sqrt(a + epsilon) g;
    d = rho d + (1 - rho) s^2; p -= lr s`. Slots: `accum_grad` a, `accum_var` d.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.95">:$rho,
                        Fn_Number<"1e-7">:$epsilon);
}
def Fn_AdamAttr : Fn_OptimizerAttr<"Adam", "adam", "adaptive moments; AMSGrad by `amsgrad`"> {
  let description = [{
    `m = beta_1 m + (1 - beta_1) g; v = beta_2 v + (1 - beta_2) g^2;
    p -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)`; AMSGrad takes the largest
    v so far. Slots: `m`, `v`, `vhat`.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.9">:$beta_1,
                        Fn_Number<"0.999">:$beta_2, Fn_Number<"1e-7">:$epsilon, Fn_Flag:$amsgrad);
}
def Fn_AdamwAttr : Fn_OptimizerAttr<"Adamw", "adamw", "Adam with decoupled weight decay",
                                    ["apply", "decay"]> {
  let description = "Adam, and `p -= lr weight_decay p` with the entry value of p.";
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.004">:$weight_decay,
                        Fn_Number<"0.9">:$beta_1, Fn_Number<"0.999">:$beta_2,
                        Fn_Number<"1e-7">:$epsilon, Fn_Flag:$amsgrad);
}
def Fn_AdamaxAttr : Fn_OptimizerAttr<"Adamax", "adamax", "Adam by the infinity norm"> {
  let description = [{
    `m = beta_1 m + (1 - beta_1) g; v = max(beta_2 v, |g|);
    p -= lr / (1 - beta_1^t) m / (v + epsilon)`. Slots: `m`, `v`.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.9">:$beta_1,
                        Fn_Number<"0.999">:$beta_2, Fn_Number<"1e-7">:$epsilon);
}
def Fn_NadamAttr : Fn_OptimizerAttr<"Nadam", "nadam", "Adam with Nesterov's momentum"> {
  let description = [{
    `mu(t) = beta_1 (1 - 0.96^(0.004 t) / 2)`, M their product so far;
    `p -= lr ((1 - mu(t)) g / (1 - M) + mu(t + 1) m / (1 - M mu(t + 1))) /
    (sqrt(v / (1 - beta_2^t)) + epsilon)`. Slots: `m`, `v`, and for all variables `m_cache` M.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.9">:$beta_1,
                        Fn_Number<"0.999">:$beta_2, Fn_Number<"1e-7">:$epsilon);
}
def Fn_FtrlAttr : Fn_OptimizerAttr<"Ftrl", "ftrl", "follow the regularized leader"> {
  let description = [{
    With q = -learning_rate_power: `b = a + g^2; z += g + 2 l2_shrinkage p - (b^q - a^q) / lr p; a = b;
    p = |z| > l1 ? (sign(z) l1 - z) / ((b^q + beta) / lr + 2 l2) : 0`.
    Slots: `accumulator` a, `linear` z.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"-0.5">:$learning_rate_power,
                        Fn_Number<"0.1">:$initial_accumulator_value, Fn_Number<"0.0">:$l1,
                        Fn_Number<"0.0">:$l2, Fn_Number<"0.0">:$l2_shrinkage, Fn_Number<"0.0">:$beta);
}
def Fn_LionAttr : Fn_OptimizerAttr<"Lion", "lion", "the sign of a momentum", ["apply", "decay"]> {
  let description = [{
    `p -= lr sign(beta_1 m + (1 - beta_1) g); m = beta_2 m + (1 - beta_2) g`. Slot: `m`.
  }];
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"0.9">:$beta_1,
                        Fn_Number<"0.99">:$beta_2, Fn_Number<"0.0">:$weight_decay);
}

//===-- Schedules ----------------------------------------------------------===//
// In the formulas n is the number of steps done, N decay_steps, r the learning rate given.

def Fn_ConstantRateAttr : Fn_ScheduleAttr<"ConstantRate", "constant_rate", "the same rate always", ["rateAfter"]> {
  let parameters = (ins Fn_Number<"0.001">:$learning_rate);
}
def Fn_ExponentialDecayAttr : Fn_ScheduleAttr<"ExponentialDecay", "exponential_decay",
                                              "r decay_rate^(n / N), `staircase` by whole n / N", ["rateAfter"]> {
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"1000.0">:$decay_steps,
                        Fn_Number<"0.96">:$decay_rate, Fn_Flag:$staircase);
}
def Fn_InverseTimeDecayAttr : Fn_ScheduleAttr<"InverseTimeDecay", "inverse_time_decay",
                                              "r / (1 + decay_rate n / N), `staircase` by whole n / N", ["rateAfter"]> {
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"1000.0">:$decay_steps,
                        Fn_Number<"0.5">:$decay_rate, Fn_Flag:$staircase);
}
def Fn_PolynomialDecayAttr : Fn_ScheduleAttr<"PolynomialDecay", "polynomial_decay",
    "(r - end) (1 - min(n, N) / N)^power + end; `cycle` stretches N to its multiple from n on", ["rateAfter"]> {
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"1000.0">:$decay_steps,
                        Fn_Number<"0.0001">:$end, Fn_Number<"1.0">:$power, Fn_Flag:$cycle);
}
def Fn_CosineDecayAttr : Fn_ScheduleAttr<"CosineDecay", "cosine_decay",
    "r ((1 - alpha) (1 + cos(pi min(n, N) / N)) / 2 + alpha)", ["rateAfter"]> {
  let parameters = (ins Fn_Number<"0.001">:$learning_rate, Fn_Number<"1000.0">:$decay_steps,
                        Fn_Number<"0.0">:$alpha);
}
def Fn_PiecewiseConstantAttr : Fn_ScheduleAttr<"PiecewiseConstant", "piecewise_constant",
    "values[k] until n is beyond boundaries[k]; the last value after that", ["rateAfter", "first"]> {
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$boundaries, "::mlir::DenseF64ArrayAttr":$values);
  let assemblyFormat = "`<` struct(params) `>`";
}
def Fn_WarmupAttr : Fn_ScheduleAttr<"Warmup", "warmup",
    "in a line from `start` to the first rate of `then`, in `steps` steps; then that schedule", ["rateAfter", "first"]> {
  let parameters = (ins "int64_t":$steps, Fn_Number<"0.0">:$start, "::fn::Schedule":$then);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===-- Constraints --------------------------------------------------------===//
// The norm is over `axes`: for a matrix of a dense layer over axis 0, as in Keras.

def Fn_MaxNormAttr : Fn_ConstraintAttr<"MaxNorm", "max_norm", "norms of at most `max`"> {
  let parameters = (ins Fn_Number<"2.0">:$max, Fn_Axes:$axes);
}
def Fn_MinMaxNormAttr : Fn_ConstraintAttr<"MinMaxNorm", "min_max_norm",
                                          "norms between `min` and `max`, approached at `rate`"> {
  let parameters = (ins Fn_Number<"0.0">:$min, Fn_Number<"1.0">:$max, Fn_Number<"1.0">:$rate, Fn_Axes:$axes);
}
def Fn_UnitNormAttr : Fn_ConstraintAttr<"UnitNorm", "unit_norm", "norms of 1"> {
  let parameters = (ins Fn_Axes:$axes);
}
def Fn_NonNegAttr : Fn_ConstraintAttr<"NonNeg", "non_neg", "no negative weight"> {
  let assemblyFormat = "";
  let genVerifyDecl = 0;
}

//===-- Loss scaling -------------------------------------------------------===//

def Fn_LossScaleAttr : Fn_TrainingAttr<"LossScale", "loss_scale", "a factor of the loss that keeps small gradients", []> {
  let description = [{
    Gradients are those of the scaled loss, divided by the scale. A call with a non-finite one
    changes no variable, and halves the scale (not below 1); `growth_steps` finite calls in a row
    double it. With `growth_steps = 0` it is fixed and nothing is skipped.
    Slots: `loss_scale`, `good_steps`.
  }];
  let parameters = (ins Fn_Number<"32768.0">:$initial,
                        DefaultValuedParameter<"int64_t", "2000">:$growth_steps);
}

#endif // FN_TRAINING_ATTRS
