//===- FunctionLowering.h - a function on memrefs in LLVM -------*- C++ -*-===//

#ifndef FNC_EMIT_FUNCTIONLOWERING_H
#define FNC_EMIT_FUNCTIONLOWERING_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace fnc {

/// A number of elements or bytes: known, or a value as wide as a pointer.
struct Index {
  Index(int64_t known) : known(known) {}
  Index(mlir::Value value) : value(value) {}

  bool is(int64_t number) const { return !value && known == number; }

  mlir::Value value;
  int64_t known = 0;
};

/// What a memref is: element (i, j) lies `offset + i * strides[0] + j * strides[1]` elements after
/// `pointer`.
struct Buffer {
  mlir::Value pointer;
  Index offset = 0;
  llvm::SmallVector<Index, 2> sizes, strides;
};

class FunctionLowering;

/// Makes what one op is in LLVM, by kinds of ops.
using Handler = void (*)(FunctionLowering &, mlir::Operation *);
using Handlers = llvm::DenseMap<mlir::TypeID, Handler>;

template <typename Op> void addHandler(Handlers &handlers, Handler handler) {
  handlers[mlir::TypeID::get<Op>()] = handler;
}

/// One op of LLVM for one of arith, math or vector.
void addArithmetic(Handlers &handlers);
/// Loads, stores, calls, and views, which become nothing but other offsets and sizes.
void addMemory(Handlers &handlers);

/// Which numbers of a memref its type does not know: 0 is the offset, 1 the first of the sizes; the
/// strides follow them.
std::vector<unsigned> openNumbers(mlir::MemRefType type);

/// The type of a function in LLVM. A memref is a pointer and the numbers that its type does not
/// know; of a function that is elsewhere, all the parts of upstream's descriptors.
mlir::LLVM::LLVMFunctionType signatureOf(mlir::func::FuncOp func,
                                         const mlir::LLVMTypeConverter &types);

/// Writes a function in LLVM's dialect, op after op, as a walk over one on memrefs meets them.
/// What has no handler moves over as it is, between casts: `left` of it, for upstream's patterns.
class FunctionLowering {
public:
  /// `elsewhere` has the names of functions without a body.
  FunctionLowering(const mlir::LLVMTypeConverter &types, const Handlers &handlers,
                   const llvm::DenseSet<mlir::StringAttr> &elsewhere)
      : b(mlir::UnknownLoc::get(&types.getContext()), &types.getContext()), types(types),
        handlers(handlers), elsewhere(elsewhere) {}

  void lower(mlir::func::FuncOp from, mlir::LLVM::LLVMFuncOp to);

  /// What a value of the function has become.
  mlir::Value get(mlir::Value source);
  Index index(mlir::Value source);
  const Buffer &buffer(mlir::Value source) { return buffers.find(source)->second; }

  /// Says what it has become.
  void set(mlir::Value source, mlir::Value made) { values[source] = made; }
  void set(mlir::Value source, Index made);
  /// With what the type knows in place of values.
  void set(mlir::Value source, Buffer made);

  /// The values that hand a value over to another block or function; and what they are there.
  void appendParts(mlir::Value source, llvm::SmallVectorImpl<mlir::Value> &parts);
  void takeParts(mlir::ValueRange sources, mlir::ValueRange parts);
  /// A memref as functions take it that are elsewhere.
  void appendDescriptor(mlir::Value source, llvm::SmallVectorImpl<mlir::Value> &parts);

  bool isElsewhere(mlir::StringAttr function) { return elsewhere.contains(function); }

  mlir::Type convert(mlir::Type type);
  mlir::Type indexType() { return types.getIndexType(); }
  mlir::Type pointerType() { return pointer; }

  mlir::Value value(Index number);
  Index add(Index x, Index y);
  Index mul(Index x, Index y, bool isInBounds = false);
  /// `count` elements behind `from`.
  mlir::Value address(mlir::Type element, mlir::Value from, Index count, bool isInBounds = false);
  /// Of an element; or of the first one.
  mlir::Value address(mlir::Value memref, mlir::ValueRange indices, bool isInBounds = false);

  /// Moves an op over as it is.
  void leave(mlir::Operation *op);

  mlir::ImplicitLocOpBuilder b;
  llvm::SmallVector<mlir::Operation *> left;

private:
  void lowerBlock(mlir::Block &block);
  void lowerOp(mlir::Operation *op);
  void lowerFor(mlir::scf::ForOp op);
  void lowerIf(mlir::scf::IfOp op);
  void lowerWhile(mlir::scf::WhileOp op);
  void lowerReturn(mlir::func::ReturnOp op);

  mlir::Block *newBlock(mlir::ValueRange arguments = {});
  /// Goes on at the end of a block that is the function's last.
  void startBlock(mlir::Block *block);
  void alias(mlir::ValueRange sources, mlir::ValueRange others);
  Buffer takeDescriptor(mlir::Value source, mlir::ValueRange &parts);
  void fillFrom(mlir::Value source, Buffer &buffer, llvm::function_ref<Index()> offset,
                llvm::function_ref<Index(unsigned)> size,
                llvm::function_ref<Index(unsigned)> stride);

  const mlir::LLVMTypeConverter &types;
  const Handlers &handlers;
  const llvm::DenseSet<mlir::StringAttr> &elsewhere;
  mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(&types.getContext());
  mlir::LLVM::LLVMFuncOp made;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
  llvm::DenseMap<mlir::Value, int64_t> known;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  llvm::DenseMap<int64_t, mlir::Value> constants;
};

} // namespace fnc

#endif // FNC_EMIT_FUNCTIONLOWERING_H
