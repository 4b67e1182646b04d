// Objects as one: symbols of one that another defines, tables of any length, data put in.
#include "compiler/emit/Emit.h"
#include "compiler/emit/MergeObjects.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Target/TargetMachine.h"
#include <gtest/gtest.h>

using namespace llvm;
using fnc::mergeObjects;
using object::ELFObjectFileBase;
using object::ELFSymbolRef;

namespace {

/// An object of variables `PREFIX0` to `PREFIXn` with these numbers as values, the last of which
/// is hidden, and of a pointer to a variable that it may not define.
SmallVector<char, 0> objectOf(StringRef target, StringRef prefix, unsigned count, StringRef other) {
  fnc::TargetOptions options;
  options.triple = target.str();
  auto machine = cantFail(fnc::createTargetMachine(options));
  LLVMContext context;
  Module module("module", context);
  module.setDataLayout(machine->createDataLayout());
  module.setTargetTriple(machine->getTargetTriple());
  Type *i32 = Type::getInt32Ty(context);
  auto variable = [&](Constant *value, const Twine &name, GlobalValue::LinkageTypes linkage) {
    Type *type = value ? value->getType() : i32;
    return new GlobalVariable(module, type, false, linkage, value, name);
  };
  GlobalVariable *last = nullptr;
  for (unsigned i = 0; i < count; ++i)
    last = variable(ConstantInt::get(i32, i + 1), prefix + Twine(i), GlobalValue::InternalLinkage);
  GlobalVariable *wanted = variable(nullptr, other, GlobalValue::ExternalLinkage);
  last->setLinkage(GlobalValue::ExternalLinkage);
  for (GlobalVariable *hidden : {last, wanted})
    hidden->setVisibility(GlobalValue::HiddenVisibility);
  variable(wanted, "pointer_" + prefix + "_", GlobalValue::ExternalLinkage);
  SmallVector<char, 0> object;
  cantFail(fnc::emitCode(module, *machine, /*assembly=*/false, object));
  return object;
}

struct Merged {
  SmallVector<char, 0> bytes;
  std::unique_ptr<object::ObjectFile> file;
  StringMap<ELFSymbolRef> symbols;
};

Merged merge(ArrayRef<SmallVector<char, 0>> objects, ArrayRef<fnc::ObjectData> data = {}) {
  SmallVector<StringRef> views;
  for (const auto &object : objects)
    views.emplace_back(object.data(), object.size());
  Merged merged;
  cantFail(mergeObjects(views, data, merged.bytes));
  merged.file = cantFail(object::ObjectFile::createObjectFile(
      MemoryBufferRef(StringRef(merged.bytes.data(), merged.bytes.size()), "")));
  for (ELFSymbolRef symbol : cast<ELFObjectFileBase>(*merged.file).symbols())
    merged.symbols.try_emplace(cantFail(symbol.getName()), symbol);
  return merged;
}

StringRef sectionOf(const ELFSymbolRef &symbol) {
  return cantFail((*cantFail(symbol.getSection())).getName());
}

/// The symbol that the pointer of this name holds.
std::string pointee(const Merged &merged, StringRef name) {
  for (const object::SectionRef &section : merged.file->sections())
    if (cantFail(section.getName()) == sectionOf(merged.symbols.find(name)->second))
      for (const object::SectionRef &relocations : merged.file->sections())
        if (auto target = cantFail(relocations.getRelocatedSection());
            target != merged.file->section_end() && *target == section)
          return cantFail(relocations.relocation_begin()->getSymbol()->getName()).str();
  return "";
}

} // namespace

TEST(MergeObjects, FindsWhatOthersDefine) {
  for (StringRef target : {"x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu",
                           "thumbv7em-none-eabihf", "riscv32-none-elf"}) {
    Merged merged = merge({objectOf(target, "a", 2, "b2"), objectOf(target, "b", 3, "elsewhere")});
    for (StringRef prefix : {"a", "b"})
      for (unsigned i = 0; i < 2; ++i)
        EXPECT_EQ(sectionOf(merged.symbols.find((prefix + Twine(i)).str())->second),
                  (".data." + prefix + Twine(i)).str());
    EXPECT_EQ(pointee(merged, "pointer_a_"), "b2");
    EXPECT_EQ(pointee(merged, "pointer_b_"), "elsewhere");
    // What was hidden is of this object alone, what nobody defines is not.
    EXPECT_EQ(merged.symbols.find("b2")->second.getBinding(), ELF::STB_LOCAL);
    EXPECT_EQ(merged.symbols.find("elsewhere")->second.getBinding(), ELF::STB_GLOBAL);
    EXPECT_EQ(merged.symbols.find("pointer_a_")->second.getBinding(), ELF::STB_GLOBAL);
  }
}

TEST(MergeObjects, NumbersMoreSectionsThan16BitsDo) {
  constexpr unsigned count = 34000;
  for (StringRef target : {"x86_64-linux-gnu", "riscv32-none-elf"}) {
    Merged merged =
        merge({objectOf(target, "a", count, "b33999"), objectOf(target, "b", count, "a33999"),
               objectOf(target, "c", 1, "a33999")});
    EXPECT_GT(std::distance(merged.file->section_begin(), merged.file->section_end()), 2 * count);
    for (StringRef prefix : {"a", "b"})
      for (unsigned i = 0; i < count; ++i) {
        std::string name = (prefix + Twine(i)).str();
        const ELFSymbolRef &symbol = merged.symbols.find(name)->second;
        object::SectionRef section = *cantFail(symbol.getSection());
        ASSERT_EQ(cantFail(section.getName()), ".data." + name);
        ASSERT_EQ(support::endian::read32le(cantFail(section.getContents()).data()), i + 1);
      }
    EXPECT_EQ(pointee(merged, "pointer_a_"), "b33999");
    EXPECT_EQ(pointee(merged, "pointer_b_"), "a33999");
    EXPECT_EQ(pointee(merged, "pointer_c_"), "a33999");
    // An object that has such tables itself.
    Merged again = merge({merged.bytes, objectOf(target, "d", 1, "pointer_b_")});
    EXPECT_EQ(sectionOf(again.symbols.find("b33999")->second), ".data.b33999");
    EXPECT_EQ(pointee(again, "pointer_b_"), "a33999");
    EXPECT_EQ(pointee(again, "pointer_d_"), "pointer_b_");
  }
}

TEST(MergeObjects, PutsInDataThatIsNeeded) {
  std::string bytes(100, 'x'), unused = "unused";
  Merged merged = merge({objectOf("x86_64-linux-gnu", "a", 1, "table")},
                        {{"table", ArrayRef(bytes.data(), bytes.size()), 64},
                         {"other", ArrayRef(unused.data(), unused.size()), 1}});
  const ELFSymbolRef &table = merged.symbols.find("table")->second;
  object::ELFSectionRef section(*cantFail(table.getSection()));
  EXPECT_EQ(cantFail(section.getContents()), bytes);
  EXPECT_EQ(section.getAlignment().value(), 64u);
  EXPECT_EQ(section.getFlags(), uint64_t(ELF::SHF_ALLOC));
  EXPECT_EQ(table.getBinding(), ELF::STB_LOCAL);
  EXPECT_EQ(table.getSize(), 100u);
  EXPECT_EQ(merged.symbols.count("other"), 0u);
}

TEST(MergeObjects, RefusesWhatDoesNotGoTogether) {
  SmallVector<char, 0> out;
  auto one = objectOf("x86_64-linux-gnu", "a", 1, "b0"),
       same = objectOf("x86_64-linux-gnu", "a", 1, "c");
  auto arm = objectOf("aarch64-linux-gnu", "b", 1, "c");
  auto view = [](const SmallVector<char, 0> &object) {
    return StringRef(object.data(), object.size());
  };
  EXPECT_EQ(toString(mergeObjects({view(one), view(same)}, {}, out)),
            "internal error: parts of an object both define a0");
  EXPECT_EQ(toString(mergeObjects({view(one), view(arm)}, {}, out)),
            "internal error: parts of an object are for different targets");
}
