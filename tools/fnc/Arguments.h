//===- Arguments.h - commands as text between two programs ------*- C++ -*-===//
//
// fnc reads the command line, and hands the commands that compile to a program of their own: each
// field as one argument NAME=VALUE.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_ARGUMENTS_H
#define FNC_TOOLS_ARGUMENTS_H

#include "Commands.h"

namespace fnc::tool {

using Arguments = std::vector<std::string>;

/// Of the command that holds all others that compile.
Arguments toArguments(const InspectCommand &command);

/// False where there is no such field.
bool setField(InspectCommand &command, std::string_view argument);

} // namespace fnc::tool

#endif // FNC_TOOLS_ARGUMENTS_H
