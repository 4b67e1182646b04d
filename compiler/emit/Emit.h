//===- Emit.h - memrefs to files --------------------------------*- C++ -*-===//

#ifndef FNC_EMIT_EMIT_H
#define FNC_EMIT_EMIT_H

#include "compiler/emit/Manifest.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm
namespace mlir {
class OpPassManager;
}

namespace fnc {

struct TargetOptions {
  std::string triple;   ///< empty: this machine's
  std::string cpu;      ///< empty: the triple's baseline; "native": this machine's
  std::string features; ///< "+avx2,-fma"
  std::string abi;      ///< "lp64d"; empty: the triple's
  int level = 2;        ///< 0 to 3
  bool forSize = false;
};

/// The target machine, or an error that says what is wrong with the options.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetOptions &options);

/// The registers that hold vectors; none where the target computes with scalars alone.
struct VectorRegisters {
  unsigned bits = 0, count = 0;
  bool halves = false; ///< a multiply-add takes one half after the other
};
VectorRegisters vectorRegisters(llvm::TargetMachine &machine);

/// Sizes beyond this cannot be in memory: no call passes with them.
constexpr int64_t largestSize(unsigned indexBits) {
  return int64_t(1) << (indexBits == 64 ? 40 : 28);
}

/// Loops on memrefs to the LLVM dialect.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm, unsigned indexBits);

/// Makes dialects known to `translate`; not while another thread uses the context.
void registerTranslation(mlir::MLIRContext &context);

/// LLVM IR of the module with entry points for the functions of the graph that it has.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, const Graph &graph,
                                        llvm::LLVMContext &context, llvm::TargetMachine &machine);

/// Adds the entry points to translated kernels, with a marker where their checks will be. Called by
/// `translate`.
void addEntryPoints(llvm::Module &module, const Graph &graph, const llvm::TargetMachine &machine);

/// What entry points call where their checks will be.
inline constexpr llvm::StringLiteral kChecksMarker = "fn.checks";

/// Puts the checks of calls into the entry points that the module defines. After `optimize`.
void addChecks(llvm::Module &module, const Graph &graph);

/// LLVM's passes and the target's own. Nothing looks at what other functions call.
void optimize(llvm::Module &module, llvm::TargetMachine &machine, const TargetOptions &options);

/// Where an object carries its manifest.
inline constexpr llvm::StringLiteral kManifestSection = ".fn.manifest";

/// Adds the manifest as a section that is neither loaded nor linked. After `optimize`, which would
/// drop what nothing uses.
void embedManifest(llvm::Module &module, const Graph &graph, const llvm::TargetMachine &machine,
                   const TargetOptions &options);

/// The object or assembly of an optimized module.
llvm::Error emitCode(llvm::Module &module, llvm::TargetMachine &machine, bool assembly,
                     llvm::SmallVectorImpl<char> &out);

/// Symbols that a program has to supply, other than those every toolchain has; sorted.
llvm::Expected<std::vector<std::string>> undefinedSymbols(llvm::StringRef object);

/// Whether the contract lets an object leave `symbol` undefined.
bool isAllowedUndefined(llvm::StringRef symbol);

/// The C and C++ header. `undefined` is listed in it.
std::string emitHeader(const Graph &graph, llvm::ArrayRef<std::string> undefined);

} // namespace fnc

#endif // FNC_EMIT_EMIT_H
