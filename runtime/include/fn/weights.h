//===- weights.h - variables from a file of weights -------------*- C++ -*-===//
//
// `fnc compile --weights=FILE.safetensors` leaves weights out of the object. A program reads or
// maps the file and hands its bytes over:
//
//   fn::status s = fn::load_weights(state, data, bytes);
//
// Every tensor of the file must be a variable of the graph, of its type and shape, and every
// variable whose value was left out must be there; else nothing is changed. The format: 8 bytes of
// length, a header in JSON, the bytes of the tensors (https://huggingface.co/docs/safetensors).
//
//===----------------------------------------------------------------------===//

#ifndef FN_WEIGHTS_H
#define FN_WEIGHTS_H

#include <fn/state.h>

namespace fn {
namespace detail {

/// Reads JSON as far as a header of tensors needs it. After an error `ok` is false and everything
/// is at its end.
class json_reader {
public:
  json_reader(const char *begin, const char *end) : at_(begin), end_(end) {}
  bool ok = true;

  /// Whether the next character is `c`, which is then taken.
  bool take(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c))
      fail();
  }
  bool is_done() {
    skip_space();
    return at_ == end_;
  }
  int64_t number() {
    skip_space();
    int64_t value = 0;
    const char *begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      if (value > (INT64_MAX - 9) / 10)
        fail();
      else
        value = value * 10 + (*at_++ - '0');
    }
    if (at_ == begin)
      fail();
    return value;
  }
  /// Takes a string and tells whether it is `text`, in UTF-8.
  bool string_is(const char *text) {
    bool same = true;
    read_string([&](unsigned char byte) {
      same = same && static_cast<unsigned char>(*text) == byte && byte != 0;
      if (same)
        ++text;
    });
    return same && *text == 0;
  }
  void skip_string() {
    read_string([](unsigned char) {});
  }
  /// A place to read from once more.
  const char *mark() const { return at_; }
  void go_back(const char *place) { at_ = place; }

private:
  void fail() {
    ok = false;
    at_ = end_;
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r'))
      ++at_;
  }
  unsigned hex() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at_ == end_ ? ' ' : *at_++;
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) {
        fail();
        return 0;
      }
      value = value << 4 | static_cast<unsigned>(digit);
    }
    return value;
  }
  template <class Put> static void put_code(unsigned code, Put put) {
    if (code < 0x80)
      return put(static_cast<unsigned char>(code));
    int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const unsigned first = rest == 1 ? 0xC0u : rest == 2 ? 0xE0u : 0xF0u;
    put(static_cast<unsigned char>(first | code >> (6 * rest)));
    while (rest-- > 0)
      put(static_cast<unsigned char>(0x80u | (code >> (6 * rest) & 0x3Fu)));
  }
  template <class Put> void read_string(Put put) {
    expect('"');
    while (at_ != end_ && *at_ != '"') {
      const char c = *at_++;
      if (c != '\\') {
        put(static_cast<unsigned char>(c));
        continue;
      }
      const char escaped = at_ == end_ ? ' ' : *at_++;
      switch (escaped) {
      case '"':
      case '\\':
      case '/':
        put(static_cast<unsigned char>(escaped));
        break;
      case 'b':
        put('\b');
        break;
      case 'f':
        put('\f');
        break;
      case 'n':
        put('\n');
        break;
      case 'r':
        put('\r');
        break;
      case 't':
        put('\t');
        break;
      case 'u': {
        unsigned code = hex();
        if (code >= 0xD800 && code < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
          at_ += 2;
          code = 0x10000 + ((code - 0xD800) << 10) + ((hex() - 0xDC00) & 0x3FF);
        }
        put_code(code, put);
        break;
      }
      default:
        fail();
      }
    }
    if (at_ == end_)
      fail();
    else
      ++at_;
  }

  const char *at_, *end_;
};

/// safetensors' name of an element type.
inline const char *stored_type(const char *dtype) {
  static constexpr const char *names[][2] = {
      {"i1", "BOOL"},   {"i8", "I8"},   {"i16", "I16"}, {"i32", "I32"}, {"i64", "I64"},
      {"u8", "U8"},     {"u16", "U16"}, {"u32", "U32"}, {"u64", "U64"}, {"f16", "F16"},
      {"bf16", "BF16"}, {"f32", "F32"}, {"f64", "F64"}};
  for (const auto &name : names) {
    const char *a = name[0], *b = dtype;
    while (*a && *a == *b)
      ++a, ++b;
    if (*a == *b)
      return name[1];
  }
  return "";
}

inline int64_t bytes_of_type(const char *dtype) {
  int64_t bits = 0;
  for (; *dtype; ++dtype)
    if (*dtype >= '0' && *dtype <= '9')
      bits = bits * 10 + (*dtype - '0');
  return (bits + 7) / 8;
}

/// The tensors of a file, one after the other. `State` says which variables there are.
template <class State> class weights_reader {
public:
  weights_reader(const unsigned char *data, size_t bytes) {
    if (!data || bytes < 8)
      return;
    const uint64_t length = get_word(data);
    if (length > bytes - 8)
      return;
    header_ = reinterpret_cast<const char *>(data + 8);
    tensors_ = data + 8 + length;
    size_ = static_cast<int64_t>(bytes - 8 - length);
  }

  /// Calls `each(variable, its bytes, their count)`; false where something does not fit.
  template <class Each> bool read(Each each) const {
    if (!header_)
      return false;
    json_reader json(header_, reinterpret_cast<const char *>(tensors_));
    json.expect('{');
    if (!json.take('}')) {
      do {
        const char *name = json.mark();
        if (json.string_is("__metadata__"))
          skip_metadata(json);
        else if (!read_tensor(json, name, each))
          return false;
      } while (json.ok && json.take(','));
      json.expect('}');
    }
    return json.ok && json.is_done();
  }

private:
  static void skip_metadata(json_reader &json) {
    json.expect(':');
    json.expect('{');
    if (json.take('}'))
      return;
    do {
      json.skip_string();
      json.expect(':');
      json.skip_string();
    } while (json.ok && json.take(','));
    json.expect('}');
  }
  static int find(json_reader &json, const char *name) {
    const char *behind = json.mark();
    for (int i = 0; i < State::variable_count && json.ok; ++i) {
      json.go_back(name);
      // Headers without names tell no variable from another.
      if (json.string_is(State::variables[i].name) && *State::variables[i].name)
        return i;
    }
    json.go_back(behind);
    return -1;
  }
  template <class Each> bool read_tensor(json_reader &json, const char *name, Each each) const {
    const int variable = json.ok ? find(json, name) : -1;
    if (variable < 0)
      return false;
    const tensor_info &info = State::variables[variable];
    int64_t count = 1, begin = -1, end = -1;
    bool same_type = false, same_shape = false;
    json.expect(':');
    json.expect('{');
    do {
      const char *key = json.mark();
      if (json.string_is("dtype")) {
        json.expect(':');
        same_type = json.string_is(stored_type(info.dtype));
        continue;
      }
      json.go_back(key);
      if (json.string_is("shape")) {
        json.expect(':');
        json.expect('[');
        int rank = 0;
        same_shape = true;
        while (json.ok && !json.take(']')) {
          if (rank > 0)
            json.expect(',');
          const int64_t size = json.number();
          same_shape = same_shape && rank < info.rank && info.shape[rank] == size;
          count *= same_shape ? size : 0;
          ++rank;
        }
        same_shape = same_shape && rank == info.rank;
        continue;
      }
      json.go_back(key);
      if (!json.string_is("data_offsets"))
        return false;
      json.expect(':');
      json.expect('[');
      begin = json.number();
      json.expect(',');
      end = json.number();
      json.expect(']');
    } while (json.ok && json.take(','));
    json.expect('}');
    if (!json.ok || !same_type || !same_shape || begin < 0 || end < begin || end > size_ ||
        end - begin != count * bytes_of_type(info.dtype))
      return false;
    each(variable, tensors_ + begin, static_cast<size_t>(end - begin));
    return true;
  }

  const char *header_ = nullptr;
  const unsigned char *tensors_ = nullptr;
  int64_t size_ = 0;
};

} // namespace detail

/// Reads the bytes of a file that `--weights` wrote, or of any .safetensors file with the same
/// tensors.
template <class State> status load_weights(State &state, const void *data, size_t bytes) {
  const detail::weights_reader<State> reader(static_cast<const unsigned char *>(data), bytes);
  bool is_there[State::variable_count + 1] = {}, fits = true;
  const bool is_whole = reader.read([&](int variable, const unsigned char *, size_t) {
    fits = fits && !is_there[variable];
    is_there[variable] = true;
  });
  fits = fits && is_whole;
  for (int i = 0; i < State::variable_count; ++i)
    fits = fits && (is_there[i] || !State::variable_external[i]);
  if (!fits)
    return {{FN_BAD_STATE, FN_TENSOR_STATE, 0, 0, 0, 0}, nullptr, {}};
  unsigned char *to = static_cast<unsigned char *>(state.bytes());
  reader.read([&](int variable, const unsigned char *from, size_t count) {
    detail::copy_bytes(to + State::variable_offsets[variable], from, count);
  });
  return {};
}

} // namespace fn

#endif // FN_WEIGHTS_H
