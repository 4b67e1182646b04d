//===- Preprocess.h - pictures and sounds as tensors ------------*- C++ -*-===//
//
//   cat.jpg:resize=256,crop=224x224,mean=0.485,0.456,0.406,std=0.229,0.224,0.225,layout=nchw
//   word.wav:rate=16000,length=16000
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_RUN_PREPROCESS_H
#define FNC_TOOLS_RUN_PREPROCESS_H

#include "Signature.h"

namespace fnc::tool {

/// Whether the bytes are a picture's or a sound's.
bool isMedia(std::string_view bytes);

/// A decoded picture or sound after its steps. `wanted` is the input that it is for; without it,
/// nothing where its shape depends on that.
std::optional<Array> readMedia(const std::string &path, std::string_view bytes,
                               std::string_view steps, const TensorType *wanted);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_PREPROCESS_H
