//===- ConstantPool.cpp - large constants, past LLVM ----------------------===//

#include "compiler/emit/ConstantPool.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ObjectFile.h"
#include <cstring>

using namespace mlir;

// Below, LLVM may make better code of what it sees.
static constexpr size_t leastBytes = 1024;

std::vector<fnc::PooledConstant> fnc::takeConstants(ModuleOp module) {
  std::vector<PooledConstant> pool;
  for (auto global : module.getOps<memref::GlobalOp>()) {
    auto value =
        dyn_cast_or_null<DenseElementsAttr>(global.getInitialValue().value_or(Attribute()));
    // Bits, and the one element of a splat, are not the bytes that memory holds.
    if (!value || value.isSplat() || value.getElementType().getIntOrFloatBitWidth() % 8 != 0 ||
        value.getRawData().size() < leastBytes)
      continue;
    pool.push_back({global.getSymName().str(), value});
    global.setInitialValueAttr(UnitAttr::get(module.getContext()));
  }
  return pool;
}

void fnc::reserveConstants(llvm::Module &module, ArrayRef<PooledConstant> pool) {
  for (const PooledConstant &constant : pool) {
    llvm::GlobalVariable *global = module.getNamedGlobal(constant.symbol);
    if (!global)
      continue;
    // Found by its symbol later.
    global->setLinkage(llvm::GlobalValue::InternalLinkage);
    global->setInitializer(llvm::ConstantAggregateZero::get(global->getValueType()));
    global->setExternallyInitialized(true);
  }
}

llvm::Error fnc::fillConstants(llvm::MutableArrayRef<char> object, ArrayRef<PooledConstant> pool) {
  llvm::StringMap<DenseElementsAttr> left;
  for (const PooledConstant &constant : pool)
    left[constant.symbol] = constant.value;
  if (left.empty())
    return llvm::Error::success();
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(StringRef(object.data(), object.size()), "object"));
  if (!file)
    return file.takeError();
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    auto constant = left.find(*name);
    if (constant == left.end())
      continue;
    auto section = symbol.getSection();
    if (!section)
      return section.takeError();
    llvm::Expected<uint64_t> offset = symbol.getValue();
    if (!offset)
      return offset.takeError();
    llvm::Expected<StringRef> room = (*section)->getContents();
    if (!room)
      return room.takeError();
    ArrayRef<char> bytes = constant->second.getRawData();
    if (*offset > room->size() || room->size() - *offset < bytes.size())
      return llvm::createStringError("internal error: no room for the constant '" + *name + "'");
    std::memcpy(object.data() + (room->data() - object.data()) + *offset, bytes.data(),
                bytes.size());
  }
  return llvm::Error::success();
}
