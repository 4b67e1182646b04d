//===- ConstantPool.cpp - large constants, past LLVM ----------------------===//

#include "compiler/emit/ConstantPool.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

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
    pool.push_back({global.getSymName().str(), value, global.getAlignment().value_or(64)});
    global.setInitialValueAttr(UnitAttr::get(module.getContext()));
  }
  return pool;
}

void fnc::declareConstants(llvm::Module &module, ArrayRef<PooledConstant> pool) {
  for (const PooledConstant &constant : pool) {
    llvm::GlobalVariable *global = module.getNamedGlobal(constant.symbol);
    if (!global)
      continue;
    global->setLinkage(llvm::GlobalValue::ExternalLinkage);
    global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    global->setInitializer(nullptr);
  }
}

std::vector<fnc::ObjectData> fnc::dataOf(ArrayRef<PooledConstant> pool) {
  std::vector<ObjectData> data;
  for (const auto &[symbol, value, alignment] : pool)
    data.push_back({symbol, value.getRawData(), alignment});
  return data;
}
