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

template <class T, ptrdiff_t... Extents> class view;

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

template <class T> constexpr bool is_view = false;
template <class T, ptrdiff_t... Extents> constexpr bool is_view<view<T, Extents...>> = true;

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
  explicit constexpr view(T *tensor) : data_(tensor) {}

  /// A tensor of these dimensions.
  template <class... Dims, detail::enable_if<(sizeof...(Dims) == rank && rank > 0)> = 0>
  constexpr view(T *tensor, Dims... sizes)
      : data_(tensor), dims_{static_cast<ptrdiff_t>(sizes)...} {}

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

  /// Anything with data() and size(): flat, row-major; its size says the one dynamic dimension.
  template <class C, detail::enable_if<(rank > 0 && detail::shape_of<C>::rank == 0 &&
                                        detail::has_size<const C>::value &&
                                        !detail::is_view<C> && detail::is_const<T>)> = 0,
            class = void>
  view(const C &container) : data_(container.data()) {
    static_assert(open_dims() <= 1, "a flat container cannot say two dynamic dimensions");
    divide(static_cast<ptrdiff_t>(container.size()));
  }

  /// Another view, whose dimensions may be less or more known.
  template <class U, ptrdiff_t... Others,
            detail::enable_if<(detail::is_same<detail::plain_t<U>, element> &&
                               sizeof...(Others) == rank &&
                               (detail::is_const<T> || !detail::is_const<U>))> = 0>
  constexpr view(const view<U, Others...> &other) : data_(other.data()) {
    static_assert(((Others == Extents || Others == dynamic || Extents == dynamic) && ...),
                  "the view has another shape than the tensor");
    for (size_t i = 0; i < rank; ++i)
      dims_[i] = other.dim(i);
  }

  constexpr T *data() const { return data_; }
  constexpr ptrdiff_t dim(size_t i) const { return dims_[i]; }
  constexpr const ptrdiff_t *dims() const { return dims_; }
  /// Number of elements.
  constexpr size_t size() const {
    ptrdiff_t count = 1;
    for (size_t i = 0; i < rank; ++i)
      count *= dims_[i];
    return static_cast<size_t>(count);
  }
  constexpr T *begin() const { return data_; }
  constexpr T *end() const { return data_ + size(); }

  /// Element `i` in row-major order.
  constexpr T &operator[](size_t i) const { return data_[i]; }
  /// One index per dimension.
  template <class... Indices> constexpr T &operator()(Indices... indices) const {
    static_assert(sizeof...(Indices) == rank, "one index per dimension");
    const ptrdiff_t list[] = {static_cast<ptrdiff_t>(indices)..., 0};
    ptrdiff_t at = 0;
    for (size_t i = 0; i < rank; ++i)
      at = at * dims_[i] + list[i];
    return data_[at];
  }

  /// The first dimension that is not what the type says, or `rank`.
  constexpr size_t wrong_dim() const {
    const ptrdiff_t extents[] = {Extents..., 0};
    for (size_t i = 0; i < rank; ++i)
      if (extents[i] != dynamic && extents[i] != dims_[i])
        return i;
    return rank;
  }

private:
  template <class Shape> static constexpr bool agrees() {
    const ptrdiff_t extents[] = {Extents..., 0};
    for (size_t i = 0; i < rank; ++i)
      if (extents[i] != dynamic && Shape::extent(i) != dynamic && extents[i] != Shape::extent(i))
        return false;
    return true;
  }
  static constexpr size_t open_dims() { return (size_t{0} + ... + (Extents < 0 ? 1u : 0u)); }
  static constexpr ptrdiff_t fixed_size() {
    return (ptrdiff_t{1} * ... * (Extents < 0 ? ptrdiff_t{1} : Extents));
  }
  /// Dimensions of `count` elements in a row. What does not fit shows in the last fixed dimension.
  constexpr void divide(ptrdiff_t count) {
    constexpr ptrdiff_t fixed = fixed_size();
    const ptrdiff_t extents[] = {Extents..., 0};
    const bool fits = open_dims() ? fixed != 0 && count % fixed == 0 : count == fixed;
    for (size_t i = 0; i < rank; ++i)
      dims_[i] = extents[i] == dynamic ? (fixed ? count / fixed : 0) : extents[i];
    if (!fits)
      for (size_t i = rank; i-- > 0;)
        if (extents[i] != dynamic) {
          dims_[i] = rank == 1 || fixed == 0 ? count : count / (fixed / extents[i]);
          if (dims_[i] == extents[i])
            ++dims_[i];
          break;
        }
  }

  T *data_ = nullptr;
  ptrdiff_t dims_[rank ? rank : 1] = {Extents...};
};

/// Memory that a caller hands in: an array, a span or another container of bytes.
class memory {
public:
  constexpr memory() = default;
  constexpr memory(void *start, size_t bytes)
      : data_(static_cast<unsigned char *>(start)), bytes_(bytes) {}
  template <size_t N> constexpr memory(unsigned char (&array)[N]) : data_(array), bytes_(N) {}
  template <class C, detail::enable_if<detail::has_size<C>::value> = 0>
  constexpr memory(C &&container)
      : data_(bytes_of(container.data())), bytes_(container.size() * sizeof(*container.data())) {}

  constexpr unsigned char *data() const { return data_; }
  constexpr size_t size() const { return bytes_; }

private:
  static constexpr unsigned char *bytes_of(unsigned char *start) { return start; }
  static unsigned char *bytes_of(void *start) { return static_cast<unsigned char *>(start); }

  unsigned char *data_ = nullptr;
  size_t bytes_ = 0;
};

} // namespace fn

#endif // FN_VIEW_H
