//===- OpsShape.cpp - constants, shapes and moved data --------------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/FoldArray.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "compiler/import/onnx/Tensors.h"
#include <cmath>
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

LogicalResult constant(Node &n, Ops &o) {
  if (n.hasAttr("value")) {
    DenseElementsAttr value = n.tensor("value");
    if (!value)
      return failure();
    int32_t dataType = n.attribute("value")->t().data_type();
    return n.set(0, Item(o.constant(value), smallType(o.b.getContext(), dataType)));
  }
  if (const onnx::AttributeProto *sparse = n.attribute("sparse_value")) {
    FailureOr<DenseElementsAttr> value = sparseValue(
        o.loc, "attribute 'sparse_value'", sparse->sparse_tensor(), n.importer.options.folder);
    return succeeded(value) ? n.result(o.constant(*value)) : failure();
  }
  if (n.hasAttr("value_float"))
    return n.result(o.scalar(n.f("value_float", 0), o.f32()));
  if (n.hasAttr("value_int"))
    return n.result(o.ints({n.i("value_int", 0)}, {}, o.i64()));
  if (std::optional<Ints> values = n.is("value_ints"))
    return n.result(o.ints(*values));
  if (std::optional<SmallVector<double>> values = n.fs("value_floats"))
    return n.result(o.reals(*values, {static_cast<int64_t>(values->size())}, o.f32()));
  return n.error("has no value that is a tensor of numbers");
}

LogicalResult constantOfShape(Node &n, Ops &o) {
  FailureOr<Ints> shape = n.sizes(0);
  if (failed(shape))
    return failure();
  DenseElementsAttr value;
  if (n.hasAttr("value") && !(value = n.tensor("value")))
    return failure();
  if (value && value.getNumElements() != 1)
    return n.error("the value has ") << value.getNumElements() << " elements, expected 1";
  for (int64_t size : *shape)
    if (size < 0)
      return n.error("the shape holds ") << size;
  Value element = value ? o.reshape(o.constant(value), {}) : o.scalar(0, o.f32());
  return n.result(o.broadcastTo(element, *shape));
}

LogicalResult shape(Node &n, Ops &o) {
  Value x = n.stored(0);
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x), start = n.i("start", 0), end = n.i("end", rank);
  auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  start = clamp(start);
  end = std::max(start, clamp(end));
  ArrayRef<int64_t> sizes = Ops::shape(x).slice(start, end - start);
  if (!llvm::is_contained(sizes, kDynamic))
    return n.result(o.ints(sizes));
  return n.result(o.slice(o.make<fn::ShapeOfOp>({x}), 0, start, end));
}

LogicalResult size(Node &n, Ops &o) {
  Value x = n.in(0), count = o.scalar(1, o.i64());
  if (!x)
    return failure();
  for (int64_t axis = 0; axis < Ops::rank(x); ++axis)
    count = o.mul(count, o.sizeOf(x, axis, o.i64()));
  return n.result(count);
}

LogicalResult reshape(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> shape = n.opset < 5 ? n.is("shape", {}) : n.sizes(1);
  if (!x || failed(shape))
    return failure();
  bool allowZero = n.i("allowzero", 0);
  for (auto [i, size] : llvm::enumerate(*shape)) {
    if (size < -1)
      return n.error("the shape holds ") << size;
    if (size != 0 || allowZero)
      continue;
    if (static_cast<int64_t>(i) >= Ops::rank(x))
      return n.error("the shape copies dimension ") << i << " of an input of rank " << Ops::rank(x);
    size = Ops::shape(x)[i];
  }
  if (llvm::count(*shape, -1) > 1)
    return n.error("the shape holds -1 twice");
  if (allowZero && llvm::is_contained(*shape, -1) && llvm::is_contained(*shape, 0))
    return n.error("the shape holds both 0 and -1");
  return n.result(o.reshapeOr(x, *shape));
}

LogicalResult flatten(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x), axis = n.i("axis", 1);
  if (axis < -rank || axis > rank)
    return n.error("axis ") << axis << " is out of range for rank " << rank;
  axis = axis < 0 ? axis + rank : axis;
  auto product = [&](ArrayRef<int64_t> sizes) {
    int64_t count = 1;
    for (int64_t size : sizes)
      count = size == kDynamic || count == kDynamic ? kDynamic : count * size;
    return count;
  };
  return n.result(o.reshape(
      x, {product(Ops::shape(x).take_front(axis)), product(Ops::shape(x).drop_front(axis))}));
}

/// Axes that are an attribute before opset 13 and an input since.
FailureOr<std::optional<Ints>> axesOf(Node &n) {
  if (n.opset < 13)
    return n.is("axes");
  if (!n.has(1))
    return std::optional<Ints>();
  FailureOr<Ints> axes = n.ints(1);
  if (failed(axes))
    return failure();
  return std::optional<Ints>(*axes);
}

LogicalResult squeeze(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<std::optional<Ints>> given = axesOf(n);
  if (!x || failed(given))
    return failure();
  Ints axes;
  if (*given) {
    FailureOr<Ints> checked = n.axes(**given, Ops::rank(x));
    if (failed(checked))
      return failure();
    axes = *checked;
  } else {
    for (int64_t i = 0; i < Ops::rank(x); ++i)
      if (Ops::shape(x)[i] == 1)
        axes.push_back(i);
  }
  return n.result(o.squeeze(x, axes));
}

LogicalResult unsqueeze(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<std::optional<Ints>> given = axesOf(n);
  if (!x || failed(given))
    return failure();
  if (!*given)
    return n.error("needs axes");
  FailureOr<Ints> axes = n.axes(**given, Ops::rank(x) + (*given)->size());
  return succeeded(axes) ? n.result(o.expand(x, *axes)) : failure();
}

LogicalResult transpose(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Ints perm;
  for (int64_t i = Ops::rank(x); i-- > 0;)
    perm.push_back(i);
  perm = n.is("perm", perm);
  if (static_cast<int64_t>(perm.size()) != Ops::rank(x))
    return n.error("perm has ") << perm.size() << " elements, expected " << Ops::rank(x);
  FailureOr<Ints> checked = n.axes(perm, Ops::rank(x));
  return succeeded(checked) ? n.result(o.transpose(x, *checked)) : failure();
}

LogicalResult concat(Node &n, Ops &o) {
  SmallVector<Value> values;
  for (size_t i = 0; i < n.numInputs(); ++i)
    if (values.push_back(n.in(i)); !values.back())
      return failure();
  if (values.empty())
    return n.error("has no inputs");
  FailureOr<int64_t> axis = n.axis(n.i("axis", 1), Ops::rank(values[0]));
  return succeeded(axis) ? n.result(o.concat(values, *axis)) : failure();
}

LogicalResult split(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  if (failed(axis))
    return failure();
  int64_t count = n.i("num_outputs", n.numOutputs()), whole = Ops::shape(x)[*axis];
  Ints sizes;
  if (n.opset < 13 && n.hasAttr("split")) {
    sizes = n.is("split", {});
  } else if (n.has(1)) {
    FailureOr<Ints> given = n.ints(1);
    if (failed(given))
      return failure();
    sizes = *given;
  } else {
    if (whole == kDynamic)
      return n.error("the size of axis ") << *axis << " must be known";
    if (count < 1 || count != static_cast<int64_t>(n.numOutputs()))
      return n.error("num_outputs is ") << count << ", the node has " << n.numOutputs();
    // The last part is the smaller one.
    int64_t part = llvm::divideCeil(whole, count);
    for (int64_t i = 0; i < count; ++i)
      sizes.push_back(std::clamp<int64_t>(whole - i * part, 0, part));
  }
  if (sizes.size() != n.numOutputs())
    return n.error("has ") << sizes.size() << " sizes and " << n.numOutputs() << " outputs";
  int64_t begin = 0;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (size < 0)
      return n.error("the sizes hold ") << size;
    if (failed(n.set(i, o.slice(x, *axis, begin, begin + size))))
      return failure();
    begin += size;
  }
  if (whole != kDynamic && begin != whole)
    return n.error("the sizes add up to ") << begin << ", axis " << *axis << " has size " << whole;
  return success();
}

/// Element `i` of a vector of integers as a number that is not known plus one that is.
struct Affine {
  Value base;
  int64_t offset = 0;
};
Affine affine(Value v, int64_t i) {
  Affine result{v};
  while (Operation *def = v ? v.getDefiningOp() : nullptr) {
    if (auto concat = dyn_cast<fn::ConcatOp>(def)) {
      for (Value part : concat.getOperands()) {
        int64_t size = Ops::shape(part)[0];
        if (size == kDynamic)
          return {};
        if (i < size) {
          v = part;
          break;
        }
        i -= size;
      }
    } else if (!Ops::isStatic(v) || Ops::type(v).getNumElements() != 1) {
      return {};
    } else if (isa<fn::AddOp, fn::SubOp>(def)) {
      bool isSub = isa<fn::SubOp>(def);
      Value x = def->getOperand(0), y = def->getOperand(1);
      std::optional<Ints> right = Ops::knownInts(y), left = Ops::knownInts(x);
      if (!right && !(left && !isSub))
        break;
      v = right ? x : y;
      result.offset += right ? (isSub ? -right->front() : right->front()) : left->front();
    } else if (isa<fn::ExpandOp, fn::SqueezeOp, fn::ReshapeOp>(def)) {
      v = def->getOperand(0);
    } else {
      break;
    }
    result.base = v;
  }
  return result;
}

/// Elements that a call begins at, as many as from there to an end that moves with it. A call fails
/// where there are fewer.
LogicalResult sliceFrom(Node &n, Ops &o, Value x, Value starts, Value ends) {
  FailureOr<Ints> steps = n.has(4) ? n.ints(4) : Ints(), axes = n.has(3) ? n.ints(3) : Ints();
  if (failed(steps) || failed(axes))
    return failure();
  int64_t count = Ops::shape(starts)[0];
  if (axes->empty())
    for (int64_t i = 0; i < count; ++i)
      axes->push_back(i);
  FailureOr<Ints> checked = n.axes(*axes, Ops::rank(x));
  if (failed(checked))
    return failure();
  for (auto [i, axis] : llvm::enumerate(*checked)) {
    Affine from = affine(starts, i), to = affine(ends, i);
    int64_t size = to.offset - from.offset;
    bool isWhole = steps->empty() || (*steps)[i] == 1;
    if (!from.base || from.base != to.base || size <= 0 || size > kMaxElements || !isWhole)
      return failure();
    Value at = o.add(o.reshape(o.cast(from.base, o.i64()), {1}), double(from.offset));
    at = o.where(o.less(at, 0.0), o.add(at, o.sizeOf(x, axis, o.i64())), at);
    x = o.gather(x, o.add(at, o.iota({size}, 0, o.i64())), axis);
  }
  return n.result(x);
}

/// Bounds as NumPy reads them: negative ones from the end, all clamped.
LogicalResult slice(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<Ints> starts, ends;
  Ints axes, steps;
  if (n.opset < 10) {
    starts = n.is("starts", {});
    ends = n.is("ends", {});
    axes = n.is("axes", {});
  } else {
    Value from = n.in(1), to = n.in(2);
    if (!from || !to)
      return failure();
    if (!Ops::known(from) && Ops::isStatic(from) && to.getType() == from.getType() &&
        Ops::rank(from) == 1 && succeeded(sliceFrom(n, o, x, from, to)))
      return success();
    starts = n.ints(1);
    ends = n.sizes(2);
    if (failed(starts) || failed(ends))
      return failure();
    for (auto [i, list] : {std::pair<size_t, Ints *>(3, &axes), {4, &steps}})
      if (n.has(i)) {
        FailureOr<Ints> given = n.ints(i);
        if (failed(given))
          return failure();
        *list = *given;
      }
    // Only what a slice goes up to makes it longer.
    if (llvm::any_of(steps, [](int64_t step) { return step < 0; }) && !Ops::known(to) &&
        failed(n.ints(2)))
      return failure();
  }
  size_t count = starts->size();
  if (axes.empty())
    for (size_t i = 0; i < count; ++i)
      axes.push_back(i);
  if (steps.empty())
    steps.assign(count, 1);
  if (ends->size() != count || axes.size() != count || steps.size() != count)
    return n.error("has ") << count << " starts, " << ends->size() << " ends, " << axes.size()
                           << " axes and " << steps.size() << " steps";
  FailureOr<Ints> checked = n.axes(axes, Ops::rank(x));
  if (failed(checked))
    return failure();
  Ints begin(Ops::rank(x), 0), end(Ops::rank(x), kToEnd), strides(Ops::rank(x), 1);
  for (auto [axis, from, to, step] : llvm::zip(*checked, *starts, *ends, steps)) {
    int64_t size = Ops::shape(x)[axis];
    if (step == 0)
      return n.error("the step of axis ") << axis << " is 0";
    strides[axis] = step;
    if (size == kDynamic) {
      // Only what needs no clamping can be said of a size that is not known.
      bool open = to > (int64_t(1) << 30);
      if (step < 0 || from < 0 || (to < 0 && !open))
        return n.error("the size of axis ") << axis << " must be known: give --shape";
      begin[axis] = from;
      end[axis] = open ? kToEnd : to;
      continue;
    }
    auto clamp = [&](int64_t i, int64_t low, int64_t high) {
      return std::clamp<int64_t>(i < 0 && i >= -size ? i + size : i < 0 ? low : i, low, high);
    };
    if (step > 0) {
      begin[axis] = clamp(from, 0, size);
      end[axis] = std::max(begin[axis], clamp(to, 0, size));
    } else {
      begin[axis] = clamp(from, 0, size - 1);
      end[axis] = std::min(begin[axis], clamp(to, -1, size - 1));
      if (size == 0)
        begin[axis] = end[axis] = -1;
    }
  }
  for (auto [b, e, s, size] : llvm::zip(begin, end, strides, Ops::shape(x)))
    if (s < 0 && size == 0)
      b = e = 0, s = 1;
  return n.result(o.slice(x, begin, end, strides));
}

LogicalResult expandTo(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> shape = n.sizes(1);
  if (!x || failed(shape))
    return failure();
  Ints to(*shape);
  int64_t rank = std::max<int64_t>(to.size(), Ops::rank(x));
  to.insert(to.begin(), rank - to.size(), 1);
  for (auto [i, size] : llvm::enumerate(Ops::shape(x))) {
    int64_t &wanted = to[rank - Ops::rank(x) + i];
    if (wanted == 1)
      wanted = size;
    else if (size != 1 && size != wanted)
      return n.error("cannot expand dimension ") << i << " of size " << size << " to " << wanted;
  }
  return n.result(o.broadcastTo(x, to));
}

LogicalResult tile(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> repeats = n.ints(1);
  return x && succeeded(repeats) ? n.result(o.tile(x, *repeats)) : failure();
}

LogicalResult range(Node &n, Ops &o) {
  SmallVector<double> r[3];
  for (size_t i = 0; i < 3; ++i) {
    if (i == 1 && n.in(i) && !Ops::isFloat(n.in(i))) {
      FailureOr<Ints> limit = n.sizes(i);
      if (failed(limit))
        return failure();
      r[i].assign(limit->begin(), limit->end());
      continue;
    }
    FailureOr<SmallVector<double>> given = n.reals(i);
    if (failed(given))
      return failure();
    r[i] = *given;
  }
  Type type = Ops::element(n.in(0));
  for (const SmallVector<double> &one : r)
    if (one.size() != 1)
      return n.error("has an operand of ") << one.size() << " elements, expected 1";
  double start = r[0][0], delta = r[2][0];
  if (delta == 0)
    return n.error("the step is 0");
  if (delta < 0 && failed(n.requireKnown(n.in(1), "the end of a range that goes down")))
    return failure();
  double count = std::max(0.0, std::ceil((r[1][0] - start) / delta));
  if (!(count < (1 << 24)))
    return n.error("has ") << std::to_string(count) << " elements";
  SmallVector<double> values;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i)
    values.push_back(start + i * delta);
  return n.result(o.reals(values, {static_cast<int64_t>(count)}, type));
}

LogicalResult eyeLike(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  if (Ops::rank(x) != 2 || !Ops::isStatic(x))
    return n.error("needs a matrix of known size, got ") << Ops::type(x);
  Type type = Ops::element(x);
  if (n.hasAttr("dtype")) {
    type = elementType(o.b.getContext(), n.i("dtype", 0));
    if (!type)
      return n.error("element type ") << elementTypeName(n.i("dtype", 0)) << " is not supported";
  }
  Value row = o.iota(Ops::shape(x), 0, o.i64()), column = o.iota(Ops::shape(x), 1, o.i64());
  return n.result(o.cast(o.equal(o.add(row, double(n.i("k", 0))), column), type));
}

LogicalResult trilu(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t k = 0, rank = Ops::rank(x);
  if (n.has(1)) {
    FailureOr<Ints> given = n.ints(1);
    if (failed(given))
      return failure();
    k = given->empty() ? 0 : given->front();
  }
  if (rank < 2 || Ops::shape(x)[rank - 1] == kDynamic || Ops::shape(x)[rank - 2] == kDynamic)
    return n.error("needs matrices of known size, got ") << Ops::type(x);
  Ints matrix = {Ops::shape(x)[rank - 2], Ops::shape(x)[rank - 1]};
  if (matrix[0] == 0 || matrix[1] == 0 || (Ops::isStatic(x) && Ops::type(x).getNumElements() == 0))
    return n.result(x);
  Value distance = o.sub(o.iota(matrix, 1, o.i64()), o.iota(matrix, 0, o.i64()));
  Value bound = o.ints({k}, {}, o.i64());
  Value keep = n.i("upper", 1) ? o.make<fn::GreaterEqualOp>({distance, bound})
                               : o.make<fn::LessEqualOp>({distance, bound});
  return n.result(o.where(keep, x, o.scalar(0, Ops::element(x))));
}

LogicalResult depthToSpace(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t block = n.i("blocksize", 0);
  if (Ops::rank(x) != 4 || !Ops::isStatic(x) || block < 1 || Ops::shape(x)[1] % (block * block))
    return n.error("cannot rearrange ") << Ops::type(x) << " in blocks of " << block;
  ArrayRef<int64_t> s = Ops::shape(x);
  int64_t depth = s[1] / (block * block);
  Value y;
  if (n.s("mode", "DCR") == "DCR")
    y = o.transpose(o.reshape(x, {s[0], block, block, depth, s[2], s[3]}), {0, 3, 4, 1, 5, 2});
  else
    y = o.transpose(o.reshape(x, {s[0], depth, block, block, s[2], s[3]}), {0, 1, 4, 2, 5, 3});
  return n.result(o.reshape(y, {s[0], depth, s[2] * block, s[3] * block}));
}

LogicalResult spaceToDepth(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t block = n.i("blocksize", 0);
  if (Ops::rank(x) != 4 || !Ops::isStatic(x) || block < 1 || Ops::shape(x)[2] % block ||
      Ops::shape(x)[3] % block)
    return n.error("cannot rearrange ") << Ops::type(x) << " in blocks of " << block;
  ArrayRef<int64_t> s = Ops::shape(x);
  int64_t h = s[2] / block, w = s[3] / block;
  Value y = o.reshape(x, {s[0], s[1], h, block, w, block});
  // DCR puts the place in the block before the channel, CRD after it.
  if (n.s("mode", "DCR") == "DCR")
    y = o.transpose(y, {0, 3, 5, 1, 2, 4});
  else
    y = o.transpose(y, {0, 1, 3, 5, 2, 4});
  return n.result(o.reshape(y, {s[0], s[1] * block * block, h, w}));
}

} // namespace

void fnc::onnx_import::addShapeOps(OpTable &table) {
  table[":Concat"] = concat;
  table[":Constant"] = constant;
  table[":ConstantOfShape"] = constantOfShape;
  table[":DepthToSpace"] = depthToSpace;
  table[":Expand"] = expandTo;
  table[":EyeLike"] = eyeLike;
  table[":Flatten"] = flatten;
  table[":Range"] = range;
  table[":Reshape"] = reshape;
  table[":Shape"] = shape;
  table[":Size"] = size;
  table[":Slice"] = slice;
  table[":SpaceToDepth"] = spaceToDepth;
  table[":Split"] = split;
  table[":Squeeze"] = squeeze;
  table[":Tile"] = tile;
  table[":Transpose"] = transpose;
  table[":Trilu"] = trilu;
  table[":Unsqueeze"] = unsqueeze;
}
