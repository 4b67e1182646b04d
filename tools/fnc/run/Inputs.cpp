//===- Inputs.cpp - what the command line feeds ---------------------------===//

#include "Inputs.h"
#include "Error.h"
#include "Sources.h"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

using namespace fnc::tool;

namespace {

/// "f32[?, 64]" of the input against what there is.
[[noreturn]] void failMismatch(const TensorType &input, const ArraySource &source,
                               const DType &type, const Shape &shape, std::string_view hint = "") {
  fail("fnc", "input '{}' is {}, {} {} {}{}", input.name, input.describe(), source.where,
       source.literal.empty() ? "holds" : "is", describe(type, shape), hint);
}

/// Whether sizes from `at` on are those of the type.
bool fits(const Shape &wanted, const Shape &shape) {
  if (wanted.size() != shape.size())
    return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (wanted[i] >= 0 && wanted[i] != shape[i])
      return false;
  return true;
}

Shape without(Shape shape, size_t axis) {
  shape.erase(shape.begin() + static_cast<ptrdiff_t>(axis));
  return shape;
}

/// How an array of this shape is fed; nothing where it does not fit.
std::optional<Batching> batchingOf(const TensorType &input, const Shape &shape,
                                   const RunCommand &command) {
  if (command.batchAxis < 0)
    return fits(input.shape, shape) ? std::optional(Batching::Whole) : std::nullopt;
  auto axis = static_cast<size_t>(command.batchAxis);
  if (axis < shape.size() && shape.size() == input.shape.size() + 1 &&
      fits(input.shape, without(shape, axis)))
    return Batching::Slices;
  if (shape.size() != input.shape.size())
    return std::nullopt;
  if (axis >= shape.size() || shape[axis] == input.shape[axis] ||
      (input.shape[axis] < 0 && command.batchSize == 0))
    return fits(input.shape, shape) ? std::optional(Batching::Whole) : std::nullopt;
  bool isRest = fits(without(input.shape, axis), without(shape, axis));
  return isRest ? std::optional(Batching::Chunks) : std::nullopt;
}

Array converted(const Array &array, const DType &type, std::string_view where) {
  if (array.type == &type)
    return array;
  Array result = allocateArray(type, array.shape, where);
  for (size_t i = 0, n = static_cast<size_t>(array.count()); i < n; ++i)
    storeNumber(type, result.data.get(), i, numberAt(*array.type, array.data.get(), i));
  return result;
}

Array readDense(const TensorType &input, const ArraySource &source, const RunCommand &command) {
  auto check = [&](const DType &type, const Shape &shape) {
    if (!batchingOf(input, shape, command))
      failMismatch(input, source, type, shape);
    if (&type != input.type && !command.cast)
      failMismatch(input, source, type, shape, "; --cast converts");
  };
  return converted(source.read(input, check), *input.type, input.name);
}

/// The three arrays of a sparse input. Lengths and ranges are checked by the call.
Feed readSparse(const TensorType &input, const std::map<std::string, ArraySource> &sources,
                const FunctionType &function, const RunCommand &command) {
  const auto rank = static_cast<int64_t>(input.shape.size());
  const DType &i64 = *dtypeNamed("i64");
  RunCommand whole = command;
  whole.batchAxis = -1;
  auto part = [&](const std::string &suffix, const DType &type, const Shape &shape) {
    auto found = sources.find(input.name + suffix);
    if (found == sources.end())
      fail("fnc",
           "function '{}' needs the sparse input '{}' as '{}.indices', '{}.values' and "
           "'{}.shape', got no '{}{}'",
           function.name, input.name, input.name, input.name, input.name, input.name, suffix);
    TensorType wanted;
    wanted.name = input.name + suffix;
    wanted.type = &type;
    wanted.shape = shape;
    return readDense(wanted, found->second, whole);
  };
  Feed feed;
  feed.indices = part(".indices", *input.indexType, {-1, rank});
  feed.values = part(".values", *input.type, {-1});
  Array shape = part(".shape", i64, {rank});
  for (size_t i = 0; i < input.shape.size(); ++i)
    feed.shape.push_back(integerAt(i64, shape.data.get(), i));
  if (feed.indices.shape[0] != feed.values.shape[0])
    fail("fnc", "input '{}' has {} rows of indices and {} values", input.name,
         feed.indices.shape[0], feed.values.shape[0]);
  return feed;
}

/// "1,3,224" of "x=1,3,224".
Shape sizesOf(const std::string &option, size_t at) {
  Shape shape;
  for (const char *from = option.data() + at, *end = option.data() + option.size(); from != end;) {
    int64_t size = -1;
    auto [next, error] = std::from_chars(from, end, size);
    if (error != std::errc() || size < 0 || (next != end && *next != ','))
      throw UsageError("fnc: error: --shape expects NAME=SIZES, got '" + option + "'");
    shape.push_back(size);
    from = next == end ? next : next + 1;
  }
  return shape;
}

/// Numbers between 0 and 1, the same every time; integers are 0, which is an index of anything.
Array madeUp(const TensorType &input, const std::vector<std::string> &shapes) {
  Shape shape = input.shape;
  for (const std::string &option : shapes)
    if (option.starts_with(input.name + "="))
      shape = sizesOf(option, input.name.size() + 1);
  if (!fits(input.shape, shape))
    fail("fnc", "input '{}' is {}, its --shape has other sizes", input.name, input.describe());
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; }))
    fail("fnc", "input '{}' is {}: say its sizes as --shape {}=SIZES, or give it as --input",
         input.name, input.describe(), input.name);
  Array array = allocateArray(*input.type, std::move(shape), input.name);
  std::memset(array.data.get(), 0, array.bytes());
  std::mt19937 numbers(1);
  if (input.type->kind == DType::Float || input.type->kind == DType::Half ||
      input.type->kind == DType::BFloat)
    for (size_t i = 0, n = static_cast<size_t>(array.count()); i < n; ++i)
      storeNumber(*input.type, array.data.get(), i, numbers() * 0x1p-32);
  return array;
}

/// Indices [begin, begin + count) of an axis.
Array section(const Array &array, size_t axis, int64_t begin, int64_t count) {
  size_t outer = 1, inner = array.type->bytes;
  for (size_t i = 0; i < axis; ++i)
    outer *= static_cast<size_t>(array.shape[i]);
  for (size_t i = axis + 1; i < array.shape.size(); ++i)
    inner *= static_cast<size_t>(array.shape[i]);
  const size_t stride = inner * static_cast<size_t>(array.shape[axis]);
  const size_t offset = inner * static_cast<size_t>(begin);
  const size_t bytes = inner * static_cast<size_t>(count);
  Shape shape = array.shape;
  shape[axis] = count;
  if (outer == 1)
    return {array.type, std::move(shape), {array.data, array.data.get() + offset}};
  Array result = allocateArray(*array.type, std::move(shape), "a batch");
  for (size_t i = 0; i < outer; ++i)
    std::memcpy(result.data.get() + i * bytes, array.data.get() + i * stride + offset, bytes);
  return result;
}

} // namespace

void Inputs::add(size_t number, Feed feed) {
  const TensorType &input = function.inputs[number];
  Batching kind =
      input.isSparse() ? Batching::Whole : *batchingOf(input, feed.values.shape, command);
  if (kind != Batching::Whole) {
    auto axis = static_cast<size_t>(command.batchAxis);
    const int64_t size = feed.values.shape[axis];
    int64_t calls = size;
    if (kind == Batching::Chunks) {
      bool isFixed = input.shape[axis] >= 0;
      int64_t chunk = isFixed ? input.shape[axis] : command.batchSize;
      if (chunkSize && chunk != chunkSize)
        fail("fnc", "inputs of one loop are cut to different sizes: '{}' to {}, others to {}",
             input.name, chunk, chunkSize);
      if (isFixed && (chunk == 0 || size % chunk))
        fail("fnc", "input '{}' is {}: {} along axis {} cannot be cut to its size", input.name,
             input.describe(), size, axis);
      if (!isFixed && input.sizes[axis].kind == Size::Symbol)
        symbol = input.sizes[axis].value;
      chunkSize = chunk;
      calls = (size + chunk - 1) / chunk;
    }
    if (calls == 0)
      fail("fnc", "input '{}' holds {} along axis {}: there is nothing to call", input.name, size,
           axis);
    if (hasLoop && calls != count)
      fail("fnc", "input '{}' is for {} calls, input '{}' for {}", first, count, input.name, calls);
    first = input.name;
    count = calls;
    hasLoop = true;
  }
  kinds.push_back(kind);
  whole.push_back(std::move(feed));
}

Inputs::Inputs(const RunCommand &command, const FunctionType &function)
    : command(command), function(function) {
  std::map<std::string, ArraySource> sources = findSources(command.inputs, function);
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const TensorType &input = function.inputs[i];
    if (input.isSparse()) {
      add(i, readSparse(input, sources, function, command));
      continue;
    }
    auto found = sources.find(input.name);
    if (found == sources.end() && command.makeInputs) {
      Feed feed;
      feed.values = madeUp(input, command.compile.import.shapes);
      add(i, std::move(feed));
      continue;
    }
    if (found == sources.end())
      fail("fnc", "function '{}' needs input '{}', {}: give it as --input {}=FILE", function.name,
           input.name, input.describe(), input.name);
    Feed feed;
    feed.values = readDense(input, found->second, command);
    add(i, std::move(feed));
  }
  if (command.batchAxis >= 0 && !hasLoop)
    fail("fnc", "--batch-axis {}: no input has more there than function '{}' takes",
         command.batchAxis, function.name);
}

std::vector<Feed> Inputs::feeds(int64_t call) const {
  std::vector<Feed> result = whole;
  for (size_t i = 0; i < result.size(); ++i) {
    if (kinds[i] == Batching::Whole)
      continue;
    auto axis = static_cast<size_t>(command.batchAxis);
    Array &array = result[i].values;
    if (kinds[i] == Batching::Slices) {
      array = section(array, axis, call, 1);
      array.shape = without(array.shape, axis);
    } else {
      int64_t begin = call * chunkSize;
      array = section(array, axis, begin, std::min(chunkSize, array.shape[axis] - begin));
    }
  }
  return result;
}
