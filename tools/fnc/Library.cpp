//===- Library.cpp - what the compiler's library offers -------------------===//

#include "Compiler.h"

using namespace fnc::tool;

extern "C" __attribute__((visibility("default"))) const Compiler fncCompiler;
const Compiler fncCompiler = {FNC_VERSION, compile, import, inspect, compileObject};
