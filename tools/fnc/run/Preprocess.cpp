//===- Preprocess.cpp - pictures and sounds as tensors --------------------===//

#include "Preprocess.h"
#include "Error.h"
#include "Resample.h"
#include "Steps.h"
#include "tools/fnc/LoadLibrary.h"
#include "tools/fnc/Media.h"
#include <algorithm>
#include <cmath>

using namespace fnc::tool;

namespace {

bool isPng(std::string_view bytes) { return bytes.starts_with("\x89PNG"); }
bool isJpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }
bool isSound(std::string_view bytes) {
  return (bytes.starts_with("RIFF") && bytes.substr(8).starts_with("WAVE")) ||
         bytes.starts_with("fLaC") || bytes.starts_with("OggS");
}

const Media &media() {
  static const Media *loaded = loadLibrary<Media>("libfnc-media.so", "fncMedia");
  if (!loaded)
    throw LoadFailed();
  return *loaded;
}

//===-- Pictures -------------------------------------------------------------===//

/// Where the dimensions of a picture are: "nchw".
std::string layoutOf(const TensorType &input, const std::string &path) {
  const Shape &shape = input.shape;
  auto isChannels = [&](size_t i) { return shape[i] == 1 || shape[i] == 3; };
  const size_t rank = shape.size();
  if (rank == 2)
    return "hw";
  if (rank == 3 || rank == 4) {
    std::string batch = rank == 4 ? "n" : "";
    bool isFirst = isChannels(rank - 3), isLast = isChannels(rank - 1);
    if (isFirst != isLast)
      return batch + (isFirst ? "chw" : "hwc");
  }
  throw UsageError(fmt::format("fnc run: error: input '{}' is {}: say how '{}' is laid out, as "
                               "layout=nchw",
                               input.name, input.describe(), path));
}

class PictureReader {
public:
  PictureReader(const std::string &path, std::string_view bytes, std::string_view text,
                const TensorType *wanted)
      : path(path), bytes(bytes), wanted(wanted),
        steps(text, path, {"resize", "crop", "range", "mean", "std", "color", "layout"}) {}

  std::optional<Array> read() {
    auto given = steps.choice("layout", {"nchw", "nhwc", "chw", "hwc", "hw"});
    bool isSized = steps.has("resize") || steps.has("crop");
    if (!wanted && (!given || !isSized))
      return std::nullopt;
    layout = given ? *given : layoutOf(*wanted, path);
    if (wanted && wanted->shape.size() != layout.size())
      fail("fnc", "input '{}' is {}, '{}' is laid out as {}", wanted->name, wanted->describe(),
           path, layout);
    decode();
    resize();
    crop();
    chooseColors();
    return arrange();
  }

private:
  /// The input's size of a dimension; -1 where it is open or there is none.
  int64_t wantedSize(char dimension) const {
    size_t at = layout.find(dimension);
    return wanted && at != layout.npos ? wanted->shape[at] : -1;
  }

  void decode() {
    Picture picture;
    std::string problem =
        isPng(bytes) ? media().decodePng(bytes, picture) : media().decodeJpeg(bytes, picture);
    if (!problem.empty())
      fail(path, "{}", problem);
    height = static_cast<size_t>(picture.height);
    width = static_cast<size_t>(picture.width);
    pixels.assign(picture.pixels.begin(), picture.pixels.end());
  }

  void resize() {
    std::vector<int64_t> sizes = steps.sizes("resize");
    if (sizes.size() > 2 || std::count(sizes.begin(), sizes.end(), 0))
      steps.failStep("resize", "HEIGHTxWIDTH or the length of the shorter side");
    if (sizes.size() == 1) {
      // The other side follows, cut to a whole number.
      auto size = static_cast<size_t>(sizes.front());
      bool isWide = width > height;
      sizes = {static_cast<int64_t>(isWide ? size : size * height / width),
               static_cast<int64_t>(isWide ? size * width / height : size)};
    }
    if (sizes.empty() && !steps.has("crop") && wantedSize('h') > 0 && wantedSize('w') > 0)
      sizes = {wantedSize('h'), wantedSize('w')};
    if (sizes.empty())
      return;
    auto newHeight = static_cast<size_t>(sizes[0]), newWidth = static_cast<size_t>(sizes[1]);
    if (newHeight > (1 << 20) || newWidth > (1 << 20) || newHeight * newWidth > (size_t(1) << 28))
      steps.failStep("resize", "a size that memory can hold");
    pixels = resample(pixels, height, width, 3, newWidth, Filter::Triangle);
    pixels = resample(pixels, 1, height, newWidth * 3, newHeight, Filter::Triangle);
    height = newHeight;
    width = newWidth;
  }

  /// The middle of the picture.
  void crop() {
    std::vector<int64_t> sizes = steps.sizes("crop");
    if (sizes.empty())
      return;
    if (sizes.size() == 1)
      sizes.push_back(sizes.front());
    auto newHeight = static_cast<size_t>(sizes[0]), newWidth = static_cast<size_t>(sizes[1]);
    if (sizes.size() != 2 || newHeight == 0 || newWidth == 0)
      steps.failStep("crop", "HEIGHTxWIDTH");
    if (newHeight > height || newWidth > width)
      fail(path, "is {}x{} before it is cropped to {}x{}", height, width, newHeight, newWidth);
    size_t top = (height - newHeight + 1) / 2, left = (width - newWidth + 1) / 2;
    std::vector<float> result;
    result.reserve(newHeight * newWidth * 3);
    for (size_t row = top; row < top + newHeight; ++row) {
      auto begin = pixels.begin() + static_cast<ptrdiff_t>((row * width + left) * 3);
      result.insert(result.end(), begin, begin + static_cast<ptrdiff_t>(newWidth * 3));
    }
    pixels = std::move(result);
    height = newHeight;
    width = newWidth;
  }

  void chooseColors() {
    bool isGrayWanted = layout == "hw" || wantedSize('c') == 1;
    std::string color =
        steps.choice("color", {"rgb", "bgr", "gray"}).value_or(isGrayWanted ? "gray" : "rgb");
    if (layout == "hw" && color != "gray")
      steps.failStep("color", "gray where there is no dimension of colors");
    channels = color == "gray" ? 1 : 3;
    for (size_t i = 0; i < height * width; ++i) {
      float *pixel = pixels.data() + 3 * i;
      if (color == "bgr")
        std::swap(pixel[0], pixel[2]);
      else if (color == "gray")
        pixels[i] = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
    }
  }

  Array arrange() {
    const DType &type = wanted ? *wanted->type : *dtypeNamed("f32");
    bool isFloat = type.kind != DType::Signed && type.kind != DType::Unsigned;
    auto [low, high] = steps.range(0, isFloat ? 1 : 255);
    std::vector<double> mean = steps.numbers("mean", channels, 0);
    std::vector<double> deviation = steps.numbers("std", channels, 1);
    if (std::count(deviation.begin(), deviation.end(), 0.0))
      steps.failStep("std", "numbers other than 0");
    Shape shape;
    for (char dimension : layout)
      shape.push_back(static_cast<int64_t>(dimension == 'n'   ? 1
                                           : dimension == 'c' ? channels
                                           : dimension == 'h' ? height
                                                              : width));
    Array array = allocateArray(type, std::move(shape), path);
    bool isChannelsFirst = layout.find('c') < layout.find('h');
    for (size_t i = 0; i < height * width; ++i)
      for (size_t c = 0; c < channels; ++c) {
        double value = low + static_cast<double>(pixels[i * channels + c]) / 255 * (high - low);
        size_t at = isChannelsFirst ? c * height * width + i : i * channels + c;
        storeNumber(type, array.data.get(), at, (value - mean[c]) / deviation[c]);
      }
    return array;
  }

  const std::string &path;
  std::string_view bytes;
  const TensorType *wanted;
  Steps steps;
  std::string layout;
  size_t height = 0, width = 0, channels = 3;
  std::vector<float> pixels; ///< [height, width, channels]
};

//===-- Sounds ---------------------------------------------------------------===//

/// The dimension of time: the only one that is fixed to more than 1, else the last one that is not
/// fixed to 1.
size_t timeDimension(const TensorType &input) {
  const Shape &shape = input.shape;
  size_t result = shape.size(), fixed = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    fixed += shape[i] > 1;
    if (shape[i] != 1 && (result == shape.size() || shape[i] > 1 || shape[result] < 0))
      result = i;
  }
  if (result == shape.size() || fixed > 1)
    fail("fnc", "input '{}' is {}, which is not the shape of a sound", input.name,
         input.describe());
  return result;
}

std::optional<Array> readSound(const std::string &path, std::string_view bytes,
                               std::string_view text, const TensorType *wanted) {
  Steps steps(text, path, {"rate", "channel", "from", "length"});
  if (!wanted)
    return std::nullopt;
  Sound sound;
  std::string problem = media().decodeSound(bytes, sound);
  if (!problem.empty())
    fail(path, "{}", problem);
  auto one = [&](const std::string &step) {
    std::vector<int64_t> sizes = steps.sizes(step);
    if (sizes.size() > 1)
      steps.failStep(step, "a whole number");
    return sizes.empty() ? -1 : sizes.front();
  };
  const auto channels = static_cast<size_t>(sound.channels);
  int64_t channel = one("channel"), rate = one("rate"), from = one("from"), length = one("length");
  if (channel >= sound.channels)
    fail(path, "has {} channels, no channel {}", channels, channel);
  if (rate == 0 || rate > 1'000'000)
    steps.failStep("rate", "samples per second");
  std::vector<float> samples(sound.samples.size() / channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c)
      sum += sound.samples[i * channels + c];
    samples[i] = channel >= 0 ? sound.samples[i * channels + static_cast<size_t>(channel)]
                              : sum / static_cast<float>(channels);
  }
  if (rate > 0) {
    double count = static_cast<double>(samples.size()) * static_cast<double>(rate) /
                   static_cast<double>(sound.rate);
    samples = resample(samples, 1, samples.size(), 1,
                       std::max<size_t>(1, static_cast<size_t>(std::llround(count))), Filter::Sinc);
  }
  if (from > 0)
    samples.erase(samples.begin(),
                  samples.begin() + std::min<int64_t>(from, static_cast<int64_t>(samples.size())));
  if (length >= 0) {
    if (length > (int64_t(1) << 28))
      steps.failStep("length", "a length that memory can hold");
    samples.resize(static_cast<size_t>(length));
  }
  Shape shape(wanted->shape.size(), 1);
  shape[timeDimension(*wanted)] = static_cast<int64_t>(samples.size());
  const DType &type = *wanted->type;
  // Whole numbers span their type, as in the files that they come from.
  bool isWhole = type.kind == DType::Signed || type.kind == DType::Unsigned;
  double unit = isWhole ? std::exp2(8 * type.bytes - 1) : 1;
  Array array = allocateArray(type, std::move(shape), path);
  for (size_t i = 0; i < samples.size(); ++i)
    storeNumber(type, array.data.get(), i,
                unit * static_cast<double>(samples[i]) + (type.kind == DType::Unsigned ? unit : 0));
  return array;
}

} // namespace

bool fnc::tool::isMedia(std::string_view bytes) {
  return isPng(bytes) || isJpeg(bytes) || isSound(bytes);
}

std::optional<Array> fnc::tool::readMedia(const std::string &path, std::string_view bytes,
                                          std::string_view steps, const TensorType *wanted) {
  if (isSound(bytes))
    return readSound(path, bytes, steps, wanted);
  return PictureReader(path, bytes, steps, wanted).read();
}
