// C++ identifiers of display names: documented, legal, one-to-one.
#include "compiler/graph/Identifier.h"
#include "compiler/graph/Nearest.h"
#include "llvm/ADT/StringMap.h"
#include <gtest/gtest.h>
#include <vector>

using namespace fnc;

TEST(Identifier, EscapesAsDocumented) {
  EXPECT_EQ(escapeIdentifier("w1"), "w1");
  EXPECT_EQ(escapeIdentifier("conv_1"), "conv_1");
  EXPECT_EQ(escapeIdentifier("w/adam/m"), "w__adam__m");
  EXPECT_EQ(escapeIdentifier("1x"), "_x31_x");
  EXPECT_EQ(escapeIdentifier("a b"), "a_x20_b");
  EXPECT_EQ(escapeIdentifier("é"), "_xc3__xa9_");
  EXPECT_EQ(escapeIdentifier("a_"), "a_x5f_");
  EXPECT_EQ(escapeIdentifier("/a/"), "_x2f_a_x2f_");
}

// Two names never share an identifier: all names of up to six letters that could be mistaken for
// parts of an escape.
TEST(Identifier, IsOneToOne) {
  const llvm::StringRef alphabet = "x5f_/-";
  llvm::StringMap<std::string> names;
  std::vector<std::string> current = {""};
  for (int length = 1; length <= 6; ++length) {
    std::vector<std::string> longer;
    for (const std::string &prefix : current)
      for (char letter : alphabet)
        longer.push_back(prefix + letter);
    current = std::move(longer);
    for (const std::string &name : current) {
      const std::string identifier = escapeIdentifier(name);
      ASSERT_TRUE(isIdentifier(identifier)) << name;
      const auto [other, isNew] = names.try_emplace(identifier, name);
      ASSERT_TRUE(isNew) << name << " and " << other->second << " are both " << identifier;
    }
  }
}

TEST(Identifier, NamesOfLanguagesAreReserved) {
  for (const char *word : {"class", "restrict", "co_await", "size_t", "fn", "fn_status", "r_"})
    EXPECT_TRUE(isReservedIdentifier(word)) << word;
  for (const char *word : {"w", "Class", "fnord", "_x2f_"})
    EXPECT_FALSE(isReservedIdentifier(word)) << word;
}

TEST(Nearest, SuggestsWhatWasMeant) {
  const llvm::StringRef names[] = {"train", "predict", "reset"};
  EXPECT_EQ(didYouMean("tarin", names), "; did you mean 'train'?");
  EXPECT_EQ(didYouMean("predcit", names), "; did you mean 'predict'?");
  EXPECT_EQ(didYouMean("evaluate", names), "");
  EXPECT_EQ(didYouMean("", names), "");
}
