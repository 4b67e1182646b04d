// Weights that are loaded from a .safetensors file: all of it, or nothing.

#include "weights.h"
#include <cstdio>
#include <gtest/gtest.h>
#include <string>

static std::string contents() {
  std::string bytes;
  std::FILE *file = std::fopen("weights.safetensors", "rb");
  if (!file)
    return bytes;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file))
    bytes += static_cast<char>(c);
  std::fclose(file);
  return bytes;
}

/// A file with this header and eight, or so many, bytes of tensors.
static std::string stored(const std::string &header, size_t bytes = 10) {
  std::string text;
  for (int i = 0; i < 8; ++i)
    text += static_cast<char>(header.size() >> (8 * i));
  return text + header + std::string(bytes, 1);
}

static bool loads(net::State &state, const std::string &bytes) {
  return static_cast<bool>(fn::load_weights(state, bytes.data(), bytes.size()));
}

TEST(Weights, Values) {
  net::State state;
  net::predict predict{state};
  const float x[2] = {10, 20};
  EXPECT_EQ(predict.call(x).z()[0], 10.0f);
  const std::string file = contents();
  ASSERT_TRUE(loads(state, file));
  auto r = predict.call(x);
  EXPECT_TRUE(r && r.z()[0] == 20.0f && r.z()[1] == 20.0f && r.n() == 5);
  net::State other;
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_FALSE(loads(other, file.substr(0, length)));
  EXPECT_EQ(other.w()[0], 0.0f);
}

TEST(Weights, Headers) {
  net::State state;
  const std::string w = "\"w \\\"\\u00e4\\\"\"", on = "\"on\":{\"data_offsets\":[8, 10],\"shape\":[2],\"dtype\":\"BOOL\"}";
  auto entry = [&](const std::string &type, const std::string &shape, const std::string &offsets) {
    return w + ":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  const std::string good = entry("F32", "[2]", "[0,8]");
  EXPECT_TRUE(loads(state, stored("{" + good + "," + on + "}")));
  EXPECT_TRUE(loads(state, stored(" { \"__metadata__\" : {\"a\":\"}\"}, " + on + " , " + good + "}  ")));
  EXPECT_TRUE(loads(state, stored("{" + good + "," + on + ",\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[2,10]}}")));
  EXPECT_EQ(state.n()(), 0x0101010101010101);
  for (const std::string &bad :
       {"{" + on + "}", "{" + good + "," + on + "," + good + "}", "{" + good + "," + on + ",\"v\":" + on.substr(5) + "}",
        "{" + entry("F64", "[2]", "[0,8]") + "," + on + "}", "{" + entry("F32", "[2,1]", "[0,8]") + "," + on + "}",
        "{" + entry("F32", "[]", "[0,8]") + "," + on + "}", "{" + entry("F32", "[3]", "[0,8]") + "," + on + "}",
        "{" + entry("F32", "[2]", "[0,4]") + "," + on + "}", "{" + entry("F32", "[2]", "[8,16]") + "," + on + "}",
        "{" + entry("F32", "[2]", "[8,0]") + "," + on + "}",
        "{" + entry("F32", "[99999999999999999999]", "[0,8]") + "," + on + "}", "{" + good + "," + on + "} x", std::string("[]"),
        std::string("{\"\\u12"), std::string("{\"\\")}) {
    net::State fresh;
    EXPECT_FALSE(loads(fresh, stored(bad))) << bad;
    EXPECT_EQ(fresh.w()[0], 0.0f) << bad;
  }
  EXPECT_STREQ(fn::message(fn::load_weights(state, nullptr, 0)).c_str(), "the bytes are not a saved state of this graph");
}
