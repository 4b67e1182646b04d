//===- Media.cpp - decoders of pictures and sounds ------------------------===//
//
// The C libraries leave by longjmp where something is wrong: what they jump over has no destructor.
//
//===----------------------------------------------------------------------===//

#include "Media.h"
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
#include <png.h>
#include <sndfile.h>

using namespace fnc::tool;

namespace {

/// Pixels or samples that are more than anybody means to feed.
constexpr int64_t kMost = int64_t(1) << 28;

struct Reader {
  std::string_view bytes;
  size_t at = 0;
};

//===-- PNG ----------------------------------------------------------------===//

void readPng(png_structp png, png_bytep to, size_t count) {
  auto &reader = *static_cast<Reader *>(png_get_io_ptr(png));
  if (count > reader.bytes.size() - reader.at)
    png_error(png, "ends early");
  std::memcpy(to, reader.bytes.data() + reader.at, count);
  reader.at += count;
}

void ignoreWarning(png_structp, png_const_charp) {}

/// False where the file is damaged.
bool decodePngRows(png_structp png, png_infop info, Picture &picture, bool &isTooLarge) {
  if (setjmp(png_jmpbuf(png)))
    return false;
  png_read_info(png, info);
  picture.height = png_get_image_height(png, info);
  picture.width = png_get_image_width(png, info);
  isTooLarge = picture.height * picture.width > kMost;
  if (isTooLarge)
    return false;
  // As others read it: eight bits, without transparency and without a gamma.
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t stride = static_cast<size_t>(picture.width) * 3;
  if (png_get_rowbytes(png, info) != stride)
    return false;
  picture.pixels.resize(stride * static_cast<size_t>(picture.height));
  for (int pass = 0; pass < passes; ++pass)
    for (int64_t row = 0; row < picture.height; ++row)
      png_read_row(png, picture.pixels.data() + static_cast<size_t>(row) * stride, nullptr);
  png_read_end(png, nullptr);
  return true;
}

void failPng(png_structp png, png_const_charp) { png_longjmp(png, 1); }

std::string decodePng(std::string_view bytes, Picture &picture) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, failPng, ignoreWarning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  Reader reader{bytes};
  bool isTooLarge = false, good = false;
  if (info) {
    png_set_read_fn(png, &reader, readPng);
    good = decodePngRows(png, info, picture, isTooLarge);
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return good ? "" : isTooLarge ? "is too large a picture" : "is damaged or truncated";
}

//===-- JPEG ---------------------------------------------------------------===//

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf leave;
};

void failJpeg(j_common_ptr common) {
  std::longjmp(reinterpret_cast<JpegErrors *>(common->err)->leave, 1);
}

bool decodeJpegRows(jpeg_decompress_struct &jpeg, JpegErrors &errors, std::string_view bytes,
                    Picture &picture, const char *&problem) {
  if (setjmp(errors.leave))
    return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char *>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&jpeg, TRUE);
  if (jpeg.num_components != 1 && jpeg.num_components != 3) {
    problem = "is a picture in CMYK, expected RGB or gray";
    return false;
  }
  jpeg.out_color_space = JCS_RGB;
  picture.height = jpeg.image_height;
  picture.width = jpeg.image_width;
  if (picture.height * picture.width > kMost) {
    problem = "is too large a picture";
    return false;
  }
  jpeg_start_decompress(&jpeg);
  const size_t stride = static_cast<size_t>(picture.width) * 3;
  picture.pixels.resize(stride * static_cast<size_t>(picture.height));
  while (jpeg.output_scanline < jpeg.output_height) {
    unsigned char *row = picture.pixels.data() + jpeg.output_scanline * stride;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  // What is missing at the end is a warning to the library, which fills it in.
  return errors.base.num_warnings == 0;
}

std::string decodeJpeg(std::string_view bytes, Picture &picture) {
  jpeg_decompress_struct jpeg = {};
  JpegErrors errors;
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = failJpeg;
  errors.base.output_message = [](j_common_ptr) {};
  const char *problem = "is damaged or truncated";
  bool good = decodeJpegRows(jpeg, errors, bytes, picture, problem);
  jpeg_destroy_decompress(&jpeg);
  return good ? "" : problem;
}

//===-- Sound --------------------------------------------------------------===//

sf_count_t soundSize(void *user) {
  return static_cast<sf_count_t>(static_cast<Reader *>(user)->bytes.size());
}
sf_count_t seekSound(sf_count_t offset, int origin, void *user) {
  auto &reader = *static_cast<Reader *>(user);
  auto size = static_cast<sf_count_t>(reader.bytes.size());
  sf_count_t base = origin == SEEK_CUR   ? static_cast<sf_count_t>(reader.at)
                    : origin == SEEK_END ? size
                                         : 0;
  if (offset < -base || offset > size - base)
    return -1;
  reader.at = static_cast<size_t>(base + offset);
  return base + offset;
}
sf_count_t readSound(void *to, sf_count_t count, void *user) {
  auto &reader = *static_cast<Reader *>(user);
  size_t bytes = std::min(static_cast<size_t>(count), reader.bytes.size() - reader.at);
  std::memcpy(to, reader.bytes.data() + reader.at, bytes);
  reader.at += bytes;
  return static_cast<sf_count_t>(bytes);
}
sf_count_t tellSound(void *user) {
  return static_cast<sf_count_t>(static_cast<Reader *>(user)->at);
}

std::string decodeSound(std::string_view bytes, Sound &sound) {
  SF_VIRTUAL_IO functions = {soundSize, seekSound, readSound, nullptr, tellSound};
  Reader reader{bytes};
  SF_INFO info = {};
  SNDFILE *file = sf_open_virtual(&functions, SFM_READ, &info, &reader);
  if (!file)
    return "is no sound file, or a damaged one";
  std::string problem;
  if (info.frames <= 0 || info.channels <= 0 || info.samplerate <= 0 ||
      info.frames > kMost / info.channels) {
    problem = info.frames > 0 ? "is too long a sound" : "holds no sound";
  } else {
    sound.rate = info.samplerate;
    sound.channels = info.channels;
    sound.samples.resize(static_cast<size_t>(info.frames * info.channels));
    if (sf_readf_float(file, sound.samples.data(), info.frames) != info.frames)
      problem = "is damaged or truncated";
  }
  sf_close(file);
  return problem;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const Media fncMedia;
const Media fncMedia = {FNC_VERSION, decodePng, decodeJpeg, decodeSound};
