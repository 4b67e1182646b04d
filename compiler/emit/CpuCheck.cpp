//===- CpuCheck.cpp - whether this machine can run the object -------------===//
//
// An object for a processor with more instructions than the baseline asks the machine once, in
// code for the baseline, and its entry points return a status where the answer is no. Only x86
// has a user-mode way to ask without an operating system.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/CpuCheck.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace {

enum Register { A, B, C, D };

/// Intel's manual, volume 2, CPUID. Leaves with their subleaf.
struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  unsigned bit;
};

constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, C, 0},          {"pclmul", 1, 0, C, 1},       {"ssse3", 1, 0, C, 9},
    {"fma", 1, 0, C, 12},          {"cx16", 1, 0, C, 13},        {"sse4.1", 1, 0, C, 19},
    {"sse4.2", 1, 0, C, 20},       {"movbe", 1, 0, C, 22},       {"popcnt", 1, 0, C, 23},
    {"avx", 1, 0, C, 28},          {"f16c", 1, 0, C, 29},        {"bmi", 7, 0, B, 3},
    {"avx2", 7, 0, B, 5},          {"bmi2", 7, 0, B, 8},         {"avx512f", 7, 0, B, 16},
    {"avx512dq", 7, 0, B, 17},     {"adx", 7, 0, B, 19},         {"avx512ifma", 7, 0, B, 21},
    {"avx512cd", 7, 0, B, 28},     {"avx512bw", 7, 0, B, 30},    {"avx512vl", 7, 0, B, 31},
    {"avx512vbmi", 7, 0, C, 1},    {"avx512vbmi2", 7, 0, C, 6},  {"gfni", 7, 0, C, 8},
    {"avx512vnni", 7, 0, C, 11},   {"avx512bitalg", 7, 0, C, 12}, {"avx512vpopcntdq", 7, 0, C, 14},
    {"avx512fp16", 7, 0, D, 23},   {"avxvnni", 7, 1, A, 4},      {"avx512bf16", 7, 1, A, 5},
    {"lzcnt", 0x80000001, 0, C, 5}, {"xop", 0x80000001, 0, C, 11}, {"fma4", 0x80000001, 0, C, 16},
};

} // namespace

Function *fnc::buildCpuCheck(Module &module, const TargetMachine &machine) {
  const Triple &triple = machine.getTargetTriple();
  if (!triple.isX86() || !triple.isArch64Bit())
    return nullptr;
  const MCSubtargetInfo &info = *machine.getMCSubtargetInfo();
  auto has = [&](StringRef name) { return info.checkFeatures(("+" + name).str()); };
  std::vector<const Feature *> needed;
  for (const Feature &feature : kFeatures)
    if (has(feature.name))
      needed.push_back(&feature);
  if (needed.empty())
    return nullptr;

  LLVMContext &context = module.getContext();
  IRBuilder<> b(context);
  Type *i32 = b.getInt32Ty();
  auto *cache = new GlobalVariable(module, b.getInt8Ty(), false, GlobalValue::InternalLinkage,
                                   b.getInt8(0), "fn.cpu");
  auto *check = Function::Create(FunctionType::get(b.getInt1Ty(), false),
                                 GlobalValue::InternalLinkage, "fn.check_cpu", &module);
  check->addFnAttr("target-cpu", "x86-64");
  check->addFnAttr(Attribute::NoInline);
  check->addFnAttr(Attribute::Cold);
  auto block = [&] { return BasicBlock::Create(context, "", check); };
  BasicBlock *refuse = block();
  auto demand = [&](Value *condition) {
    BasicBlock *next = block();
    b.CreateCondBr(condition, next, refuse);
    b.SetInsertPoint(next);
  };
  BasicBlock *start = block();
  start->moveBefore(refuse);
  b.SetInsertPoint(start);

  auto *registers = StructType::get(context, {i32, i32, i32, i32});
  auto *cpuid = InlineAsm::get(FunctionType::get(registers, {i32, i32}, false), "cpuid",
                               "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}",
                               /*hasSideEffects=*/true);
  auto ask = [&](uint32_t leaf, uint32_t subleaf) {
    return b.CreateCall(cpuid, {b.getInt32(leaf), b.getInt32(subleaf)});
  };
  auto contains = [&](Value *word, uint32_t mask) {
    return b.CreateICmpEQ(b.CreateAnd(word, b.getInt32(mask)), b.getInt32(mask));
  };
  for (auto [leaf, subleaf] : {std::pair(1u, 0u), {7u, 0u}, {7u, 1u}, {0x80000001u, 0u}}) {
    uint32_t masks[4] = {};
    for (const Feature *feature : needed)
      if (feature->leaf == leaf && feature->subleaf == subleaf)
        masks[feature->reg] |= 1u << feature->bit;
    bool needsOs = leaf == 1 && has("avx");
    if (needsOs)
      masks[C] |= 1u << 27; // the system saves wide registers: xgetbv exists
    if (!(masks[A] | masks[B] | masks[C] | masks[D]))
      continue;
    // A leaf beyond the last one answers with nonsense.
    Value *last = b.CreateExtractValue(ask(leaf & 0x80000000u, 0), 0);
    demand(b.CreateICmpUGE(last, b.getInt32(leaf)));
    Value *answer = ask(leaf, subleaf);
    for (unsigned reg = 0; reg < 4; ++reg)
      if (masks[reg])
        demand(contains(b.CreateExtractValue(answer, reg), masks[reg]));
    if (!needsOs)
      continue;
    auto *xgetbv = InlineAsm::get(
        FunctionType::get(StructType::get(context, {i32, i32}), {i32}, false), "xgetbv",
        "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}", /*hasSideEffects=*/true);
    Value *saved = b.CreateExtractValue(b.CreateCall(xgetbv, {b.getInt32(0)}), 0);
    demand(contains(saved, has("avx512f") ? 0xe6 : 0x06));
  }
  b.CreateStore(b.getInt8(1), cache)->setAtomic(AtomicOrdering::Monotonic);
  b.CreateRet(b.getTrue());
  b.SetInsertPoint(refuse);
  b.CreateRet(b.getFalse());
  return check;
}
