//===- Parts.cpp - a module in parts --------------------------------------===//
//
// LLVM takes most of the time of a compilation, and can do it for several modules at once. A
// function that LLVM may inline is in the part of its callers, so that the code is the same as that
// of a module in one piece.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Parts.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using LLVM::LLVMFuncOp;

namespace {

/// What goes with each block of a function, and what checks a tensor of a call, in ops (fitted to
/// the times of 200 functions).
constexpr size_t kPerBlock = 4, kPerTensor = 50;

/// Less is not worth a thread; so much or more is in each of several parts, of which there are at
/// most so many.
constexpr size_t kLeastCost = 1100, kCostPerPart = 1800, kMostParts = 16;

/// What a function takes to compile, and the functions and globals that it names.
struct Needs {
  size_t cost = 0;
  llvm::SmallSetVector<Operation *, 8> symbols;
};

/// Functions that stay together, and their cost.
using Group = std::pair<size_t, std::vector<Operation *>>;

bool isDefined(Operation *op) {
  auto func = dyn_cast<LLVMFuncOp>(op);
  return func && !func.isExternal();
}

bool mayBeInlined(LLVMFuncOp func) {
  ArrayAttr attributes = func.getPassthroughAttr();
  return !attributes ||
         !llvm::is_contained(attributes, StringAttr::get(func.getContext(), "noinline"));
}

class Splitter {
public:
  Splitter(ModuleOp module, const fnc::Graph &graph) : module(module), graph(graph) {}

  fnc::Parts split();

private:
  void lookAt(LLVMFuncOp func);
  void keepTogether();
  std::vector<Group> groups();
  bool assign();
  void move(Operation *op);
  void declare(Operation *op, unsigned part);

  ModuleOp module;
  const fnc::Graph &graph;
  fnc::Parts parts;
  unsigned count = 1;
  std::vector<Operation *> ops; ///< functions and globals
  llvm::DenseMap<StringAttr, Operation *> symbols;
  llvm::DenseMap<Operation *, Needs> needs;
  llvm::EquivalenceClasses<Operation *> together;
  llvm::DenseMap<Operation *, unsigned> partOf; ///< of functions that are defined
  llvm::DenseMap<Operation *, unsigned> users;  ///< a bit for each part that names a symbol
};

void Splitter::lookAt(LLVMFuncOp func) {
  Needs &own = needs[func];
  auto use = [&](FlatSymbolRefAttr name) {
    if (Operation *symbol = name ? symbols.lookup(name.getAttr()) : nullptr)
      own.symbols.insert(symbol);
  };
  for (Block &block : func.getBody()) {
    own.cost += kPerBlock;
    for (Operation &op : block) {
      if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
        use(address.getGlobalNameAttr());
      else if (!op.hasTrait<OpTrait::ConstantLike>())
        ++own.cost;
      if (auto call = dyn_cast<LLVM::CallOp>(op))
        use(call.getCalleeAttr());
    }
  }
}

void Splitter::keepTogether() {
  llvm::StringMap<Operation *> printers;
  for (const fnc::Function &function : graph.functions) {
    Operation *kernel = symbols.lookup(StringAttr::get(module.getContext(), function.kernel));
    if (!function.isInit)
      needs[kernel].cost += kPerTensor * (function.inputs.size() + function.outputs.size());
    for (const fnc::Print &print : function.prints)
      printers[print.callee] = kernel;
    if (!function.isInit)
      continue;
    // What it calls is compiled for the baseline, too.
    SmallVector<Operation *> open = {kernel};
    while (!open.empty())
      for (Operation *callee : needs[open.pop_back_val()].symbols)
        if (isDefined(callee) && !together.isEquivalent(kernel, callee)) {
          together.unionSets(kernel, callee);
          open.push_back(callee);
        }
  }
  for (Operation *op : ops) {
    if (!isDefined(op))
      continue;
    together.insert(op);
    for (Operation *symbol : needs[op].symbols)
      if (auto callee = dyn_cast<LLVMFuncOp>(symbol)) {
        if (!callee.isExternal() && mayBeInlined(callee))
          together.unionSets(op, callee);
        // The body of what prints is made with the entry point.
        if (Operation *kernel = printers.lookup(callee.getName()))
          together.unionSets(op, kernel);
      }
  }
}

/// The most expensive ones first.
std::vector<Group> Splitter::groups() {
  llvm::MapVector<Operation *, Group> byLeader;
  for (Operation *op : ops) {
    if (!isDefined(op))
      continue;
    auto &[cost, functions] = byLeader[together.getLeaderValue(op)];
    cost += needs[op].cost;
    functions.push_back(op);
  }
  std::vector<Group> result;
  for (auto &[leader, group] : byLeader)
    result.push_back(std::move(group));
  llvm::stable_sort(result, [](const Group &a, const Group &b) { return a.first > b.first; });
  return result;
}

/// False where all of it is best compiled in one piece.
bool Splitter::assign() {
  std::vector<Group> all = groups();
  size_t cost = 0;
  for (const Group &group : all)
    cost += group.first;
  // Beside one that has most of all there is little to do.
  if (cost < kLeastCost || all.front().first > cost / 4 * 3)
    return false;
  // As many for each thread, of which there mostly are a power of two.
  size_t most = std::min(all.size(), kMostParts);
  count = 2;
  while (count * 2 <= most && count * 2 * kCostPerPart <= cost)
    count *= 2;
  std::vector<size_t> costs(count);
  for (auto &[groupCost, functions] : all) {
    unsigned least = llvm::min_element(costs) - costs.begin();
    costs[least] += groupCost;
    for (Operation *function : functions) {
      partOf[function] = least;
      for (Operation *symbol : needs[function].symbols)
        users[symbol] |= 1u << least;
    }
  }
  return true;
}

/// Gives an op to the part that defines it, and declarations to the others that use it.
void Splitter::move(Operation *op) {
  unsigned used = users.lookup(op);
  unsigned own = isDefined(op) ? partOf[op] : used ? llvm::countr_zero(used) : 0;
  used &= ~(1u << own);
  if (used && !(isa<LLVMFuncOp>(op) && !isDefined(op))) {
    // Visible to the other parts, and to nobody else.
    if (auto func = dyn_cast<LLVMFuncOp>(op)) {
      func.setLinkage(LLVM::Linkage::External);
      func.setVisibility_(LLVM::Visibility::Hidden);
    } else {
      cast<LLVM::GlobalOp>(op).setLinkage(LLVM::Linkage::External);
      cast<LLVM::GlobalOp>(op).setVisibility_(LLVM::Visibility::Hidden);
    }
  }
  for (unsigned part = 0; part < count; ++part)
    if (used >> part & 1)
      declare(op, part);
  Block *body = parts.modules[own].getBody();
  op->moveBefore(body, body->end());
}

void Splitter::declare(Operation *op, unsigned part) {
  Operation *other = isDefined(op) ? op->cloneWithoutRegions() : op->clone();
  if (auto global = dyn_cast<LLVM::GlobalOp>(other)) {
    if (global.getConstant())
      global.setLinkage(LLVM::Linkage::AvailableExternally);
    else
      global.removeValueAttr();
  }
  parts.modules[part].push_back(other);
}

fnc::Parts Splitter::split() {
  for (Operation &op : *module.getBody()) {
    ops.push_back(&op);
    symbols[SymbolTable::getSymbolName(&op)] = &op;
  }
  for (Operation *op : ops)
    if (isDefined(op))
      lookAt(cast<LLVMFuncOp>(op));
  keepTogether();
  if (!assign())
    return {{module}, {}};
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  for (unsigned part = 0; part < count; ++part)
    parts.modules.push_back(ModuleOp::create(b, module.getLoc()));
  llvm::for_each(ops, [&](Operation *op) { move(op); });

  llvm::SmallSet<unsigned, 4> withChecks;
  for (const fnc::Function &function : graph.functions)
    if (!function.isInit) {
      unsigned part = partOf[symbols.lookup(StringAttr::get(module.getContext(), function.kernel))];
      withChecks.insert(part);
      // Something of it can be a null pointer, so that what reports it is there.
      if (!parts.home && (function.usesState() || !function.outputs.empty()))
        parts.home = part;
    }
  if (withChecks.size() < 2)
    parts.home = {};
  return std::move(parts);
}

} // namespace

fnc::Parts fnc::splitModule(ModuleOp module, const Graph &graph) {
  return Splitter(module, graph).split();
}
