//===- state.h - states to bytes and back -----------------------*- C++ -*-===//
//
// A saved state is a header of 32 bytes (magic, version, layout hash, size; little-endian) and
// the state block as it is in memory. Bytes of another graph, layout or version are refused and
// leave the state as it was.
//
//===----------------------------------------------------------------------===//

#ifndef FN_STATE_H
#define FN_STATE_H

#include <fn/status.h>
#include <fn/view.h>

namespace fn {

constexpr uint64_t state_magic = 0x6574617473206e66; // "fn state"
constexpr uint64_t state_version = 1;
constexpr size_t saved_header_bytes = 32;

namespace detail {
inline void put_word(unsigned char *to, uint64_t word) {
  for (int i = 0; i < 8; ++i)
    to[i] = static_cast<unsigned char>(word >> (8 * i));
}
inline uint64_t get_word(const unsigned char *from) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i)
    word |= static_cast<uint64_t>(from[i]) << (8 * i);
  return word;
}
inline void copy_bytes(unsigned char *to, const unsigned char *from, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    to[i] = from[i];
}
} // namespace detail

/// Bytes that `save` writes.
template <class State> constexpr size_t saved_bytes() {
  return saved_header_bytes + State::state_bytes;
}

/// Writes `saved_bytes<State>()` bytes; fails where `buffer` holds fewer.
template <class State> status save(const State &state, memory buffer) {
  if (buffer.size() < saved_bytes<State>())
    return {{FN_WORKSPACE_TOO_SMALL, 0, 0, 0, static_cast<int64_t>(saved_bytes<State>()),
             static_cast<int64_t>(buffer.size())},
            nullptr,
            {}};
  unsigned char *to = buffer.data();
  detail::put_word(to, state_magic);
  detail::put_word(to + 8, state_version);
  detail::put_word(to + 16, State::layout_hash);
  detail::put_word(to + 24, State::state_bytes);
  detail::copy_bytes(to + saved_header_bytes, static_cast<const unsigned char *>(state.bytes()),
                     State::state_bytes);
  return {};
}

/// Reads what `save` wrote for the same graph.
template <class State>
status load(State &state, const void *data, size_t bytes) {
  const unsigned char *from = static_cast<const unsigned char *>(data);
  if (!from || bytes != saved_bytes<State>() || detail::get_word(from) != state_magic ||
      detail::get_word(from + 8) != state_version ||
      detail::get_word(from + 16) != State::layout_hash ||
      detail::get_word(from + 24) != State::state_bytes)
    return {{FN_BAD_STATE, FN_TENSOR_STATE, 0, 0, 0, 0}, nullptr, {}};
  detail::copy_bytes(static_cast<unsigned char *>(state.bytes()), from + saved_header_bytes,
                     State::state_bytes);
  return {};
}
template <class State, class Buffer> status load(State &state, const Buffer &buffer) {
  return load(state, static_cast<const void *>(buffer.data()),
              static_cast<size_t>(buffer.size()) * sizeof(*buffer.data()));
}
template <class State, size_t N> status load(State &state, const unsigned char (&buffer)[N]) {
  return load(state, static_cast<const void *>(buffer), N);
}

} // namespace fn

#endif // FN_STATE_H
