//===- Parts.cpp - a module in parts, side by side ------------------------===//
//
// LLVM takes most of the time of a compilation, and can do it for several modules at once. What
// concerns calls, and so looks at all of the functions, is done for the whole; then each part has
// the functions that it compiles, and declarations of the others. A function that LLVM may inline
// is in the part of its callers, so that the code is the same as that of a module in one piece.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Parts.h"
#include "compiler/emit/MergeObjects.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <atomic>
#include <set>
#include <thread>

using namespace llvm;

namespace {

/// What a function takes to compile: instructions, and what goes with each block, in as many more
/// of them (fitted to the times of 200 functions).
constexpr size_t kPerBlock = 8;
size_t costOf(const Function &function) {
  return function.getInstructionCount() + kPerBlock * function.size();
}

/// Less is not worth a thread; so much or more is in each of several parts, of which there are at
/// most so many.
constexpr size_t kLeastCost = 1500, kCostPerPart = 2500, kMostParts = 16;

/// By symbol, the part that defines it.
struct Parts {
  unsigned count = 1;
  StringMap<unsigned> of;
};

/// Whether the parts' objects can be put together: what this target puts into objects is known.
bool canMerge(const Triple &triple) {
  return triple.isOSBinFormatELF() &&
         ((triple.isX86() && triple.isArch64Bit()) || triple.isRISCV() ||
          (triple.isLittleEndian() && (triple.isAArch64() || triple.isARM() || triple.isThumb())));
}

/// The functions that use a value, also as part of a constant.
void addUsers(const Value &value, SmallPtrSetImpl<const Function *> &functions) {
  for (const User *user : value.users())
    if (auto *instruction = dyn_cast<Instruction>(user))
      functions.insert(instruction->getFunction());
    else
      addUsers(*user, functions);
}

/// Functions that stay together, and their cost; the most first.
using Group = std::pair<size_t, std::vector<Function *>>;
std::vector<Group> groupsOf(Module &module) {
  EquivalenceClasses<Function *> together;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    together.insert(&function);
    if (function.hasFnAttribute(Attribute::NoInline))
      continue;
    SmallPtrSet<const Function *, 4> users;
    addUsers(function, users);
    for (const Function *user : users)
      together.unionSets(&function, const_cast<Function *>(user));
  }
  MapVector<Function *, Group> groups;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    auto &[cost, functions] = groups[together.getLeaderValue(&function)];
    cost += costOf(function);
    functions.push_back(&function);
  }
  std::vector<Group> result;
  for (auto &[leader, group] : groups)
    result.push_back(std::move(group));
  stable_sort(result, [](const Group &a, const Group &b) { return a.first > b.first; });
  return result;
}

/// Makes a symbol visible to the other parts, and to nobody else.
void share(GlobalValue &value) {
  value.setLinkage(GlobalValue::ExternalLinkage);
  value.setVisibility(GlobalValue::HiddenVisibility);
}

Parts partsOf(Module &module) {
  std::vector<Group> groups = groupsOf(module);
  size_t cost = 0;
  for (const Group &group : groups)
    cost += group.first;
  // Beside one that has most of all there is little to do.
  if (cost < kLeastCost || groups.front().first > cost / 4 * 3)
    return {};
  // As many for each thread, of which there mostly are a power of two.
  size_t most = std::min(groups.size(), kMostParts);
  Parts parts;
  parts.count = 2;
  while (parts.count * 2 <= most && parts.count * 2 * kCostPerPart <= cost)
    parts.count *= 2;
  std::vector<size_t> costs(parts.count);
  for (auto &[groupCost, functions] : groups) {
    unsigned least = min_element(costs) - costs.begin();
    costs[least] += groupCost;
    for (Function *function : functions)
      parts.of[function->getName()] = least;
  }
  auto assign = [&](GlobalValue &value) {
    SmallPtrSet<const Function *, 8> users;
    addUsers(value, users);
    std::set<unsigned> used;
    for (const Function *user : users)
      used.insert(parts.of.lookup(user->getName()));
    if (!isa<Function>(value))
      parts.of[value.getName()] = used.empty() ? 0 : *used.begin();
    used.insert(parts.of.lookup(value.getName()));
    if (value.hasLocalLinkage() && used.size() > 1)
      share(value);
  };
  for (GlobalValue &value : module.global_values())
    if (!value.isDeclaration())
      assign(value);
  return parts;
}

/// Leaves of a module what the part defines, and declarations of what that uses.
Error keepPart(Module &module, const Parts &parts, unsigned part) {
  for (Function &function : module)
    if (!function.isDeclaration() && parts.of.lookup(function.getName()) != part)
      function.deleteBody();
  if (Error error = module.materializeAll())
    return error;
  for (Function &function : make_early_inc_range(module))
    if (function.isDeclaration() && function.use_empty())
      function.eraseFromParent();
  for (GlobalVariable &variable : make_early_inc_range(module.globals())) {
    variable.removeDeadConstantUsers();
    if (variable.isDeclaration() || parts.of.lookup(variable.getName()) == part)
      continue;
    if (variable.use_empty())
      variable.eraseFromParent();
    else if (variable.isConstant())
      variable.setLinkage(GlobalValue::AvailableExternallyLinkage);
    else
      variable.setInitializer(nullptr);
  }
  return Error::success();
}

std::unique_ptr<TargetMachine> copyOf(const TargetMachine &machine) {
  return std::unique_ptr<TargetMachine>(machine.getTarget().createTargetMachine(
      machine.getTargetTriple(), machine.getTargetCPU(), machine.getTargetFeatureString(),
      machine.Options, machine.getRelocationModel(), machine.getCodeModel(),
      machine.getOptLevel()));
}

class Emitter {
public:
  Emitter(TargetMachine &machine, const fnc::TargetOptions &options, const fnc::Graph &graph)
      : machine(machine), options(options), graph(graph) {}

  /// The objects of the module's parts, or of the whole.
  Error emit(Module &module);
  std::vector<SmallVector<char, 0>> objects;

private:
  Error emitPart(Module &module, TargetMachine &own, unsigned part);
  Error readPart(unsigned part);
  void work();

  TargetMachine &machine;
  const fnc::TargetOptions &options;
  const fnc::Graph &graph;
  Parts parts;
  SmallString<0> bitcode;
  std::vector<Error> errors;
  std::atomic<unsigned> next = 1;
};

Error Emitter::emitPart(Module &module, TargetMachine &own, unsigned part) {
  if (Error error = keepPart(module, parts, part))
    return error;
  fnc::optimize(module, own, options);
  if (part == 0)
    fnc::embedManifest(module, graph, own, options);
  return fnc::emitCode(module, own, /*assembly=*/false, objects[part]);
}

/// Contexts and machines are for one thread.
Error Emitter::readPart(unsigned part) {
  LLVMContext context;
  context.setDiscardValueNames(true);
  auto module = getLazyBitcodeModule(MemoryBufferRef(bitcode, "part"), context);
  if (!module)
    return module.takeError();
  std::unique_ptr<TargetMachine> own = copyOf(machine);
  return emitPart(**module, *own, part);
}

void Emitter::work() {
  for (unsigned part; (part = next++) < parts.count;)
    errors[part] = readPart(part);
}

Error Emitter::emit(Module &module) {
  bool isDebugged = !module.debug_compile_units().empty();
  if (isDebugged || options.forSize || options.level == 0 || !canMerge(machine.getTargetTriple())) {
    objects.resize(1);
    fnc::optimize(module, machine, options);
    fnc::embedManifest(module, graph, machine, options);
    return fnc::emitCode(module, machine, /*assembly=*/false, objects[0]);
  }
  parts = partsOf(module);
  objects.resize(parts.count);
  for (unsigned part = 0; part < parts.count; ++part)
    errors.push_back(Error::success());
  if (parts.count > 1) {
    raw_svector_ostream stream(bitcode);
    WriteBitcodeToFile(module, stream);
  }
  std::vector<std::thread> threads;
  unsigned helpers = std::min(parts.count, hardware_concurrency().compute_thread_count()) - 1;
  for (unsigned i = 0; i < helpers; ++i)
    threads.emplace_back([&] { work(); });
  errors[0] = emitPart(module, machine, 0);
  work();
  for (std::thread &thread : threads)
    thread.join();
  Error result = Error::success();
  for (Error &error : errors)
    result = joinErrors(std::move(result), std::move(error));
  return result;
}

} // namespace

Error fnc::emitObject(Module &module, TargetMachine &machine, const TargetOptions &options,
                      const Graph &graph, ArrayRef<PooledConstant> constants,
                      SmallVectorImpl<char> &out) {
  Emitter emitter(machine, options, graph);
  if (Error error = emitter.emit(module))
    return error;
  if (emitter.objects.size() == 1 && constants.empty()) {
    out.assign(emitter.objects[0].begin(), emitter.objects[0].end());
    return Error::success();
  }
  std::vector<StringRef> objects;
  for (const auto &object : emitter.objects)
    objects.emplace_back(object.data(), object.size());
  return mergeObjects(objects, dataOf(constants), out);
}
