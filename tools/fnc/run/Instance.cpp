//===- Instance.cpp - a graph that can be called --------------------------===//

#include "Instance.h"
#include "Error.h"
#include "Print.h"
#include "runtime/include/fn/status.h"
#include <iostream>

using namespace fnc::tool;

namespace {

/// Of fn.print.
void printTensor(void *user, const char *label, int32_t dtype, const void *data,
                 const ptrdiff_t *dims, int32_t rank) {
  Array array;
  array.type = dtypeOfCode(dtype);
  array.shape.assign(dims, dims + rank);
  array.data = {std::shared_ptr<void>(), static_cast<unsigned char *>(const_cast<void *>(data))};
  static_cast<Instance *>(user)->beforePrint();
  std::cout << printed(label, array) << std::flush;
}

/// The values that a call gives to the symbols of a function: of the first size that is just a
/// symbol. The call itself checks that all others agree.
std::vector<int64_t> symbolsOf(const FunctionType &function, const std::vector<Feed> &feeds) {
  std::vector<int64_t> symbols(static_cast<size_t>(function.symbolCount), -1);
  auto bind = [&](const Size &size, int64_t value) {
    if (size.kind == Size::Symbol)
      if (int64_t &symbol = symbols[static_cast<size_t>(size.value)]; symbol < 0)
        symbol = value;
  };
  for (size_t i = 0; i < feeds.size(); ++i) {
    const TensorType &input = function.inputs[i];
    if (input.isSparse())
      bind(input.nnz, feeds[i].values.shape[0]);
    const Shape &shape = input.isSparse() ? feeds[i].shape : feeds[i].values.shape;
    for (size_t d = 0; d < shape.size(); ++d)
      bind(input.sizes[d], shape[d]);
  }
  return symbols;
}

/// The sentence for a status, as generated code has it.
std::string messageOf(const fn_status &raw, const FunctionType &function,
                      const std::vector<Feed> &feeds) {
  std::vector<fn::tensor_info> tensors;
  std::vector<std::vector<ptrdiff_t>> shapes;
  std::vector<const char *> checks;
  for (const std::vector<TensorType> *list : {&function.inputs, &function.outputs})
    for (const TensorType &tensor : *list) {
      shapes.emplace_back(tensor.shape.begin(), tensor.shape.end());
      tensors.push_back({tensor.name.c_str(), tensor.type->name.data(),
                         static_cast<int>(tensor.shape.size()), nullptr});
    }
  for (size_t i = 0; i < tensors.size(); ++i)
    tensors[i].shape = shapes[i].data();
  for (const std::string &check : function.checks)
    checks.push_back(check.c_str());
  const fn::function_info info = {function.name.c_str(),
                                  static_cast<int>(function.inputs.size()),
                                  static_cast<int>(function.outputs.size()),
                                  static_cast<int>(function.checks.size()),
                                  tensors.data(),
                                  checks.data()};
  fn::status status{raw, &info, {}};
  if (raw.code == FN_SHAPE_MISMATCH && raw.tensor >= 0 &&
      static_cast<size_t>(raw.tensor) < feeds.size()) {
    const Feed &feed = feeds[static_cast<size_t>(raw.tensor)];
    const Shape &shape = feed.indices.type ? feed.shape : feed.values.shape;
    for (size_t i = 0; i < shape.size() && i < fn::max_described_rank; ++i)
      status.shape[i] = shape[i];
  }
  return fn::message(status).c_str();
}

} // namespace

Instance::Instance(std::shared_ptr<Object> given, std::string_view where)
    : object(std::move(given)), where(where), type(GraphType::parse(object->manifest(), where)) {
  state = allocate(static_cast<size_t>(std::max<int64_t>(type.stateBytes, 64)), "the state");
  auto *init = reinterpret_cast<void (*)(void *)>(object->find(type.name + "_init"));
  if (!init)
    fail(where, "lacks the function '{}_init' that its manifest names", type.name);
  init(state.get());
}

Array Instance::variable(const VariableType &variable) const {
  return {variable.type, variable.shape, {state, state.get() + variable.offset}};
}

Call Instance::prepare(const FunctionType &function, std::vector<Feed> feeds) {
  Call call;
  call.instance = this;
  call.function = &function;
  call.entry = reinterpret_cast<fn_status (*)(const void *)>(object->find(function.symbol));
  if (!call.entry)
    fail(where, "lacks the function '{}' that its manifest names", function.symbol);
  call.feeds = std::move(feeds);
  call.symbols = symbolsOf(function, call.feeds);
  for (const TensorType &output : function.outputs) {
    Shape shape;
    // Sizes that make no sense are those of a call that fails.
    for (const Size &size : output.sizes)
      shape.push_back(call.valueOf(size));
    call.results.push_back(
        allocateArray(*output.type, std::move(shape), "output '" + output.name + "'"));
  }
  // The fields of the argument struct are all as wide as a pointer; EntryPoint.cpp has their order.
  auto pass = [&](const void *pointer) {
    call.arguments.push_back(reinterpret_cast<uintptr_t>(pointer));
  };
  auto passSizes = [&](const Shape &sizes) {
    for (int64_t size : sizes)
      call.arguments.push_back(static_cast<uintptr_t>(size));
  };
  if (function.usesState)
    pass(state.get());
  for (size_t i = 0; i < call.feeds.size(); ++i) {
    const TensorType &input = function.inputs[i];
    const Feed &feed = call.feeds[i];
    pass(feed.values.data.get());
    if (input.isSparse()) {
      pass(feed.indices.data.get());
      passSizes({feed.values.shape[0]});
      passSizes(feed.shape);
    } else if (!input.isStatic()) {
      passSizes(feed.values.shape);
    }
  }
  for (const Array &output : call.results)
    pass(output.data.get());
  call.workspaceAt = call.arguments.size();
  // Filled by the call: the context's place and the workspace are known then.
  call.arguments.resize(call.workspaceAt + (function.hasWorkspace ? 2 : 0) +
                        (function.prints ? 1 : 0));
  return call;
}

void Call::operator()() {
  auto make = [&] {
    if (function->hasWorkspace) {
      arguments[workspaceAt] = reinterpret_cast<uintptr_t>(instance->workspace.get());
      arguments[workspaceAt + 1] = instance->workspaceBytes;
    }
    if (function->prints) {
      context = {printTensor, instance};
      arguments.back() = reinterpret_cast<uintptr_t>(&context);
    }
    return entry(arguments.data());
  };
  fn_status status = make();
  if (status.code == FN_WORKSPACE_TOO_SMALL && function->hasWorkspace) {
    instance->workspaceBytes = static_cast<size_t>(status.expected);
    instance->workspace =
        allocate(instance->workspaceBytes, "the workspace of '" + function->name + "'");
    status = make();
  }
  if (status.code != FN_OK)
    fail("fnc", "{}", messageOf(status, *function, feeds));
}
