//===- Npy.cpp - NumPy's .npy files -----------------------------------------===//
//
// A header in the syntax of a Python dict, then the numbers:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//===----------------------------------------------------------------------===//

#include "Error.h"
#include "NpyHeader.h"
#include <algorithm>
#include <cctype>
#include <cstring>

using namespace fnc::tool;

namespace {

/// Reads the dict of a header: strict, and no further than its end.
class HeaderReader {
public:
  HeaderReader(std::string_view where, std::string_view text) : where(where), text(text) {}

  NpyHeader read() {
    bool hasType = false, hasOrder = false, hasShape = false;
    expect('{');
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (key == "descr" && !hasType) {
        hasType = true;
        readType();
      } else if (key == "fortran_order" && !hasOrder) {
        hasOrder = true;
        result.isFortran = boolean();
      } else if (key == "shape" && !hasShape) {
        hasShape = true;
        readShape();
      } else {
        malformed();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (at != text.size() || !hasType || !hasOrder || !hasShape)
      malformed();
    return result;
  }

private:
  [[noreturn]] void malformed() { fail(where, "has a malformed .npy header"); }
  void skipSpace() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
      ++at;
  }
  bool accept(char c) {
    skipSpace();
    bool isHere = at < text.size() && text[at] == c;
    at += isHere;
    return isHere;
  }
  void expect(char c) {
    if (!accept(c))
      malformed();
  }
  std::string string() {
    char quote = accept('\'') ? '\'' : '"';
    if (quote == '"')
      expect('"');
    size_t end = text.find(quote, at);
    if (end == text.npos || text.substr(at, end - at).find('\\') != text.npos)
      malformed();
    std::string value(text.substr(at, end - at));
    at = end + 1;
    return value;
  }
  bool boolean() {
    skipSpace();
    for (std::string_view word : {"True", "False"})
      if (text.substr(at).starts_with(word)) {
        at += word.size();
        return word == "True";
      }
    malformed();
  }
  void readType() {
    skipSpace();
    if (at < text.size() && text[at] == '[')
      fail(where, "holds records, expected numbers");
    std::string name = string(), native = name;
    if (name.size() > 1 && (name[0] == '>' || name[0] == '=')) {
      result.isBigEndian = name[0] == '>';
      native[0] = '<';
    }
    // One byte has no order, and two of no meaning have none either.
    if (native.size() == 3 && (native[2] == '1' || native[1] == 'V'))
      native[0] = '|';
    result.type = dtypeOfNpy(native);
    if (!result.type)
      fail(where, "holds elements of type '{}', which no tensor has", name);
  }
  void readShape() {
    expect('(');
    while (!accept(')')) {
      skipSpace();
      size_t start = at;
      int64_t size = 0;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        if (__builtin_mul_overflow(size, 10, &size) ||
            __builtin_add_overflow(size, text[at] - '0', &size))
          fail(where, "has a size that no memory has");
      if (at == start || result.shape.size() == 64)
        malformed();
      result.shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        // A tuple of one element ends in a comma.
        if (result.shape.size() == 1)
          malformed();
        break;
      }
    }
  }

  std::string_view where, text;
  size_t at = 0;
  NpyHeader result;
};

/// From the order in which the first index runs fastest.
void toRowMajor(Array &array, std::string_view where) {
  size_t rank = array.shape.size(), width = array.type->bytes;
  auto count = static_cast<size_t>(array.count());
  if (rank < 2 || count == 0)
    return;
  Array result = allocateArray(*array.type, array.shape, where);
  std::vector<size_t> strides(rank), index(rank);
  size_t stride = width;
  for (size_t i = 0; i < rank; ++i) {
    strides[i] = stride;
    stride *= static_cast<size_t>(array.shape[i]);
  }
  size_t from = 0;
  for (size_t to = 0; to < count; ++to) {
    std::memcpy(result.data.get() + to * width, array.data.get() + from, width);
    for (size_t d = rank; d-- > 0;) {
      from += strides[d];
      if (++index[d] < static_cast<size_t>(array.shape[d]))
        break;
      from -= strides[d] * index[d];
      index[d] = 0;
    }
  }
  array = std::move(result);
}

} // namespace

NpyHeader fnc::tool::readNpyHeader(std::string_view where, uint64_t bytes, const ReadBytes &read) {
  unsigned char start[12];
  if (bytes < 10)
    fail(where, "is not a .npy file");
  read(start, 10);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0)
    fail(where, "is not a .npy file");
  if (start[6] < 1 || start[6] > 3 || start[7] != 0)
    fail(where, "is of version {}.{} of the .npy format, expected 1.0, 2.0 or 3.0", start[6],
         start[7]);
  uint64_t used = 10, length = start[8] | start[9] << 8;
  if (start[6] > 1) {
    if (bytes < 12)
      fail(where, "is truncated: its header ends early");
    read(start + 10, 2);
    used = 12;
    length |= static_cast<uint64_t>(start[10]) << 16 | static_cast<uint64_t>(start[11]) << 24;
  }
  if (length > bytes - used)
    fail(where, "is truncated: its header ends early");
  // The header of plain numbers takes some 100 bytes.
  if (length > (1 << 20))
    fail(where, "has a malformed .npy header");
  std::string text(length, ' ');
  read(text.data(), length);
  NpyHeader header = HeaderReader(where, text).read();
  std::optional<int64_t> count = elementCount(header.shape);
  int64_t expected;
  if (!count || __builtin_mul_overflow(*count, static_cast<int64_t>(header.type->bytes), &expected))
    fail(where, "has a size that no memory has");
  header.dataBytes = bytes - used - length;
  if (header.dataBytes != static_cast<uint64_t>(expected))
    fail(where, "{}: {} takes {} bytes, the file has {}",
         header.dataBytes < static_cast<uint64_t>(expected) ? "is truncated" : "is too long",
         describe(*header.type, header.shape), expected, header.dataBytes);
  return header;
}

void fnc::tool::toNative(const NpyHeader &header, Array &array, std::string_view where) {
  size_t width = array.type->bytes;
  if (header.isBigEndian && width > 1)
    for (size_t i = 0, n = static_cast<size_t>(array.count()); i < n; ++i)
      std::reverse(array.data.get() + i * width, array.data.get() + (i + 1) * width);
  if (header.isFortran)
    toRowMajor(array, where);
  // What is neither 0 nor 1 is no truth value, and code relies on that.
  if (array.type->kind == DType::Bool)
    for (size_t i = 0, n = static_cast<size_t>(array.count()); i < n; ++i)
      array.data.get()[i] = array.data.get()[i] != 0;
}

Array fnc::tool::readNpy(const std::shared_ptr<MappedFile> &file, const std::string &where,
                         const CheckHeader &check) {
  size_t at = 0;
  NpyHeader header = readNpyHeader(where, file->bytes().size(), [&](void *to, size_t bytes) {
    std::memcpy(to, file->bytes().data() + at, bytes);
    at += bytes;
  });
  check(*header.type, header.shape);
  // NumPy aligns the numbers to 64 bytes; other writers may not.
  auto *start = reinterpret_cast<unsigned char *>(file->begin() + at);
  Array array{header.type, header.shape, {file, start}};
  if (reinterpret_cast<uintptr_t>(start) % 64 != 0) {
    array.data = allocate(header.dataBytes, where);
    std::memcpy(array.data.get(), start, header.dataBytes);
  }
  toNative(header, array, where);
  return array;
}

std::string fnc::tool::npyHeader(const Array &array) {
  std::string shape;
  for (int64_t size : array.shape)
    shape += std::to_string(size) + (array.shape.size() == 1 ? "," : ", ");
  if (array.shape.size() > 1)
    shape.resize(shape.size() - 2);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 array.type->npy, shape);
  // Version 1.0: ends at a multiple of 64, with a new line.
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}
