//===- SafeTensors.cpp - tensors by name in one file ----------------------===//
//
// Eight bytes of length, a header in JSON, then the bytes of the tensors without gaps.
//
//===----------------------------------------------------------------------===//

#include "SafeTensors.h"
#include "Error.h"
#include "MappedFile.h"
#include "tools/fnc/WeightsFile.h"
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace fnc::tool;
using json = nlohmann::ordered_json;

namespace {

/// The format's own limit.
constexpr uint64_t kLargestHeader = 100'000'000;

/// A whole number of at least 0, or nothing.
std::optional<int64_t> sizeOf(const json &value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > INT64_MAX)
    return std::nullopt;
  return static_cast<int64_t>(value.get<uint64_t>());
}

class Reader {
public:
  explicit Reader(const std::string &path) : path(path), file(MappedFile::open(path)) {}

  std::map<std::string, Array> read() {
    std::string_view bytes = file->bytes();
    uint64_t length = 0;
    if (bytes.size() < 8)
      fail(path, "is not a .safetensors file");
    for (int i = 8; i-- > 0;)
      length = length << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
    if (length > kLargestHeader)
      fail(path, "is not a .safetensors file");
    if (length > bytes.size() - 8)
      fail(path, "is truncated: its header ends early");
    json header = json::parse(bytes.substr(8, length), nullptr, /*allow_exceptions=*/false);
    if (!header.is_object())
      fail(path, "is not a .safetensors file");
    tensors = bytes.substr(8 + length);
    std::map<std::string, Array> result;
    for (const auto &[name, entry] : header.items())
      if (name != "__metadata__" && !result.emplace(name, tensor(name, entry)).second)
        fail(path, "has two tensors '{}'", name);
    checkGaps();
    return result;
  }

private:
  Array tensor(const std::string &name, const json &entry) {
    const std::string where = path + ":" + name;
    const json none;
    auto field = [&](const char *key) -> const json & {
      return entry.is_object() && entry.contains(key) ? entry[key] : none;
    };
    const json &type = field("dtype"), &shape = field("shape"), &offsets = field("data_offsets");
    if (!type.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2)
      fail(where, "has a malformed entry in the header");
    Array array;
    array.type = dtypeOfSafetensors(type.get<std::string>());
    if (!array.type)
      fail(where, "is of type '{}', which no tensor has", type.get<std::string>());
    for (const json &value : shape) {
      std::optional<int64_t> size = sizeOf(value);
      if (!size || array.shape.size() == 64)
        fail(where, "has a malformed shape");
      array.shape.push_back(*size);
    }
    std::optional<int64_t> begin = sizeOf(offsets[0]), end = sizeOf(offsets[1]);
    std::optional<int64_t> count = elementCount(array.shape);
    int64_t bytes;
    if (!begin || !end || *end < *begin || !count ||
        __builtin_mul_overflow(*count, static_cast<int64_t>(array.type->bytes), &bytes) ||
        bytes != *end - *begin)
      fail(where, "has {} bytes, {} does not",
           begin && end ? std::to_string(*end - *begin) : "no number of",
           describe(*array.type, array.shape));
    if (static_cast<uint64_t>(*end) > tensors.size())
      fail(path, "is truncated: '{}' ends at byte {} of {}", name, *end, tensors.size());
    ranges.push_back({*begin, *end});
    array.data = {file, reinterpret_cast<unsigned char *>(file->begin()) +
                            (tensors.data() - file->bytes().data()) + *begin};
    return array;
  }

  /// Every byte belongs to one tensor: the format hides nothing.
  void checkGaps() {
    std::sort(ranges.begin(), ranges.end());
    int64_t at = 0;
    for (auto [begin, end] : ranges) {
      if (begin != at)
        fail(path, "has tensors that overlap or leave gaps");
      at = end;
    }
    if (static_cast<uint64_t>(at) != tensors.size())
      fail(path, "has {} bytes of tensors, its header says {}", tensors.size(), at);
  }

  const std::string &path;
  std::shared_ptr<MappedFile> file;
  std::string_view tensors;
  std::vector<std::pair<int64_t, int64_t>> ranges;
};

} // namespace

std::map<std::string, Array> fnc::tool::readSafeTensors(const std::string &path) {
  return Reader(path).read();
}

std::string fnc::tool::headerOf(const std::vector<std::pair<std::string, Array>> &tensors) {
  std::vector<StoredTensor> stored;
  for (const auto &[name, array] : tensors)
    stored.push_back({name, std::string(array.type->safetensors), array.shape, array.bytes()});
  return safeTensorsHeader(stored);
}
