//===- Qdq.cpp - arithmetic between DequantizeLinear and QuantizeLinear ----===//

#include "compiler/import/onnx/Qdq.h"
#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// Biases are taken to be in the units of the sums where their scales differ by less.
constexpr double kSameScale = 1e-5;

const Dequantized *find(Node &n, Value x) {
  auto &known = n.importer.quantization.dequantized;
  auto it = x ? known.find(x) : known.end();
  return it == known.end() ? nullptr : &it->second;
}

bool areBytes(const Dequantized *x) {
  return x && Ops::element(x->bytes).getIntOrFloatBitWidth() == 8;
}

bool hasOneScale(const Dequantized *x) { return x && Ops::rank(x->scale) == 0; }

bool areEqual(Value x, Value y) {
  DenseElementsAttr a = x ? Ops::known(x) : DenseElementsAttr();
  return x == y || (x && y && a && a == Ops::known(y));
}

/// An absent zero point is 0.
bool areSameZeros(Value x, Value y) {
  if (areEqual(x, y))
    return true;
  std::optional<Ints> a = x ? Ops::knownInts(x) : Ints{0}, b = y ? Ops::knownInts(y) : Ints{0};
  return a && a == b;
}

bool areAlike(const Dequantized &x, const Dequantized &y) {
  return areEqual(x.scale, y.scale) && areSameZeros(x.zero, y.zero) &&
         Ops::element(x.bytes) == Ops::element(y.bytes);
}

/// Sums of products, in floats.
Value scaled(Node &n, Ops &o, Value sum, Value factor) {
  Value y = o.mul(o.cast(sum, o.f32()), factor);
  if (y)
    n.importer.quantization.sums[y] = {sum, factor, {}, {}};
  return y;
}

/// Whether a bias is in the units of the sums.
bool isInUnits(const Dequantized *bias, Value factor) {
  if (!bias || !Ops::element(bias->bytes).isInteger(32))
    return false;
  std::optional<Ints> zero = bias->zero ? Ops::knownInts(bias->zero) : Ints{0};
  auto have = Ops::knownReals(bias->scale), want = Ops::knownReals(factor);
  if (!zero || llvm::any_of(*zero, [](int64_t z) { return z != 0; }) || !have || !want ||
      have->empty() || want->empty())
    return false;
  size_t count = std::max(have->size(), want->size());
  if (count % have->size() != 0 || count % want->size() != 0)
    return false;
  for (size_t i = 0; i < count; ++i) {
    double x = (*have)[i % have->size()], y = (*want)[i % want->size()];
    if (!(std::abs(x - y) <= kSameScale * std::abs(y)))
      return false;
  }
  return true;
}

/// Sums as floats, with a bias that meets them at `meet(bias)`.
Value withBias(Node &n, Ops &o, Value sum, Value factor, llvm::function_ref<Value(Value)> meet) {
  if (!sum || !factor || !n.has(2))
    return scaled(n, o, sum, factor);
  Value bias = n.in(2);
  const Dequantized *bytes = find(n, bias);
  if (isInUnits(bytes, factor)) {
    Value whole = meet(bytes->bytes);
    // With the known part of a zero point in the sums it is one number.
    if (auto less = sum.getDefiningOp<fn::SubOp>();
        less && Ops::known(less->getOperand(1)) && Ops::known(whole))
      return scaled(n, o, o.add(less->getOperand(0), o.sub(whole, less->getOperand(1))), factor);
    return scaled(n, o, o.add(sum, whole), factor);
  }
  return o.add(o.mul(o.cast(sum, o.f32()), factor), meet(bias));
}

/// A known matrix turned when importing.
Value turned(Ops &o, Value x) {
  DenseElementsAttr known = Ops::known(x);
  ArrayRef<int64_t> shape = Ops::shape(x);
  if (!known || known.isSplat())
    return o.transpose(x, {1, 0});
  std::vector<char> bytes;
  ArrayRef<char> raw = known.getRawData();
  bytes.reserve(raw.size());
  for (int64_t j = 0; j < shape[1]; ++j)
    for (int64_t i = 0; i < shape[0]; ++i)
      bytes.push_back(raw[i * shape[1] + j]);
  auto type = RankedTensorType::get({shape[1], shape[0]}, Ops::element(x));
  return o.constant(DenseElementsAttr::getFromRawBuffer(type, bytes));
}

/// Ops that move elements or choose among them, and how many inputs they take them from: one, or
/// all (0).
std::optional<unsigned> movedInputs(StringRef op) {
  static const llvm::StringSet<> one = {
      "DepthToSpace", "Expand", "Flatten", "Gather", "Identity",  "MaxPool",   "Reshape",
      "Slice",        "Split",  "Squeeze", "Tile",   "Transpose", "Unsqueeze", "SpaceToDepth"};
  if (op == "Concat")
    return 0;
  return one.contains(op) ? std::optional(1u) : std::nullopt;
}

} // namespace

Value fnc::onnx_import::dequantize(Node &n, Ops &o, const Dequantized &x) {
  Value y = x.bytes;
  auto meeting = [&](Value v) {
    return v && Ops::rank(v) == 1 ? o.alongAxis(v, x.axis, Ops::rank(x.bytes)) : v;
  };
  // The difference of two bytes needs more than a byte.
  if (x.zero)
    y = o.sub(o.cast(y, o.i32()), o.cast(meeting(x.zero), o.i32()));
  y = o.mul(o.cast(y, o.f32()), meeting(x.scale));
  if (y && n.importer.options.simplify)
    n.importer.quantization.dequantized[y] = x;
  return y;
}

std::optional<Value> fnc::onnx_import::quantizedConvolution(Node &n, Ops &o) {
  Value input = n.in(0), filter = n.in(1);
  const Dequantized *x = find(n, input), *w = find(n, filter);
  if (!areBytes(x) || !areBytes(w) || !hasOneScale(x) || (!hasOneScale(w) && w->axis != 0))
    return std::nullopt;
  int64_t rank = Ops::rank(input);
  if (rank < 3 || rank > 5 || Ops::rank(filter) != rank || !Ops::isStatic(filter))
    return std::nullopt;
  // Building may move what is remembered.
  Dequantized a = *x, b = *w;
  Value factor = o.mul(a.scale, hasOneScale(&b) ? b.scale : o.alongAxis(b.scale, 1, rank));
  Value sum = byteConvolution(n, o, {a.bytes, a.zero}, {b.bytes, b.zero});
  return withBias(n, o, sum, factor, [&](Value v) { return o.alongAxis(v, 1, rank); });
}

std::optional<Value> fnc::onnx_import::quantizedMatmul(Node &n, Ops &o, bool transposeA,
                                                       bool transposeB) {
  Value left = n.in(0), right = n.in(1);
  const Dequantized *x = find(n, left), *w = find(n, right);
  if (!areBytes(x) || !areBytes(w) || !hasOneScale(x) || Ops::rank(left) < 2 ||
      Ops::rank(right) < 2)
    return std::nullopt;
  int64_t columns = transposeB ? 0 : Ops::rank(right) - 1;
  if (!hasOneScale(w) && w->axis != columns)
    return std::nullopt;
  Dequantized a = *x, b = *w;
  if (transposeA)
    a.bytes = turned(o, a.bytes);
  if (transposeB)
    b.bytes = turned(o, b.bytes);
  Value sum = byteMatmul(o, {a.bytes, a.zero}, {b.bytes, b.zero});
  return withBias(n, o, sum, o.mul(a.scale, b.scale), [](Value v) { return v; });
}

Value fnc::onnx_import::requantized(Node &n, Ops &o, Value x, Value scale, Value zero, Type type) {
  Quantization &known = n.importer.quantization;
  if (const Dequantized *same = find(n, x); same && areEqual(same->scale, scale) &&
                                            Ops::element(same->bytes) == type &&
                                            areSameZeros(same->zero, zero))
    return same->bytes;
  auto it = known.sums.find(x);
  if (it == known.sums.end() || Ops::rank(scale) != 0)
    return {};
  ScaledSum s = it->second;
  Value y = o.mul(o.cast(s.sum, o.f32()), o.div(s.factor, scale));
  // What the type of the bytes does not bound anyway.
  auto [least, greatest] = integerRange(type);
  auto inBytes = [&](double bound) -> std::optional<double> {
    auto by = Ops::knownReals(scale);
    std::optional<Ints> from = zero ? Ops::knownInts(zero) : Ints{0};
    if (!by || by->size() != 1 || !from || from->size() != 1 || !(by->front() > 0))
      return std::nullopt;
    return std::rint(bound / by->front()) + static_cast<double>(from->front());
  };
  if (std::optional<double> low = s.low ? inBytes(*s.low) : s.low; s.low && !(low && *low <= least))
    y = o.maximum(y, o.div(o.scalar(*s.low, o.f32()), scale));
  if (std::optional<double> high = s.high ? inBytes(*s.high) : s.high;
      s.high && !(high && *high >= greatest))
    y = o.minimum(y, o.div(o.scalar(*s.high, o.f32()), scale));
  y = o.make<fn::RoundOp>({y});
  if (zero && Ops::knownInts(zero) != Ints{0})
    y = o.add(y, o.cast(zero, o.f32()));
  return o.cast(y, type);
}

std::optional<LogicalResult> Importer::importOnBytes(Node &node, Handler handler) {
  const onnx::NodeProto &proto = node.proto;
  std::optional<unsigned> count = movedInputs(proto.op_type());
  if (!options.simplify || !count || (proto.op_type() == "MaxPool" && node.wants(1)))
    return std::nullopt;
  if (*count == 0)
    count = node.numInputs();
  const Dequantized *first = nullptr;
  SmallVector<Value> bytes;
  for (unsigned i = 0; i < *count; ++i) {
    const Item *item = node.has(i) ? node.item(i) : nullptr;
    const Dequantized *x =
        item && item->kind == Item::Kind::Tensor ? find(node, item->value) : nullptr;
    if (!areBytes(x) || !hasOneScale(x) || (first && !areAlike(*first, *x)))
      return std::nullopt;
    first = first ? first : x;
    bytes.push_back(x->bytes);
  }
  if (!first)
    return std::nullopt;
  Dequantized like = *first;
  // For its handler the inputs are bytes.
  Frame &frame = node.frame;
  std::vector<std::pair<std::string, std::optional<Item>>> before;
  for (auto [i, value] : llvm::enumerate(bytes)) {
    std::string name = node.inputName(i).str();
    auto it = frame.items.find(name);
    before.emplace_back(name, it == frame.items.end() ? std::nullopt : std::optional(it->second));
    frame.items[name] = Item(value);
  }
  LogicalResult result = handler(node, ops);
  for (auto &[name, item] : llvm::reverse(before))
    if (item)
      frame.items[name] = *item;
    else
      frame.items.erase(name);
  if (failed(result) || node.failed())
    return failure();
  for (const std::string &output : proto.output())
    if (auto it = frame.items.find(output); it != frame.items.end() && !output.empty()) {
      like.bytes = it->second.value;
      it->second = Item(dequantize(node, ops, like));
      if (!it->second.value)
        return failure();
    }
  return success();
}

void Importer::boundSums(Node &node) {
  const onnx::NodeProto &proto = node.proto;
  bool isClip = proto.op_type() == "Clip";
  if (!options.simplify || (!isClip && proto.op_type() != "Relu"))
    return;
  const Item *from = node.item(0), *to = node.frame.lookup(proto.output(0));
  auto it = from ? quantization.sums.find(from->value) : quantization.sums.end();
  if (it == quantization.sums.end() || !to || to->value == from->value)
    return;
  double low = isClip ? -HUGE_VAL : 0, high = HUGE_VAL;
  auto read = [&](StringRef attribute, unsigned i, double &bound) {
    if (node.opset < 11) {
      bound = node.f(attribute, bound);
      return true;
    }
    if (!node.has(i))
      return true;
    auto known = Ops::knownReals(node.in(i));
    if (known && known->size() == 1)
      bound = known->front();
    return known && known->size() == 1;
  };
  if (isClip && (!read("min", 1, low) || !read("max", 2, high)))
    return;
  if (!(low <= high))
    return;
  ScaledSum bounded = it->second;
  double least = std::clamp(bounded.low.value_or(-HUGE_VAL), low, high),
         most = std::clamp(bounded.high.value_or(HUGE_VAL), low, high);
  bounded.low = std::isfinite(least) ? std::optional(least) : std::nullopt;
  bounded.high = std::isfinite(most) ? std::optional(most) : std::nullopt;
  quantization.sums[to->value] = bounded;
}
