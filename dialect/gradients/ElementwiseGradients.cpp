//===- ElementwiseGradients.cpp - gradient rules of elementwise ops -------===//
//
// At kinks the rules take the side that TensorFlow takes: relu 0 at 0, maximum and minimum all to
// the left operand of equals, clamp 1 at its limits.
//
//===----------------------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include <numbers>

using namespace mlir;
using namespace fn;

constexpr double pi = std::numbers::pi;

//===-- One operand ----------------------------------------------------------===//

void IdentityOp::differentiate(Gradient &g) { g.add(0, g.dy()); }
void BarrierOp::differentiate(Gradient &g) { g.add(0, g.dy()); }
void NegOp::differentiate(Gradient &g) { g.add(0, -g.dy()); }
void AbsOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<SignOp>()); }
void SquareOp::differentiate(Gradient &g) { g.add(0, g.dy() * (g.x() * 2)); }
void ReciprocalOp::differentiate(Gradient &g) { g.add(0, -g.dy() * g.y() * g.y()); }
// What does not count (a gradient of 0) stays without effect where the slope is no number.
// Elsewhere it is a factor like any other, with a slope of its own.
void SqrtOp::differentiate(Gradient &g) {
  Expr root = where(g.y() > 0, g.y(), where(equal(g.dy(), 0), g.y().number(1), g.y()));
  g.add(0, g.dy() * 0.5 / root);
}
void RsqrtOp::differentiate(Gradient &g) { g.add(0, g.dy() * -0.5 * g.y() * g.y() * g.y()); }
void ExpOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.y()); }
void Expm1Op::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<ExpOp>()); }
void LogOp::differentiate(Gradient &g) { g.add(0, g.dy() / g.x()); }
void Log2Op::differentiate(Gradient &g) { g.add(0, g.dy() / (g.x() * std::numbers::ln2)); }
void Log1pOp::differentiate(Gradient &g) { g.add(0, g.dy() / (g.x() + 1)); }
void SinOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<CosOp>()); }
void CosOp::differentiate(Gradient &g) { g.add(0, -g.dy() * g.x().apply<SinOp>()); }
void TanOp::differentiate(Gradient &g) { g.add(0, g.dy() * (1 + g.y() * g.y())); }
void AsinOp::differentiate(Gradient &g) {
  g.add(0, g.dy() / ((1 - g.x()) * (1 + g.x())).apply<SqrtOp>());
}
void AcosOp::differentiate(Gradient &g) {
  g.add(0, -g.dy() / ((1 - g.x()) * (1 + g.x())).apply<SqrtOp>());
}
void AtanOp::differentiate(Gradient &g) { g.add(0, g.dy() / (1 + g.x() * g.x())); }
void SinhOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<CoshOp>()); }
void CoshOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<SinhOp>()); }
void TanhOp::differentiate(Gradient &g) { g.add(0, g.dy() * (1 - g.y() * g.y())); }
void AsinhOp::differentiate(Gradient &g) { g.add(0, g.dy() / (g.x() * g.x() + 1).apply<SqrtOp>()); }
void AcoshOp::differentiate(Gradient &g) {
  g.add(0, g.dy() / ((g.x() - 1) * (g.x() + 1)).apply<SqrtOp>());
}
void AtanhOp::differentiate(Gradient &g) { g.add(0, g.dy() / ((1 - g.x()) * (1 + g.x()))); }
void ErfOp::differentiate(Gradient &g) {
  g.add(0, g.dy() * (2 / std::sqrt(pi)) * (-(g.x() * g.x())).apply<ExpOp>());
}
// Flat wherever they have a slope.
void SignOp::differentiate(Gradient &) {}
void FloorOp::differentiate(Gradient &) {}
void CeilOp::differentiate(Gradient &) {}
void RoundOp::differentiate(Gradient &) {}
void TruncOp::differentiate(Gradient &) {}

//===-- Activations ----------------------------------------------------------===//

void SigmoidOp::differentiate(Gradient &g) { g.add(0, g.dy() * (g.y() * (1 - g.y()))); }
// By the results, which are there anyway: what was clipped need not be kept.
void ReluOp::differentiate(Gradient &g) { g.add(0, where(g.y() > 0, g.dy(), 0)); }
void Relu6Op::differentiate(Gradient &g) { g.add(0, where(both(g.y() > 0, g.y() < 6), g.dy(), 0)); }
void LeakyReluOp::differentiate(Gradient &g) {
  g.add(0, where(g.x() > 0, g.dy(), g.dy() * getAlpha().convertToDouble()));
}
void EluOp::differentiate(Gradient &g) {
  g.add(0, where(g.x() > 0, g.dy(), g.dy() * (g.y() + getAlpha().convertToDouble())));
}
void SeluOp::differentiate(Gradient &g) {
  constexpr double scale = 1.0507009873554804934193349852946,
                   alpha = 1.6732632423543772848170429916717;
  g.add(0, where(g.x() > 0, g.dy() * scale, g.dy() * (g.y() + scale * alpha)));
}
void GeluOp::differentiate(Gradient &g) {
  Expr x = g.x();
  if (getApproximate() == "none") {
    Expr below = 0.5 * (1 + (x * std::sqrt(0.5)).apply<ErfOp>());
    Expr density = (x * x * -0.5).apply<ExpOp>() * (1 / std::sqrt(2 * pi));
    return g.add(0, g.dy() * (below + x * density));
  }
  double scale = std::sqrt(2 / pi), cubic = 0.044715;
  Expr square = x * x;
  Expr t = (x * scale * (1 + square * cubic)).apply<TanhOp>();
  Expr slope = scale * (1 + square * (3 * cubic));
  g.add(0, g.dy() * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope));
}
void SiluOp::differentiate(Gradient &g) {
  Expr s = g.x().apply<SigmoidOp>();
  g.add(0, g.dy() * (s + g.y() * (1 - s)));
}
void SoftplusOp::differentiate(Gradient &g) { g.add(0, g.dy() * g.x().apply<SigmoidOp>()); }
void SoftsignOp::differentiate(Gradient &g) {
  g.add(0, g.dy() / (1 + g.x().apply<AbsOp>()).apply<SquareOp>());
}
void HardSigmoidOp::differentiate(Gradient &g) {
  g.add(0, where(g.x().apply<AbsOp>() < 3, g.dy() / 6, 0));
}
void HardSwishOp::differentiate(Gradient &g) {
  Expr x = g.x();
  g.add(0, g.dy() * (x.apply<HardSigmoidOp>() + where(x.apply<AbsOp>() < 3, x / 6, 0)));
}
void MishOp::differentiate(Gradient &g) {
  Expr x = g.x(), t = x.apply<SoftplusOp>().apply<TanhOp>();
  g.add(0, g.dy() * (t + x * x.apply<SigmoidOp>() * (1 - t * t)));
}

//===-- Two operands ---------------------------------------------------------===//

void AddOp::differentiate(Gradient &g) {
  g.add(0, g.dy());
  g.add(1, g.dy());
}
void SubOp::differentiate(Gradient &g) {
  g.add(0, g.dy());
  g.add(1, [&] { return -g.dy(); });
}
void MulOp::differentiate(Gradient &g) {
  g.add(0, [&] { return g.dy() * g.operand(1); });
  g.add(1, [&] { return g.dy() * g.operand(0); });
}
void DivOp::differentiate(Gradient &g) {
  g.add(0, [&] { return g.dy() / g.operand(1); });
  g.add(1, [&] { return -g.dy() * g.y() / g.operand(1); });
}
void FloorDivOp::differentiate(Gradient &) {}
void ModOp::differentiate(Gradient &g) {
  g.add(0, g.dy());
  g.add(1, [&] { return -g.dy() * g.operand(0).apply<FloorDivOp>(g.operand(1)); });
}
void RemOp::differentiate(Gradient &g) {
  g.add(0, g.dy());
  g.add(1, [&] { return -g.dy() * (g.operand(0) / g.operand(1)).apply<TruncOp>(); });
}
void PowOp::differentiate(Gradient &g) {
  Expr base = g.operand(0), exponent = g.operand(1);
  // x^0 is flat, at 0 too.
  g.add(0, [&] {
    Expr safe = where(both(equal(exponent, 0), equal(base, 0)), base.number(1), base);
    return g.dy() * exponent * safe.apply<PowOp>(exponent - 1);
  });
  // Of no base that is negative or 0 does the exponent have a slope.
  g.add(1, [&] {
    Expr safe = where(base > 0, base, 1);
    return where(base > 0, g.dy() * g.y() * safe.apply<LogOp>(), 0);
  });
}
void MaximumOp::differentiate(Gradient &g) {
  g.add(0, [&] { return where(g.operand(0) >= g.operand(1), g.dy(), 0); });
  g.add(1, [&] { return where(g.operand(0) >= g.operand(1), g.dy().number(0), g.dy()); });
}
void MinimumOp::differentiate(Gradient &g) {
  g.add(0, [&] { return where(g.operand(0) <= g.operand(1), g.dy(), 0); });
  g.add(1, [&] { return where(g.operand(0) <= g.operand(1), g.dy().number(0), g.dy()); });
}
void Atan2Op::differentiate(Gradient &g) {
  Expr a = g.operand(0), b = g.operand(1), scaled = g.dy() / (a * a + b * b);
  g.add(0, [&] { return scaled * b; });
  g.add(1, [&] { return -scaled * a; });
}
void SquaredDifferenceOp::differentiate(Gradient &g) {
  Expr slope = g.dy() * (2 * (g.operand(0) - g.operand(1)));
  g.add(0, slope);
  g.add(1, [&] { return -slope; });
}

//===-- Select, clamp, cast --------------------------------------------------===//

void WhereOp::differentiate(Gradient &g) {
  Expr condition = g.operand(0);
  g.add(1, [&] { return where(condition, g.dy(), 0); });
  g.add(2, [&] { return where(condition, g.dy().number(0), g.dy()); });
}
void ClampOp::differentiate(Gradient &g) {
  Expr x = g.operand(0), low = g.operand(1), high = g.operand(2);
  // min(max(x, low), high): high wins over low, x over both.
  g.add(0, [&] { return where(both(low <= x, x <= high), g.dy(), 0); });
  g.add(1, [&] { return where(both(x < low, low <= high), g.dy(), 0); });
  g.add(2, [&] {
    return where(both(low <= x, x <= high), g.dy().number(0),
                 where(both(x < low, low <= high), g.dy().number(0), g.dy()));
  });
}
void CastOp::differentiate(Gradient &g) { g.add(0, g.dy().cast(g.x().element())); }
