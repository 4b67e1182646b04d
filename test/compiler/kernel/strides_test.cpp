//===- strides_test.cpp - strides of memrefs, as upstream says them -------===//

#include "compiler/kernel/Strides.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace {

TEST(Strides, AreThoseOfUpstream) {
  MLIRContext context;
  for (const char *text :
       {"memref<f32>", "memref<7xf32>", "memref<?xf32>", "memref<2x3x5xf32>", "memref<2x1x5xf32>",
        "memref<?x3x5xf32>", "memref<2x?x5xf32>", "memref<2x3x?xf32>", "memref<?x?xf32>",
        "memref<0x4xf32>", "memref<4x0x3xf32>", "memref<?x0xf32>",
        "memref<3x4xf32, strided<[4, 1]>>", "memref<3x4xf32, strided<[9, 2], offset: 5>>",
        "memref<3x?xf32, strided<[?, 1], offset: ?>>", "memref<f32, strided<[], offset: ?>>",
        "memref<3x4xf32, affine_map<(i, j) -> (i + 3 * j)>>",
        "memref<3x4xf32, affine_map<(i, j) -> (8 * i + 2 * j + 1)>>"}) {
    auto type = cast<MemRefType>(parseType(text, &context));
    SmallVector<int64_t> along;
    int64_t offset;
    ASSERT_TRUE(succeeded(type.getStridesAndOffset(along, offset))) << text;
    std::optional<fnc::Strides> strides = fnc::stridesOf(type);
    ASSERT_TRUE(strides.has_value()) << text;
    EXPECT_EQ(strides->along, along) << text;
    EXPECT_EQ(strides->offset, offset) << text;
  }
}

TEST(Strides, AreNotThereWithoutThem) {
  MLIRContext context;
  auto type = cast<MemRefType>(
      parseType("memref<8xf32, affine_map<(i) -> (i floordiv 4, i mod 4)>>", &context));
  EXPECT_FALSE(fnc::stridesOf(type).has_value());
}

} // namespace
