//===- npy.h - arrays in NumPy's files ---------------------------*- C++ -*-===//
//
// Little-endian arrays of format version 1 in C order; float32 is written.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TEST_BENCH_NPY_H
#define FNC_TEST_BENCH_NPY_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace npy {

[[noreturn]] inline void fail(const std::string &what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

struct File {
  std::FILE *file;
  File(const std::string &path, const char *mode) : file(std::fopen(path.c_str(), mode)) {
    if (!file)
      fail(path + ": cannot be opened");
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() { std::fclose(file); }
};

inline bool exists(const std::string &path) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  return file && std::fclose(file) == 0;
}

/// All elements; the file's dtype must be `descr`.
template <typename T> std::vector<T> load(const std::string &path, const char *descr) {
  File f(path, "rb");
  unsigned char head[10];
  if (std::fread(head, 1, 10, f.file) != 10 || std::memcmp(head, "\x93NUMPY\x01", 7) != 0)
    fail(path + ": not an array");
  std::string header(static_cast<size_t>(head[8] | head[9] << 8), ' ');
  if (std::fread(&header[0], 1, header.size(), f.file) != header.size() ||
      header.find(std::string("'") + descr + "'") == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos)
    fail(path + ": expected " + descr + " in C order");
  const long start = std::ftell(f.file);
  std::fseek(f.file, 0, SEEK_END);
  std::vector<T> data(static_cast<size_t>(std::ftell(f.file) - start) / sizeof(T));
  std::fseek(f.file, start, SEEK_SET);
  if (std::fread(data.data(), sizeof(T), data.size(), f.file) != data.size())
    fail(path + ": too short");
  return data;
}

inline std::vector<float> load(const std::string &path) { return load<float>(path, "<f4"); }

inline void save(const std::string &path, const float *data, const std::vector<size_t> &shape) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  size_t count = 1;
  for (size_t extent : shape) {
    header += std::to_string(extent) + ",";
    count *= extent;
  }
  header += "), }";
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  const char head[] = {'\x93',
                       'N',
                       'U',
                       'M',
                       'P',
                       'Y',
                       1,
                       0,
                       static_cast<char>(header.size() & 255),
                       static_cast<char>(header.size() >> 8)};
  File f(path, "wb");
  std::fwrite(head, 1, sizeof head, f.file);
  std::fwrite(header.data(), 1, header.size(), f.file);
  std::fwrite(data, sizeof(float), count, f.file);
}

} // namespace npy

#endif // FNC_TEST_BENCH_NPY_H
