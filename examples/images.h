// Handwritten digits: 8x8 pixels from 0 to 1 and a label each.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

/// All items of a file; none where it cannot be read.
template <class T> std::vector<T> read_file(const std::string &path) {
  std::vector<T> items;
  if (std::FILE *file = std::fopen(path.c_str(), "rb")) {
    for (T item; std::fread(&item, sizeof item, 1, file) == 1;)
      items.push_back(item);
    std::fclose(file);
  }
  if (items.empty())
    std::fprintf(stderr, "no data in %s\n", path.c_str());
  return items;
}

struct Images {
  std::vector<float> pixels;
  std::vector<int32_t> labels;

  explicit Images(const std::string &path) {
    struct Record {
      unsigned char pixels[64], label;
    };
    for (const Record &record : read_file<Record>(path)) {
      for (const int pixel : record.pixels)
        pixels.push_back(static_cast<float>(pixel) / 16.0f);
      labels.push_back(record.label);
    }
  }
  int count() const { return static_cast<int>(labels.size()); }
  const float *image(int i) const { return pixels.data() + 64 * i; }
  const int32_t *label(int i) const { return labels.data() + i; }
};
