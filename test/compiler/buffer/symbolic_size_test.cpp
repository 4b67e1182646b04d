// Sizes of buffers as expressions over the dimensions of arguments.
#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace {

struct Kernel {
  explicit Kernel(StringRef body) {
    context.loadDialect<affine::AffineDialect, arith::ArithDialect, func::FuncDialect,
                        memref::MemRefDialect>();
    const std::string text =
        ("func.func @f(%x: memref<?x?xf32> {fn.dims = affine_map<()[s0, s1] -> (s0, s1)>}) "
         "attributes {fn.symbols = [{max = 32 : i64, name = \"x.0\"}, {name = \"x.1\"}]} {\n"
         "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
         "%c3 = arith.constant 3 : index\n"
         "%m = memref.dim %x, %c0 : memref<?x?xf32>\n%n = memref.dim %x, %c1 : memref<?x?xf32>\n" +
         body + "\nreturn }")
            .str();
    module = parseSourceString<ModuleOp>(text, &context);
    if (module)
      func = *module->getOps<func::FuncOp>().begin();
  }

  /// Bytes of the last allocation where the dimensions are 5 and 7; -1 where they do not follow.
  int64_t bytes() {
    memref::AllocOp last;
    func.walk([&](memref::AllocOp alloc) { last = alloc; });
    AffineExpr size = fnc::SymbolicSizes(func).bytes(last);
    return size ? fnc::evaluate(size, {5, 7}) : -1;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp func;
};

} // namespace

TEST(SymbolicSize, OfArithmetic) {
  EXPECT_EQ(Kernel("%a = memref.alloc() : memref<4x3xf64>").bytes(), 96);
  EXPECT_EQ(Kernel("%a = memref.alloc(%m, %n) : memref<?x?xf32>").bytes(), 4 * 5 * 7);
  EXPECT_EQ(Kernel("%s = arith.muli %m, %n : index\n"
                   "%t = arith.floordivsi %s, %c3 : index\n"
                   "%a = memref.alloc(%t) : memref<?xi16>")
                .bytes(),
            2 * 11);
  EXPECT_EQ(Kernel("%s = affine.apply affine_map<(d0)[s0] -> (d0 ceildiv 2 + s0)>(%m)[%n]\n"
                   "%a = memref.alloc(%s) : memref<?xi8>")
                .bytes(),
            10);
  EXPECT_EQ(Kernel("%s = arith.remui %n, %c3 : index\n"
                   "%a = memref.alloc(%s) : memref<?x2xi1>")
                .bytes(),
            2);
}

TEST(SymbolicSize, ThroughViews) {
  EXPECT_EQ(Kernel("%y = memref.collapse_shape %x [[0, 1]] : memref<?x?xf32> into memref<?xf32>\n"
                   "%s = memref.dim %y, %c0 : memref<?xf32>\n"
                   "%a = memref.alloc(%s) : memref<?xi8>")
                .bytes(),
            35);
  EXPECT_EQ(
      Kernel("%y = memref.transpose %x (i, j) -> (j, i) : memref<?x?xf32> to "
             "memref<?x?xf32, affine_map<(i, j)[s] -> (j * s + i)>>\n"
             "%s = memref.dim %y, %c0 : memref<?x?xf32, affine_map<(i, j)[s] -> (j * s + i)>>\n"
             "%a = memref.alloc(%s) : memref<?xi8>")
          .bytes(),
      7);
  // The dimension of size 1 is gone from the view.
  EXPECT_EQ(Kernel("%y = memref.subview %x[0, 0] [1, %n] [1, 1] : memref<?x?xf32> to "
                   "memref<?xf32, strided<[1]>>\n"
                   "%s = memref.dim %y, %c0 : memref<?xf32, strided<[1]>>\n"
                   "%a = memref.alloc(%s) : memref<?xi8>")
                .bytes(),
            7);
}

TEST(SymbolicSize, OfDataIsUnknown) {
  EXPECT_EQ(Kernel("%v = memref.alloc() : memref<1xindex>\n"
                   "%s = memref.load %v[%c0] : memref<1xindex>\n"
                   "%a = memref.alloc(%s) : memref<?xi8>")
                .bytes(),
            -1);
}

TEST(SymbolicSize, BoundsRepresentSymbols) {
  Kernel kernel("");
  EXPECT_EQ(fnc::numSymbols(kernel.func), 2u);
  const llvm::SmallVector<int64_t> expected = {32, 100};
  EXPECT_EQ(fnc::representativeSymbols(kernel.func, 100), expected);
}

TEST(SymbolicSize, Largest) {
  mlir::MLIRContext context;
  mlir::AffineExpr n = mlir::getAffineSymbolExpr(0, &context),
                   m = mlir::getAffineSymbolExpr(1, &context);
  auto largest = [](mlir::AffineExpr expr) { return fnc::largest(expr, {10, 7}).value_or(-1); };
  EXPECT_EQ(largest(n * 4 + m), 47);
  // At n = 10 and m = 0, not at the largest of both.
  EXPECT_EQ(largest((n - m) * 4), 40);
  EXPECT_EQ(largest((n - 3).floorDiv(2)), 3);
  EXPECT_EQ(largest((n - 3).ceilDiv(2) * m), 28);
  EXPECT_EQ(largest(n % 4), 3);
  // Divided by a size, which is 1 at the least.
  EXPECT_EQ(largest(n.floorDiv(m)), 10);
  EXPECT_EQ(largest(n * (int64_t(1) << 62)), -1);
}
