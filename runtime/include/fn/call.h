//===- call.h - what generated calls share ----------------------*- C++ -*-===//

#ifndef FN_CALL_H
#define FN_CALL_H

#include <fn/status.h>
#include <fn/view.h>

namespace fn {
namespace detail {

/// Keeps the shape of the view for the message of a status that blames input `number`.
template <class T, ptrdiff_t... Extents>
void note_shape(status &s, int number, const view<T, Extents...> &tensor) {
  if (s.raw.code != FN_SHAPE_MISMATCH || s.raw.tensor != number)
    return;
  for (size_t i = 0; i < sizeof...(Extents) && i < static_cast<size_t>(max_described_rank); ++i)
    s.shape[i] = tensor.dim(i);
}

/// Whether dimensions that the type fixes are as it says.
template <class T, ptrdiff_t... Extents>
bool check_shape(status &s, int number, const view<T, Extents...> &tensor) {
  const size_t wrong = tensor.wrong_dim();
  if (wrong == sizeof...(Extents))
    return true;
  const ptrdiff_t extents[] = {Extents..., 0};
  s.raw = {FN_SHAPE_MISMATCH, number, static_cast<int32_t>(wrong), 0, extents[wrong],
           tensor.dim(wrong)};
  note_shape(s, number, tensor);
  return false;
}

/// Whether memory that was handed in is large enough and aligned.
inline bool check_memory(status &s, const memory &given, size_t needed) {
  if (given.size() < needed)
    s.raw = {FN_WORKSPACE_TOO_SMALL, FN_TENSOR_WORKSPACE, 0, 0, static_cast<int64_t>(needed),
             static_cast<int64_t>(given.size())};
  else if (needed && reinterpret_cast<uintptr_t>(given.data()) % 64)
    s.raw = {FN_WORKSPACE_MISALIGNED, FN_TENSOR_WORKSPACE, 0, 0, 64, 0};
  else
    return true;
  return false;
}

} // namespace detail
} // namespace fn

#endif // FN_CALL_H
