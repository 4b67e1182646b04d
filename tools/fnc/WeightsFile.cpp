//===- WeightsFile.cpp - the header of a .safetensors file ----------------===//

#include "WeightsFile.h"
#include <nlohmann/json.hpp>

using json = nlohmann::ordered_json;

std::string fnc::tool::safeTensorsHeader(const std::vector<StoredTensor> &tensors) {
  json header = json::object();
  uint64_t at = 0;
  for (const StoredTensor &tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {at, at + tensor.bytes}}};
    at += tensor.bytes;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  // Readers map the tensors where they lie.
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string length;
  for (int i = 0; i < 8; ++i)
    length += static_cast<char>(text.size() >> (8 * i));
  return length + text;
}
