//===- Fold.cpp - fn ops on known operands --------------------------------===//
//
// What shape arithmetic is made of, computed while a model is read. Functions whose last bit
// depends on the implementation (exp, say) are left to run time.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/FoldArray.h"
#include "compiler/import/onnx/Ops.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

using Reals = double (*)(double, double);
using Whole = int64_t (*)(int64_t, int64_t);

/// A rule of two numbers for floats, signed and unsigned integers; null where there is none.
struct Rule {
  Reals real = nullptr;
  Whole whole = nullptr, natural = nullptr;
};

uint64_t u(int64_t x) { return static_cast<uint64_t>(x); }
int64_t wrapDiv(int64_t x, int64_t y) { return y == 0 ? 0 : y == -1 ? int64_t(0 - u(x)) : x / y; }
int64_t wrapRem(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }
int64_t floorMod(int64_t x, int64_t y) {
  int64_t r = wrapRem(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
double nanMax(double x, double y) { return x != x || y != y ? NAN : std::fmax(x, y); }
double nanMin(double x, double y) { return x != x || y != y ? NAN : std::fmin(x, y); }
int64_t naturalDiv(int64_t x, int64_t y) { return y == 0 ? 0 : int64_t(u(x) / u(y)); }
int64_t naturalRem(int64_t x, int64_t y) { return y == 0 ? 0 : int64_t(u(x) % u(y)); }

const Rule *binaryRule(StringRef name) {
  static const llvm::StringMap<Rule> rules = {
      {"add",
       {[](double x, double y) { return x + y; },
        [](int64_t x, int64_t y) { return int64_t(u(x) + u(y)); },
        [](int64_t x, int64_t y) { return int64_t(u(x) + u(y)); }}},
      {"sub",
       {[](double x, double y) { return x - y; },
        [](int64_t x, int64_t y) { return int64_t(u(x) - u(y)); },
        [](int64_t x, int64_t y) { return int64_t(u(x) - u(y)); }}},
      {"mul",
       {[](double x, double y) { return x * y; },
        [](int64_t x, int64_t y) { return int64_t(u(x) * u(y)); },
        [](int64_t x, int64_t y) { return int64_t(u(x) * u(y)); }}},
      {"div", {[](double x, double y) { return x / y; }, wrapDiv, naturalDiv}},
      {"mod", {nullptr, floorMod, naturalRem}},
      {"rem", {nullptr, wrapRem, naturalRem}},
      {"maximum",
       {nanMax, [](int64_t x, int64_t y) { return std::max(x, y); },
        [](int64_t x, int64_t y) { return int64_t(std::max(u(x), u(y))); }}},
      {"minimum",
       {nanMin, [](int64_t x, int64_t y) { return std::min(x, y); },
        [](int64_t x, int64_t y) { return int64_t(std::min(u(x), u(y))); }}},
      {"logical_and", {nullptr, nullptr, [](int64_t x, int64_t y) { return x & y; }}},
      {"logical_or", {nullptr, nullptr, [](int64_t x, int64_t y) { return x | y; }}},
      {"logical_xor", {nullptr, nullptr, [](int64_t x, int64_t y) { return x ^ y; }}},
  };
  auto it = rules.find(name);
  return it == rules.end() ? nullptr : &it->second;
}

/// Per index of a result of `to`, the row-major place in an operand of `from` that broadcasts to
/// it.
std::vector<int64_t> broadcastPlaces(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  std::vector<int64_t> strides(to.size(), 0);
  int64_t stride = 1, lead = to.size() - from.size();
  for (int64_t d = static_cast<int64_t>(from.size()) - 1; d >= 0; --d) {
    strides[lead + d] = from[d] == 1 ? 0 : stride;
    stride *= from[d];
  }
  int64_t count = 1;
  for (int64_t size : to)
    count *= size;
  std::vector<int64_t> places(count), index(to.size(), 0);
  for (int64_t n = 0; n < count; ++n) {
    for (size_t d = 0; d < to.size(); ++d)
      places[n] += index[d] * strides[d];
    for (int64_t d = static_cast<int64_t>(to.size()) - 1; d >= 0 && ++index[d] == to[d]; --d)
      index[d] = 0;
  }
  return places;
}

/// The result whose element at each index is that of `from` at the place `source` makes of it; a
/// negative place is `otherwise`.
template <typename Source>
Array moved(const Array &from, RankedTensorType type, Source source, const Array *otherwise = {}) {
  Array result(type);
  ArrayRef<int64_t> shape = type.getShape(), sizes = from.type.getShape();
  SmallVector<int64_t> index(shape.size(), 0), place(sizes.size(), 0);
  for (size_t n = 0; n < result.size(); ++n) {
    source(index, place);
    int64_t at = 0;
    bool inside = true;
    for (size_t d = 0; d < sizes.size(); ++d) {
      inside &= place[d] >= 0 && place[d] < sizes[d];
      at = at * sizes[d] + place[d];
    }
    const Array &source = inside || !otherwise ? from : *otherwise;
    if (!inside)
      at = 0;
    if (result.isFloat)
      result.f[n] = source.f[at];
    else
      result.i[n] = source.i[at];
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0 && ++index[d] == shape[d]; --d)
      index[d] = 0;
  }
  return result;
}

int64_t saturated(double x, IntegerType type) {
  if (x != x)
    return 0;
  unsigned width = type.getWidth();
  if (type.isUnsigned()) {
    double limit = std::ldexp(1.0, width);
    return x <= 0 ? 0 : x >= limit ? int64_t(~uint64_t(0) >> (64 - width)) : int64_t(uint64_t(x));
  }
  double limit = std::ldexp(1.0, width - 1);
  if (x >= limit)
    return int64_t(~uint64_t(0) >> (65 - width));
  return x <= -limit ? -int64_t(~uint64_t(0) >> (65 - width)) - 1 : int64_t(x);
}

Array castTo(const Array &x, RankedTensorType type) {
  Array result(type);
  auto integer = dyn_cast<IntegerType>(type.getElementType());
  for (size_t n = 0; n < x.size(); ++n) {
    if (result.isFloat)
      result.f[n] = x.isFloat ? x.f[n] : x.isUnsigned() ? double(u(x.i[n])) : double(x.i[n]);
    else if (integer.getWidth() == 1)
      result.i[n] = x.isFloat ? x.f[n] != 0 : x.i[n] != 0;
    else
      result.i[n] = x.isFloat ? saturated(x.f[n], integer) : x.i[n];
  }
  return result;
}

Array binary(const Rule &rule, const Array &x, const Array &y, RankedTensorType type) {
  Array result(type);
  std::vector<int64_t> a = broadcastPlaces(x.type.getShape(), type.getShape());
  std::vector<int64_t> b = broadcastPlaces(y.type.getShape(), type.getShape());
  Whole whole = x.isUnsigned() ? rule.natural : rule.whole;
  for (size_t n = 0; n < result.size(); ++n) {
    if (result.isFloat)
      result.f[n] = rule.real(x.f[a[n]], y.f[b[n]]);
    else
      result.i[n] = whole(x.i[a[n]], y.i[b[n]]);
  }
  return result;
}

/// -1, 0, 1 or 2 for NaN.
int order(const Array &x, int64_t a, const Array &y, int64_t b) {
  if (x.isFloat)
    return x.f[a] < y.f[b] ? -1 : x.f[a] > y.f[b] ? 1 : x.f[a] == y.f[b] ? 0 : 2;
  if (x.isUnsigned())
    return u(x.i[a]) < u(y.i[b]) ? -1 : u(x.i[a]) > u(y.i[b]);
  return x.i[a] < y.i[b] ? -1 : x.i[a] > y.i[b];
}

std::optional<Array> compare(StringRef name, const Array &x, const Array &y,
                             RankedTensorType type) {
  using Test = bool (*)(int);
  static const llvm::StringMap<Test> tests = {
      {"equal", [](int o) { return o == 0; }},
      {"not_equal", [](int o) { return o != 0; }},
      {"less", [](int o) { return o == -1; }},
      {"less_equal", [](int o) { return o == -1 || o == 0; }},
      {"greater", [](int o) { return o == 1; }},
      {"greater_equal", [](int o) { return o == 1 || o == 0; }},
  };
  auto test = tests.find(name);
  if (test == tests.end())
    return std::nullopt;
  Array result(type);
  std::vector<int64_t> a = broadcastPlaces(x.type.getShape(), type.getShape());
  std::vector<int64_t> b = broadcastPlaces(y.type.getShape(), type.getShape());
  for (size_t n = 0; n < result.size(); ++n)
    result.i[n] = test->second(order(x, a[n], y, b[n]));
  return result;
}

std::optional<Array> unary(StringRef name, const Array &x, RankedTensorType type) {
  Array result = x;
  auto each = [&](auto real, auto whole) {
    for (double &value : result.f)
      value = real(value);
    for (int64_t &value : result.i)
      value = whole(value);
    return result;
  };
  auto same = [](int64_t v) { return v; };
  if (name == "identity")
    return result;
  if (name == "neg")
    return each([](double v) { return -v; }, [](int64_t v) { return int64_t(0 - u(v)); });
  if (name == "abs")
    return each([](double v) { return std::fabs(v); },
                [](int64_t v) { return v < 0 ? int64_t(0 - u(v)) : v; });
  if (name == "relu")
    return each([](double v) { return v < 0 ? 0 : v; },
                [](int64_t v) { return std::max<int64_t>(v, 0); });
  if (name == "floor")
    return each([](double v) { return std::floor(v); }, same);
  if (name == "ceil")
    return each([](double v) { return std::ceil(v); }, same);
  if (name == "round")
    return each([](double v) { return std::nearbyint(v); }, same);
  if (name == "sqrt")
    return each([](double v) { return std::sqrt(v); }, same);
  if (name == "logical_not")
    return each([](double v) { return v; }, [](int64_t v) { return v ^ 1; });
  return std::nullopt;
}

std::optional<Array> reduce(StringRef name, const Array &x, DictionaryAttr attrs,
                            RankedTensorType type) {
  StringRef kind = name;
  if (!kind.consume_front("reduce_"))
    return std::nullopt;
  static const llvm::StringMap<StringRef> steps = {{"sum", "add"},        {"prod", "mul"},
                                                   {"max", "maximum"},    {"min", "minimum"},
                                                   {"any", "logical_or"}, {"all", "logical_and"}};
  auto step = steps.find(kind);
  // Floating-point sums depend on their order.
  if (step == steps.end() || (x.isFloat && (kind == "sum" || kind == "prod")) || x.size() == 0)
    return std::nullopt;
  const Rule *rule = binaryRule(step->second);
  Whole whole = x.isUnsigned() ? rule->natural : rule->whole;
  SmallVector<bool> reduced(x.type.getRank(), true);
  if (auto axes = attrs.getAs<DenseI64ArrayAttr>("axes")) {
    reduced.assign(x.type.getRank(), false);
    for (int64_t axis : axes.asArrayRef())
      reduced[axis] = true;
  }
  SmallVector<int64_t> kept;
  for (auto [size, is] : llvm::zip(x.type.getShape(), reduced))
    kept.push_back(is ? 1 : size);
  Array result(type);
  std::vector<int64_t> places = broadcastPlaces(kept, x.type.getShape());
  std::vector<bool> seen(result.size(), false);
  for (size_t n = 0; n < x.size(); ++n) {
    int64_t at = places[n];
    if (x.isFloat)
      result.f[at] = seen[at] ? rule->real(result.f[at], x.f[n]) : x.f[n];
    else
      result.i[at] = seen[at] ? whole(result.i[at], x.i[n]) : x.i[n];
    seen[at] = true;
  }
  return result;
}

ArrayRef<int64_t> list(DictionaryAttr attrs, StringRef name) {
  auto attribute = attrs.getAs<DenseI64ArrayAttr>(name);
  return attribute ? attribute.asArrayRef() : ArrayRef<int64_t>();
}

std::optional<Array> movement(StringRef name, ArrayRef<Array> in, DictionaryAttr attrs,
                              RankedTensorType type) {
  using Index = ArrayRef<int64_t>;
  using Place = MutableArrayRef<int64_t>;
  if (name == "iota") {
    Array result(type);
    int64_t axis = attrs.getAs<IntegerAttr>("axis").getInt(), inner = 1;
    for (int64_t size : type.getShape().drop_front(axis + 1))
      inner *= size;
    for (size_t n = 0; n < result.size(); ++n) {
      int64_t value = (n / inner) % type.getDimSize(axis);
      result.isFloat ? void(result.f[n] = value) : void(result.i[n] = value);
    }
    return result;
  }
  if (in.empty())
    return std::nullopt;
  const Array &x = in[0];
  ArrayRef<int64_t> shape = x.type.getShape();
  if (name == "reshape" || name == "expand" || name == "squeeze") {
    Array result = x;
    result.type = type;
    return result;
  }
  if (name == "transpose") {
    ArrayRef<int64_t> perm = list(attrs, "perm");
    return moved(x, type, [&](Index index, Place place) {
      for (auto [i, axis] : llvm::enumerate(perm))
        place[axis] = index[i];
    });
  }
  if (name == "slice") {
    ArrayRef<int64_t> begin = list(attrs, "begin"), strides = list(attrs, "strides");
    return moved(x, type, [&](Index index, Place place) {
      for (size_t d = 0; d < place.size(); ++d) {
        int64_t stride = strides.empty() ? 1 : strides[d];
        int64_t from = begin[d] == kToEnd && stride < 0 ? shape[d] - 1 : begin[d];
        place[d] = from + index[d] * stride;
      }
    });
  }
  if (name == "broadcast_to")
    return moved(x, type, [&](Index index, Place place) {
      for (size_t d = 0; d < place.size(); ++d)
        place[d] = shape[d] == 1 ? 0 : index[index.size() - place.size() + d];
    });
  if (name == "tile")
    return moved(x, type, [&](Index index, Place place) {
      for (size_t d = 0; d < place.size(); ++d)
        place[d] = index[d] % shape[d];
    });
  if (name == "reverse") {
    ArrayRef<int64_t> axes = list(attrs, "axes");
    return moved(x, type, [&](Index index, Place place) {
      for (size_t d = 0; d < place.size(); ++d)
        place[d] = llvm::is_contained(axes, int64_t(d)) ? shape[d] - 1 - index[d] : index[d];
    });
  }
  if (name == "pad") {
    ArrayRef<int64_t> low = list(attrs, "low");
    return moved(
        x, type,
        [&](Index index, Place place) {
          for (size_t d = 0; d < place.size(); ++d)
            place[d] = index[d] - low[d];
        },
        &in[1]);
  }
  if (name == "gather") {
    auto attribute = attrs.getAs<IntegerAttr>("axis");
    int64_t axis = attribute ? attribute.getInt() : 0, inner = in[1].type.getRank();
    for (int64_t index : in[1].i)
      if (index < 0 || index >= shape[axis])
        return std::nullopt; // an error of the call
    return moved(x, type, [&](Index index, Place place) {
      int64_t at = 0;
      for (int64_t d = 0; d < inner; ++d)
        at = at * in[1].type.getDimSize(d) + index[axis + d];
      for (int64_t d = 0; d < int64_t(place.size()); ++d)
        place[d] = d < axis ? index[d] : d == axis ? in[1].i[at] : index[d + inner - 1];
    });
  }
  if (name == "concat") {
    int64_t axis = attrs.getAs<IntegerAttr>("axis").getInt();
    Array result(type);
    int64_t start = 0;
    for (const Array &part : in) {
      // Each part fills its range of the result.
      int64_t size = part.type.getDimSize(axis), inner = 1;
      for (int64_t n : type.getShape().drop_front(axis + 1))
        inner *= n;
      for (size_t n = 0; n < part.size(); ++n) {
        int64_t outer = n / (size * inner), rest = n % (size * inner);
        int64_t to = (outer * type.getDimSize(axis) + start) * inner + rest;
        result.isFloat ? void(result.f[to] = part.f[n]) : void(result.i[to] = part.i[n]);
      }
      start += size;
    }
    return result;
  }
  if (name == "where") {
    Array result(type);
    std::vector<int64_t> c = broadcastPlaces(shape, type.getShape());
    std::vector<int64_t> a = broadcastPlaces(in[1].type.getShape(), type.getShape());
    std::vector<int64_t> b = broadcastPlaces(in[2].type.getShape(), type.getShape());
    for (size_t n = 0; n < result.size(); ++n) {
      if (result.isFloat)
        result.f[n] = x.i[c[n]] ? in[1].f[a[n]] : in[2].f[b[n]];
      else
        result.i[n] = x.i[c[n]] ? in[1].i[a[n]] : in[2].i[b[n]];
    }
    return result;
  }
  return std::nullopt;
}

} // namespace

DenseElementsAttr fnc::onnx_import::evaluate(StringRef name, ArrayRef<DenseElementsAttr> operands,
                                             DictionaryAttr attrs, RankedTensorType type) {
  if (!name.consume_front("fn."))
    return {};
  SmallVector<Array> in(operands.begin(), operands.end());
  std::optional<Array> result;
  if (name == "shape_of") {
    result = Array(type);
    llvm::copy(in[0].type.getShape(), result->i.begin());
  } else if (name == "cast") {
    result = castTo(in[0], type);
  } else if (const Rule *rule = binaryRule(name); rule && in.size() == 2) {
    if (in[0].isFloat ? rule->real != nullptr
                      : (in[0].isUnsigned() ? rule->natural : rule->whole) != nullptr)
      result = binary(*rule, in[0], in[1], type);
  } else if (in.size() == 2) {
    result = compare(name, in[0], in[1], type);
  } else if (in.size() == 1) {
    result = unary(name, in[0], type);
    if (!result)
      result = reduce(name, in[0], attrs, type);
  }
  if (!result)
    result = movement(name, in, attrs, type);
  return result ? result->attribute() : DenseElementsAttr();
}
