//===- status.h - statuses and their messages -------------------*- C++ -*-===//
//
// A status says in numbers what went wrong; `fn::message` makes a sentence of it in a buffer of
// its own, on demand, without heap or iostream:
//
//   puts(fn::message(r.status()).c_str());
//   // train: input 'x' has shape [3, 63], expected [?, 64]
//
// With FN_NO_NAMES defined, generated headers keep no names; inputs are then told by number.
//
//===----------------------------------------------------------------------===//

#ifndef FN_STATUS_H
#define FN_STATUS_H

#include <fn/abi.h>

#ifdef FN_NO_NAMES
#define FN_NAME(text) ""
#else
#define FN_NAME(text) text
#endif

namespace fn {

/// What is known of a tensor when the program is compiled.
struct tensor_info {
  const char *name;
  const char *dtype;
  int rank;
  const ptrdiff_t *shape; ///< -1 where a dimension is known only at run time
};

/// What is known of a function when the program is compiled.
struct function_info {
  const char *name;
  int inputs, outputs, checks;
  const tensor_info *tensors; ///< inputs, then outputs
  const char *const *check_names;
};

/// Tensors of more dimensions are described by the wrong dimension alone.
constexpr int max_described_rank = 6;

/// Why a call failed: the plain status, and what is needed to say it in words.
struct status {
  fn_status raw;
  const function_info *function;
  ptrdiff_t shape[max_described_rank]; ///< of the tensor that has a wrong shape

  constexpr explicit operator bool() const { return raw.code == FN_OK; }
  constexpr int code() const { return raw.code; }
};

/// The text of a status.
class message {
public:
  explicit message(const status &s) { write(s); }
  const char *c_str() const { return text_; }

private:
  void put(const char *text) {
    while (*text && used_ + 1 < sizeof(text_))
      text_[used_++] = *text++;
    text_[used_] = 0;
  }
  void put(int64_t number) {
    char digits[24];
    int at = 23;
    digits[at] = 0;
    const bool negative = number < 0;
    uint64_t rest = negative ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest);
    if (negative)
      digits[--at] = '-';
    put(digits + at);
  }
  void put_tensor(const status &s, int tensor) {
    if (tensor == FN_TENSOR_STATE)
      return put("the state");
    if (tensor == FN_TENSOR_WORKSPACE)
      return put("the workspace");
    const function_info &f = *s.function;
    const bool is_input = tensor < f.inputs;
    put(is_input ? "input " : "output ");
    if (*f.tensors[tensor].name) {
      put("'");
      put(f.tensors[tensor].name);
      return put("'");
    }
    put(static_cast<int64_t>(is_input ? tensor : tensor - f.inputs));
  }
  void put_check(const status &s) {
    const int check = s.raw.tensor - s.function->inputs - s.function->outputs;
    if (check < 0 || check >= s.function->checks)
      return;
    if (*s.function->check_names[check])
      return put(s.function->check_names[check]);
    put("check ");
    put(static_cast<int64_t>(check));
  }
  /// The shape that a tensor has, or the one that it should have.
  void put_shape(const status &s, const tensor_info &tensor, bool wanted) {
    put("[");
    for (int i = 0; i < tensor.rank; ++i) {
      if (i)
        put(", ");
      const bool here = i == s.raw.dimension;
      if (wanted && here && s.raw.relation)
        put(s.raw.relation > 0 ? "at most " : "at least ");
      if (wanted && here)
        put(s.raw.expected);
      else if (wanted && tensor.shape[i] < 0)
        put("?");
      else
        put(static_cast<int64_t>(wanted ? tensor.shape[i] : s.shape[i]));
    }
    put("]");
  }
  void put_mismatch(const status &s) {
    const tensor_info &tensor = s.function->tensors[s.raw.tensor];
    put_tensor(s, s.raw.tensor);
    if (tensor.rank <= max_described_rank) {
      put(" has shape ");
      put_shape(s, tensor, false);
      put(", expected ");
      return put_shape(s, tensor, true);
    }
    put(" has size ");
    put(s.raw.got);
    put(" in dimension ");
    put(static_cast<int64_t>(s.raw.dimension));
    put(", expected ");
    put(s.raw.expected);
  }
  void write(const status &s) {
    text_[0] = 0;
    if (s.function && *s.function->name) {
      put(s.function->name);
      put(": ");
    }
    switch (s.raw.code) {
    case FN_OK:
      return put("ok");
    case FN_NULL_POINTER:
      put_tensor(s, s.raw.tensor);
      return put(" is null");
    case FN_SHAPE_MISMATCH:
      return put_mismatch(s);
    case FN_SIZES_DISAGREE:
      put("a size made of ");
      put_tensor(s, s.raw.tensor);
      put(" does not fit: ");
      put(s.raw.got);
      put(s.raw.relation < 0 ? ", expected at least " : ", expected ");
      return put(s.raw.expected);
    case FN_WORKSPACE_TOO_SMALL:
      put("the workspace has ");
      put(s.raw.got);
      put(" bytes, expected ");
      return put(s.raw.expected);
    case FN_WORKSPACE_MISALIGNED:
      put("the workspace must be aligned to ");
      put(s.raw.expected);
      return put(" bytes");
    case FN_OVERLAP:
      put_tensor(s, s.raw.tensor);
      return put(" overlaps what the call writes");
    case FN_INDEX_OUT_OF_RANGE:
      put_check(s);
      put(": index ");
      put(s.raw.got);
      put(" is out of range");
      if (s.raw.expected < 0) // the limit is a size of this call
        return;
      put(", expected less than ");
      return put(s.raw.expected);
    case FN_ASSERTION:
      put("assertion failed: ");
      return put_check(s);
    case FN_NOT_FINITE:
      put("not finite: ");
      return put_check(s);
    case FN_UNSUPPORTED_CPU:
      return put("the object was compiled for a processor that this machine does not have");
    case FN_BAD_STATE:
      return put("the bytes are not a saved state of this graph");
    case FN_ENTRY_COUNT:
      put_tensor(s, s.raw.tensor);
      put(" has ");
      put(s.raw.got);
      put(s.raw.relation < 0 ? " entries, expected at least " : " entries, expected at most ");
      return put(s.raw.expected);
    case FN_ENTRY_OUT_OF_RANGE:
      put_tensor(s, s.raw.tensor);
      put(" has index ");
      put(s.raw.got);
      put(" in dimension ");
      put(static_cast<int64_t>(s.raw.dimension));
      put(" of size ");
      return put(s.raw.expected);
    case FN_ENTRIES_DISAGREE:
      put_tensor(s, s.raw.tensor);
      put(" has ");
      put(s.raw.got);
      put(s.raw.dimension == 0   ? " rows of indices and "
          : s.raw.dimension == 1 ? " columns of indices, expected "
                                 : " sizes in its shape, expected ");
      put(s.raw.expected);
      return put(s.raw.dimension == 0 ? " values" : "");
    case FN_SHAPE_OVERFLOW:
      put_tensor(s, s.raw.tensor);
      if (s.raw.expected == 0)
        return put(" has a shape that makes tensors of more bytes than memory has");
      put(" has a shape of more than ");
      put(s.raw.expected);
      return put(" elements");
    default:
      put("unknown status ");
      return put(static_cast<int64_t>(s.raw.code));
    }
  }

  char text_[256];
  size_t used_ = 0;
};

} // namespace fn

#endif // FN_STATUS_H
