//===- Print.h - arrays for people to read ----------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_PRINT_H
#define FNC_TOOLS_RUN_PRINT_H

#include "Array.h"

namespace fnc::tool {

/// An array under its name, all of it where it is small, else its range and first elements. Ends
/// in a new line.
std::string printed(std::string_view name, const Array &array);

/// Element `index`, in as few digits as tell it from its neighbours.
std::string printedElement(const Array &array, size_t index);

/// The `count` largest elements of each row of the last dimension, by name.
std::string printedTop(std::string_view name, const Array &array,
                       const std::vector<std::string> &labels, size_t count);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_PRINT_H
