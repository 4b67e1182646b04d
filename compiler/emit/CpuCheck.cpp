//===- CpuCheck.cpp - whether this machine can run the object -------------===//
//
// An object for a processor with more instructions than the baseline asks the machine once, in
// code for the baseline, and its entry points return a status where the answer is no. x86 answers
// any program. AArch64's identification registers answer privileged code, and firmware is; Linux
// answers for them in programs (documentation: cpu-feature-registers). Other targets have no way to
// ask without an operating system.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/CpuCheck.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"
#include <map>

using namespace llvm;

namespace {

enum Register { A, B, C, D };

/// Intel's manual, volume 2, CPUID. Leaves with their subleaf.
struct CpuidBit {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  unsigned bit;
};

constexpr CpuidBit kCpuidBits[] = {
    {"sse3", 1, 0, C, 0},           {"pclmul", 1, 0, C, 1},        {"ssse3", 1, 0, C, 9},
    {"fma", 1, 0, C, 12},           {"cx16", 1, 0, C, 13},         {"sse4.1", 1, 0, C, 19},
    {"sse4.2", 1, 0, C, 20},        {"movbe", 1, 0, C, 22},        {"popcnt", 1, 0, C, 23},
    {"avx", 1, 0, C, 28},           {"f16c", 1, 0, C, 29},         {"bmi", 7, 0, B, 3},
    {"avx2", 7, 0, B, 5},           {"bmi2", 7, 0, B, 8},          {"avx512f", 7, 0, B, 16},
    {"avx512dq", 7, 0, B, 17},      {"adx", 7, 0, B, 19},          {"avx512ifma", 7, 0, B, 21},
    {"avx512cd", 7, 0, B, 28},      {"avx512bw", 7, 0, B, 30},     {"avx512vl", 7, 0, B, 31},
    {"avx512vbmi", 7, 0, C, 1},     {"avx512vbmi2", 7, 0, C, 6},   {"gfni", 7, 0, C, 8},
    {"avx512vnni", 7, 0, C, 11},    {"avx512bitalg", 7, 0, C, 12}, {"avx512vpopcntdq", 7, 0, C, 14},
    {"avx512fp16", 7, 0, D, 23},    {"avxvnni", 7, 1, A, 4},       {"avx512bf16", 7, 1, A, 5},
    {"lzcnt", 0x80000001, 0, C, 5}, {"xop", 0x80000001, 0, C, 11}, {"fma4", 0x80000001, 0, C, 16},
};

/// A register's field of four bits says at least this. Arm's manual (DDI 0487), D24.2: registers by
/// the last two numbers of their encoding S3_0_C0_Cx_y. What no arithmetic compiles to, as ciphers,
/// is not here: LLVM's descriptions of CPUs have what not every chip with their name has.
struct IdField {
  const char *name;
  unsigned crm, op2, shift, least;
};

constexpr IdField kIdFields[] = {
    {"fullfp16", 4, 0, 20, 1},  {"sve", 4, 0, 32, 1},       {"sve2", 4, 4, 0, 1},
    {"sve2p1", 4, 4, 0, 2},     {"sve2p2", 4, 4, 0, 3},     {"sve-b16b16", 4, 4, 24, 1},
    {"sve-sha3", 4, 4, 32, 1},  {"f64mm", 4, 4, 56, 1},     {"lse", 6, 0, 20, 2},
    {"rdm", 6, 0, 28, 1},       {"sha3", 6, 0, 32, 1}, // exclusive or of three, as well
    {"dotprod", 6, 0, 44, 1},   {"complxnum", 6, 1, 16, 1}, {"rcpc", 6, 1, 20, 1},
    {"rcpc-immo", 6, 1, 20, 2}, {"fptoint", 6, 1, 32, 1},   {"bf16", 6, 1, 44, 1},
    {"i8mm", 6, 1, 52, 1},      {"mops", 6, 2, 16, 1},      {"cssc", 6, 2, 52, 1},
    {"faminmax", 6, 3, 4, 1},   {"fprcvt", 6, 3, 28, 1},
};

class CpuCheck {
public:
  CpuCheck(Module &module, const TargetMachine &machine)
      : module(module), machine(machine), context(module.getContext()), b(context) {}

  /// Null where `ask` has nothing to ask.
  template <typename Feature>
  Function *build(ArrayRef<Feature> known, StringRef baseline,
                  function_ref<void(ArrayRef<const Feature *>)> ask);
  void askX86(ArrayRef<const CpuidBit *> needed);
  void askAArch64(ArrayRef<const IdField *> needed);

private:
  bool has(StringRef name) {
    return machine.getMCSubtargetInfo()->checkFeatures(("+" + name).str());
  }
  /// Goes on where the condition holds.
  void demand(Value *condition) {
    BasicBlock *next = BasicBlock::Create(context, "", check);
    b.CreateCondBr(condition, next, refuse);
    b.SetInsertPoint(next);
  }
  void demandBits(Value *word, uint32_t mask) {
    demand(b.CreateICmpEQ(b.CreateAnd(word, b.getInt32(mask)), b.getInt32(mask)));
  }

  Module &module;
  const TargetMachine &machine;
  LLVMContext &context;
  IRBuilder<> b;
  Function *check = nullptr;
  BasicBlock *refuse = nullptr;
};

template <typename Feature>
Function *CpuCheck::build(ArrayRef<Feature> known, StringRef baseline,
                          function_ref<void(ArrayRef<const Feature *>)> ask) {
  std::vector<const Feature *> needed;
  // What the options add to the CPU does not go with its name alone.
  std::string features = machine.getTargetFeatureString().str();
  for (const Feature &feature : known)
    if (has(feature.name)) {
      needed.push_back(&feature);
      features += std::string(features.empty() ? "-" : ",-") + feature.name;
    }
  if (needed.empty())
    return nullptr;
  auto *cache = new GlobalVariable(module, b.getInt8Ty(), false, GlobalValue::InternalLinkage,
                                   b.getInt8(0), "fn.cpu");
  check = Function::Create(FunctionType::get(b.getInt1Ty(), false), GlobalValue::InternalLinkage,
                           "fn.check_cpu", &module);
  check->addFnAttr("target-cpu", baseline);
  check->addFnAttr("target-features", features);
  check->addFnAttr(Attribute::NoInline);
  check->addFnAttr(Attribute::Cold);
  b.SetInsertPoint(BasicBlock::Create(context, "", check));
  refuse = BasicBlock::Create(context, "", check);
  ask(needed);
  b.CreateStore(b.getInt8(1), cache)->setAtomic(AtomicOrdering::Monotonic);
  b.CreateRet(b.getTrue());
  b.SetInsertPoint(refuse);
  b.CreateRet(b.getFalse());
  return check;
}

void CpuCheck::askX86(ArrayRef<const CpuidBit *> needed) {
  Type *i32 = b.getInt32Ty();
  auto *registers = StructType::get(context, {i32, i32, i32, i32});
  auto *cpuid = InlineAsm::get(FunctionType::get(registers, {i32, i32}, false), "cpuid",
                               "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}",
                               /*hasSideEffects=*/true);
  auto ask = [&](uint32_t leaf, uint32_t subleaf) {
    return b.CreateCall(cpuid, {b.getInt32(leaf), b.getInt32(subleaf)});
  };
  for (auto [leaf, subleaf] : {std::pair(1u, 0u), {7u, 0u}, {7u, 1u}, {0x80000001u, 0u}}) {
    uint32_t masks[4] = {};
    for (const CpuidBit *feature : needed)
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
        demandBits(b.CreateExtractValue(answer, reg), masks[reg]);
    if (!needsOs)
      continue;
    auto *xgetbv = InlineAsm::get(
        FunctionType::get(StructType::get(context, {i32, i32}), {i32}, false), "xgetbv",
        "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}", /*hasSideEffects=*/true);
    Value *saved = b.CreateExtractValue(b.CreateCall(xgetbv, {b.getInt32(0)}), 0);
    demandBits(saved, has("avx512f") ? 0xe6 : 0x06);
  }
}

void CpuCheck::askAArch64(ArrayRef<const IdField *> needed) {
  std::map<std::pair<unsigned, unsigned>, Value *> registers;
  for (const IdField *field : needed) {
    Value *&word = registers[{field->crm, field->op2}];
    if (!word) {
      std::string read = formatv("mrs $0, S3_0_C0_C{0}_{1}", field->crm, field->op2);
      word = b.CreateCall(InlineAsm::get(FunctionType::get(b.getInt64Ty(), false), read, "=r",
                                         /*hasSideEffects=*/true));
    }
    Value *value = b.CreateAnd(b.CreateLShr(word, field->shift), 15);
    // 15 stands for less than 0.
    demand(b.CreateICmpULT(b.CreateSub(value, b.getInt64(field->least)),
                           b.getInt64(15 - field->least)));
  }
}

} // namespace

Function *fnc::buildCpuCheck(Module &module, const TargetMachine &machine) {
  const Triple &triple = machine.getTargetTriple();
  CpuCheck check(module, machine);
  if (triple.isX86() && triple.isArch64Bit())
    return check.build<CpuidBit>(kCpuidBits, "x86-64", [&](auto needed) { check.askX86(needed); });
  if (triple.isAArch64())
    return check.build<IdField>(kIdFields, "generic",
                                [&](auto needed) { check.askAArch64(needed); });
  return nullptr;
}

void fnc::compileForBaseline(Function &function, const Function &check) {
  for (StringRef name : {"target-cpu", "target-features"})
    function.addFnAttr(check.getFnAttribute(name));
  // Kernels call loops of theirs that became functions.
  for (const Instruction &instruction : instructions(function))
    if (auto *call = dyn_cast<CallInst>(&instruction))
      if (Function *callee = call->getCalledFunction();
          callee && !callee->isDeclaration() && !callee->hasFnAttribute("target-cpu"))
        compileForBaseline(*callee, check);
}
