//===- Media.h - pictures and sounds ----------------------------*- C++ -*-===//
//
// Decoders live in a library that fnc loads when it is given such a file.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_MEDIA_H
#define FNC_TOOLS_MEDIA_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fnc::tool {

struct Picture {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> pixels; ///< [height, width, 3]: red, green, blue
};

struct Sound {
  int64_t rate = 0, channels = 0;
  std::vector<float> samples; ///< [time, channels], from -1 to 1
};

/// What the library offers, as its symbol `fncMedia`. Each returns what is wrong, or nothing.
struct Media {
  const char *version;
  std::string (*decodePng)(std::string_view bytes, Picture &picture);
  std::string (*decodeJpeg)(std::string_view bytes, Picture &picture);
  std::string (*decodeSound)(std::string_view bytes, Sound &sound);
};

} // namespace fnc::tool

#endif // FNC_TOOLS_MEDIA_H
