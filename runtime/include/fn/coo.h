//===- coo.h - views of sparse tensors in coordinate form -------*- C++ -*-===//
//
// `fn::coo<float, int64_t, -1, 7>` is a sparse matrix of 7 columns: indices [nnz, 2], values [nnz]
// and the dense shape. Entries come in any order; those in the same place add up.
//
//   f.call({indices, values, {rows, 7}});    // arrays, std::array, std::vector, std::span, views
//
// C++17, freestanding: needs no standard library.
//
//===----------------------------------------------------------------------===//

#ifndef FN_COO_H
#define FN_COO_H

#include <fn/status.h>
#include <fn/view.h>

namespace fn {

template <class T, class I, ptrdiff_t... Extents> class coo {
public:
  static constexpr size_t rank = sizeof...(Extents);
  static_assert(rank > 0, "a sparse tensor has a dimension");

  constexpr coo() = default;

  /// Indices row by row, one value for each, and as many sizes as dimensions.
  template <class Shape, detail::enable_if<detail::has_size<const Shape>::value> = 0>
  constexpr coo(view<const I, dynamic, static_cast<ptrdiff_t>(rank)> indices,
                view<const T, dynamic> values, const Shape &shape)
      : coo(indices, values) {
    set_shape(shape.data(), shape.size());
  }
  template <class Size, size_t N>
  constexpr coo(view<const I, dynamic, static_cast<ptrdiff_t>(rank)> indices,
                view<const T, dynamic> values, const Size (&shape)[N])
      : coo(indices, values) {
    static_assert(N == rank, "the shape has another number of dimensions than the tensor");
    set_shape(shape, N);
  }

  constexpr const I *indices() const { return indices_; }
  constexpr const T *values() const { return values_; }
  /// Number of entries.
  constexpr ptrdiff_t nnz() const { return nnz_; }
  /// Size `i` of the dense shape.
  constexpr ptrdiff_t dim(size_t i) const { return dims_[i]; }

  /// Whether the three parts fit each other; else what does not, for a status that blames `tensor`.
  constexpr bool parts_agree(fn_status &status, int32_t tensor) const {
    status.tensor = tensor;
    status.code = FN_ENTRIES_DISAGREE;
    if (columns_ != static_cast<ptrdiff_t>(rank)) {
      status.dimension = 1;
      status.expected = static_cast<int64_t>(rank);
      status.got = columns_;
    } else if (rows_ != nnz_) {
      status.dimension = 0;
      status.expected = nnz_;
      status.got = rows_;
    } else if (sizes_ != rank) {
      status.dimension = 2;
      status.expected = static_cast<int64_t>(rank);
      status.got = static_cast<int64_t>(sizes_);
    } else {
      status = {};
      return true;
    }
    return false;
  }

  /// The first dimension that is not what the type says, or `rank`.
  constexpr size_t wrong_dim() const {
    const ptrdiff_t extents[] = {Extents...};
    for (size_t i = 0; i < rank; ++i)
      if (extents[i] != dynamic && extents[i] != dims_[i])
        return i;
    return rank;
  }

private:
  constexpr coo(const view<const I, dynamic, static_cast<ptrdiff_t>(rank)> &indices,
                const view<const T, dynamic> &values)
      : indices_(indices.data()), values_(values.data()), nnz_(values.dim(0)),
        rows_(indices.dim(0)), columns_(indices.dim(1)) {}

  template <class Size> constexpr void set_shape(const Size *shape, size_t count) {
    sizes_ = count;
    for (size_t i = 0; i < rank && i < count; ++i)
      dims_[i] = static_cast<ptrdiff_t>(shape[i]);
  }

  const I *indices_ = nullptr;
  const T *values_ = nullptr;
  ptrdiff_t nnz_ = 0, rows_ = 0, columns_ = static_cast<ptrdiff_t>(rank);
  size_t sizes_ = rank;
  ptrdiff_t dims_[rank] = {(Extents < 0 ? 0 : Extents)...};
};

namespace detail {

/// Keeps the shape for the message of a status that blames input `number`.
template <class T, class I, ptrdiff_t... Extents>
void note_shape(status &s, int number, const coo<T, I, Extents...> &tensor) {
  if (s.raw.code != FN_SHAPE_MISMATCH || s.raw.tensor != number)
    return;
  for (size_t i = 0; i < sizeof...(Extents) && i < static_cast<size_t>(max_described_rank); ++i)
    s.shape[i] = tensor.dim(i);
}

/// Whether indices, values and shape fit each other, and the shape is as the type says.
template <class T, class I, ptrdiff_t... Extents>
bool check_shape(status &s, int number, const coo<T, I, Extents...> &tensor) {
  if (!tensor.parts_agree(s.raw, static_cast<int32_t>(number)))
    return false;
  const size_t wrong = tensor.wrong_dim();
  if (wrong == sizeof...(Extents))
    return true;
  const ptrdiff_t extents[] = {Extents...};
  s.raw = {FN_SHAPE_MISMATCH, number, static_cast<int32_t>(wrong), 0, extents[wrong],
           tensor.dim(wrong)};
  note_shape(s, number, tensor);
  return false;
}

} // namespace detail
} // namespace fn

#endif // FN_COO_H
