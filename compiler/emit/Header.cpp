#include "compiler/emit/Emit.h"
using namespace fnc;
std::string fnc::emitHeader(const Graph&, llvm::ArrayRef<std::string>) { return {}; }
