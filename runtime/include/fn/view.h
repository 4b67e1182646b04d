//===- view.h - typed views of row-major tensors ----------------*- C++ -*-===//
//
// `fn::view<float, -1, 64>` is a pointer to floats with two dimensions, the first of them known
// only at run time. It is made from C arrays, std::array, std::span, anything with data() and
// size(), or a pointer and its dimensions. What a type says about sizes is checked by the
// compiler; the rest by the call that takes the view, which returns a status.
//
// C++17, freestanding: needs no standard library.
//
//===----------------------------------------------------------------------===//

#ifndef FN_VIEW_H
#define FN_VIEW_H

#include <fn/abi.h>

namespace fn {

using f16 = fn_f16;
using bf16 = fn_bf16;

/// A dimension that is known only at run time.
constexpr ptrdiff_t dynamic = -1;

namespace detail {

template <bool condition> struct enable {};
template <> struct enable<true> { using type = int; };
template <bool condition> using enable_if = typename enable<condition>::type;

template <class T, class U> constexpr bool is_same = false;
template <class T> constexpr bool is_same<T, T> = true;

template <class T> struct plain { using type = T; };
template <class T> struct plain<const T> { using type = T; };
template <class T> using plain_t = typename plain<T>::type;
template <class T> constexpr bool is_const = false;
template <class T> constexpr bool is_const<const T> = true;

template <class T> T &&declare() noexcept;

/// Shape of an array type, outermost dimension first. Spans of unknown extent say `dynamic`.
template <class T> struct shape_of {
  using element = plain_t<T>;
  static constexpr size_t rank = 0;
  static constexpr ptrdiff_t extent(size_t) { return 0; }
};
template <class T, size_t N> struct array_shape {
  using element = typename shape_of<T>::element;
  static constexpr size_t rank = 1 + shape_of<T>::rank;
  static constexpr ptrdiff_t extent(size_t i) {
    return i ? shape_of<T>::extent(i - 1)
             : (N == static_cast<size_t>(-1) ? dynamic : static_cast<ptrdiff_t>(N));
  }
};
template <class T, size_t N> struct shape_of<T[N]> : array_shape<T, N> {};
template <class T, size_t N> struct shape_of<const T[N]> : array_shape<T, N> {};
/// std::array, std::span and their kin.
template <template <class, size_t> class A, class T, size_t N>
struct shape_of<A<T, N>> : array_shape<T, N> {};
template <template <class, size_t> class A, class T, size_t N>
struct shape_of<const A<T, N>> : array_shape<T, N> {};

template <class T, class = void> struct has_size { static constexpr bool value = false; };
template <class...> using void_t = void;
template <class T>
struct has_size<T, void_t<decltype(declare<T &>().data()), decltype(declare<T &>().size())>> {
  static constexpr bool value = true;
};

template <class E, class T> const E *first_element(const T &value) {
  if constexpr (is_same<plain_t<T>, E>)
    return &value;
  else if constexpr (has_size<const T>::value)
    return reinterpret_cast<const E *>(value.data());
  else
    return first_element<E>(value[0]);
}

} // namespace detail

template <class T, ptrdiff_t... Extents> class view {
public:
  using element = detail::plain_t<T>;
  static constexpr size_t rank = sizeof...(Extents);

  constexpr view() = default;

  /// A tensor of this shape; for views without dynamic dimensions.
  template <size_t R = rank, detail::enable_if<R == sizeof...(Extents) &&
                                               ((Extents >= 0) && ...)> = 0>
  explicit constexpr view(T *data) : data_(data) {}

  /// A tensor of these dimensions.
  template <class... Dims, detail::enable_if<(sizeof...(Dims) == rank && rank > 0)> = 0>
  constexpr view(T *data, Dims... dims) : data_(data), dims_{static_cast<ptrdiff_t>(dims)...} {}

  /// A scalar.
  template <class U, detail::enable_if<(detail::is_same<U, element> && rank == 0 &&
                                        detail::is_const<T>)> = 0>
  constexpr view(const U &scalar) : data_(&scalar) {}

  /// An array whose type says its shape: the same rank, or flat with the same number of elements.
  template <class A, detail::enable_if<(rank > 0 && detail::shape_of<A>::rank > 0 &&
                                        detail::is_const<T>)> = 0>
  view(const A &array) {
    using shape = detail::shape_of<A>;
    static_assert(detail::is_same<typename shape::element, element>,
                  "the elements are of another type than the tensor's");
    static_assert(shape::rank == rank || shape::rank == 1,
                  "the array has another number of dimensions than the tensor");
    data_ = detail::first_element<element>(array);
    if constexpr (shape::rank == rank) {
      static_assert(agrees<shape>(), "the array has another shape than the tensor");
      for (size_t i = 0; i < rank; ++i)
        dims_[i] = shape::extent(i);
      if constexpr (shape::extent(0) == dynamic)
        dims_[0] = static_cast<ptrdiff_t>(array.size());
    } else if constexpr (shape::extent(0) != dynamic) {
      static_assert(open_dims() <= 1, "a flat array cannot say two dynamic dimensions");
      static_assert(open_dims() == 0 ? shape::extent(0) == fixed_size()
                                     : fixed_size() == 0 || shape::extent(0) % fixed_size() == 0,
                    "the array has another size than the tensor");
      divide(shape::extent(0));
    } else {
      static_assert(open_dims() <= 1, "a flat span cannot say two dynamic dimensions");
      divide(static_cast<ptrdiff_t>(array.size()));
    }
  }

  /// Anything with data() and size(): flat, row-major.
  template <class C, detail::enable_if<(rank > 0 && detail::shape_of<C>::rank == 0 &&
                                        detail::has_size<const C>::value &&
                                        detail::is_const<T>)> = 0,
            class = decltype(C::fn_is_view, 0), class = void>
  view(const C &) = delete;
  template <class C, detail::enable_if<(rank > 0 && detail::shape_of<C>::rank == 0 &&
                                        detail::has_size<const C>::value && !C_is_view<C>() &&
                                        detail::is_const<T>)> = 0>
  view(const C &container);

  constexpr T *data() const { return data_; }
  constexpr ptrdiff_t dim(size_t i) const { return dims_[i]; }

private:
  T *data_ = nullptr;
  ptrdiff_t dims_[rank ? rank : 1] = {Extents...};
};

} // namespace fn

#endif // FN_VIEW_H
