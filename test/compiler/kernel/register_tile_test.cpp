// Blocks of results: what any of them must satisfy, whatever the cost model finds best.
#include "compiler/kernel/RegisterTile.h"
#include <gtest/gtest.h>

using namespace fnc;

class RegisterTiles : public testing::TestWithParam<Registers> {};

TEST_P(RegisterTiles, FitIntoRegistersAndResults) {
  const Registers registers = GetParam();
  for (unsigned bits : {8u, 16u, 32u, 64u})
    for (int64_t rows : {-1, 1, 2, 3, 7, 8, 9, 31, 1000})
      for (int64_t columns : {-1, 1, 2, 3, 5, 10, 16, 17, 100, 4096})
        for (int64_t terms : {-1, 1, 3, 64, 5000}) {
          const RegisterTile tile = chooseTile(registers, bits, rows, columns, terms);
          SCOPED_TRACE(testing::Message() << registers.bits << " bits x " << registers.count << ", "
                                          << rows << " x " << columns << " of " << bits);
          ASSERT_GE(tile.rows, 1);
          ASSERT_GE(tile.width, 1);
          ASSERT_GE(tile.parts, 1);
          if (rows > 0) {
            ASSERT_LE(tile.rows, rows);
          }
          if (columns > 0) {
            ASSERT_LE(tile.width, columns);
          }
          if (terms > 0) {
            ASSERT_LE(tile.parts, terms);
          }
          const int64_t vectors =
              (tile.width + lanes(registers, bits) - 1) / lanes(registers, bits);
          ASSERT_LE(tile.rows * vectors * tile.parts, registers.count);
        }
}

TEST_P(RegisterTiles, OfDotProductsFit) {
  const Registers registers = GetParam();
  for (int64_t rows : {-1, 1, 2, 3, 8, 100})
    for (int64_t columns : {-1, 1, 2, 5, 100}) {
      const RegisterTile tile = chooseDotTile(registers, 32, rows, columns);
      ASSERT_GE(tile.rows * tile.width, 1);
      ASSERT_LE(tile.rows * tile.width, registers.count);
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, RegisterTiles,
                         testing::Values(Registers{32, 8}, Registers{128, 16}, Registers{128, 32},
                                         Registers{256, 16}, Registers{512, 32}));

TEST(RegisterTile, LanesAreNeverNone) {
  EXPECT_EQ(lanes({256, 16}, 32), 8);
  EXPECT_EQ(lanes({512, 32}, 16), 32);
  EXPECT_EQ(lanes({32, 8}, 64), 1);
}

TEST_P(RegisterTiles, HoldTheRestOfARow) {
  const Registers registers = GetParam();
  for (unsigned bits : {16u, 32u, 64u})
    for (int64_t rows : {-1, 1, 7, 1000})
      for (int64_t columns : {5, 9, 10, 12, 24, 40, 48}) {
        const RegisterTile tile = chooseTile(registers, bits, rows, columns, 64, true);
        if (!hasRestBeside(columns, tile.width))
          continue;
        int64_t vectors = 0, all = 0;
        forEachColumnBlock(columns, tile.width, [&](int64_t, int64_t width) {
          vectors += (width + lanes(registers, bits) - 1) / lanes(registers, bits);
          all += width;
        });
        EXPECT_EQ(all, columns);
        EXPECT_LE(tile.rows * vectors * tile.parts, registers.count);
      }
}

TEST(RegisterTile, KnowsWhatIsLeftOverOfARow) {
  EXPECT_TRUE(hasRestBeside(10, 8));
  EXPECT_TRUE(hasRestBeside(14, 8));
  EXPECT_FALSE(hasRestBeside(15, 8)); // 8, 4, 2 and 1 are too many
  EXPECT_FALSE(hasRestBeside(8, 8));
  EXPECT_FALSE(hasRestBeside(16, 8));
  EXPECT_FALSE(hasRestBeside(18, 8));
  EXPECT_FALSE(hasRestBeside(-1, 8));
}

// The tiles of the cost model's own argument: two vectors by as many rows as fit, equal tiles
// instead of a small rest, and many vectors for one row.
TEST(RegisterTile, FollowsTheCostModel) {
  const Registers avx512{512, 32};
  EXPECT_EQ(chooseTile(avx512, 32, 512, 512, 512).width, 32);
  // One vector by elements from memory, if there are rows enough.
  EXPECT_EQ(chooseTile(avx512, 32, 512, 512, 512, false, 14).width, 16);
  EXPECT_EQ(chooseTile(avx512, 32, 28, 512, 512, false, 14).rows, 14);
  EXPECT_EQ(chooseTile(avx512, 32, 3, 512, 512, false, 14).width, 32);
  EXPECT_EQ(chooseTile(avx512, 32, -1, 512, 512, false, 14).width, 32);
  EXPECT_EQ(chooseTile(avx512, 32, 512, 512, 512).rows, 8);
  EXPECT_EQ(chooseTile(avx512, 32, 9, 512, 512).rows, 5);
  EXPECT_EQ(chooseTile(avx512, 32, 1, 512, 512).width, 128);
}
