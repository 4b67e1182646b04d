//===- Winograd.cpp - fast 3x3 convolutions as loops ----------------------===//
//
// Strip after strip of tiles, so that the scratch of one stays in the caches: transform the input,
// multiply each of the planes by its matrix, transform the products and finish them.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Winograd.h"
#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/Operands.h"
#include "compiler/kernel/RegisterTile.h"
#include "compiler/kernel/WinogradTransforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace fnc;

namespace {

/// Loops, and transforms of vectors.
class Transforming {
protected:
  Transforming(RewriterBase &b, Location loc, int64_t lanes) : b(b), loc(loc), lanes(lanes) {}

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value times(Value x, OpFoldResult y) {
    auto value = dyn_cast<Value>(y);
    return arith::MulIOp::create(b, loc, x, value ? value : constant(*getConstantIntValue(y)));
  }

  void forEach(Value from, Value to, int64_t by, llvm::function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, loc, from, to, constant(by));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }

  void inVectors(int64_t total, llvm::function_ref<void(Value, int64_t)> body) {
    forEachColumnRun(total, lanes, [&](int64_t from, int64_t to, int64_t width) {
      forEach(constant(from), constant(to), width, [&](Value at) { body(at, width); });
    });
  }

  /// The weighted sum, a row of a transform times a vector.
  Value combine(ArrayRef<double> weights, ArrayRef<Value> values, int64_t width) {
    auto contract = arith::FastMathFlags::contract;
    Value sum;
    size_t first = 0;
    for (size_t i = 0; i < weights.size() && !sum; ++i)
      if (weights[i] == 1)
        sum = values[first = i];
    for (size_t i = 0; i < weights.size(); ++i) {
      double weight = weights[i];
      if (weight == 0 || (sum && i == first))
        continue;
      if (weight == 1 && sum) {
        sum = arith::AddFOp::create(b, loc, sum, values[i]);
      } else if (weight == -1 && sum) {
        sum = arith::SubFOp::create(b, loc, sum, values[i]);
      } else {
        Value factor = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(weight));
        Value product =
            arith::MulFOp::create(b, loc, splat(b, loc, factor, width), values[i], contract);
        first = sum ? first : i;
        sum = sum ? arith::AddFOp::create(b, loc, sum, product, contract).getResult() : product;
      }
    }
    return sum;
  }

  /// transform * square * transform^T.
  SmallVector<Value> onBothSides(Transform transform, ArrayRef<Value> square, int64_t width) {
    int64_t n = transform.columns;
    SmallVector<Value> half(transform.rows * n), result;
    for (int64_t j = 0; j < n; ++j) {
      SmallVector<Value> column;
      for (int64_t i = 0; i < n; ++i)
        column.push_back(square[i * n + j]);
      for (int64_t i = 0; i < transform.rows; ++i)
        half[i * n + j] = combine(transform.row(i), column, width);
    }
    for (int64_t i = 0; i < transform.rows; ++i)
      for (int64_t j = 0; j < transform.rows; ++j)
        result.push_back(combine(transform.row(j), ArrayRef<Value>(half).slice(i * n, n), width));
    return result;
  }

  RewriterBase &b;
  Location loc;
  int64_t lanes;
};

class Lowering : Transforming {
public:
  Lowering(RewriterBase &b, kernel::WinogradOp op, int64_t lanes)
      : Transforming(b, op.getLoc(), lanes), op(op), step(op.getStep()), edge(step + 2),
        strip(op.getStrip()), channels(op.getSizes()[3]), filters(op.getSizes()[4]) {
    auto identity = [&](unsigned rank) { return b.getMultiDimIdentityMap(rank); };
    input = linearOperand(b, loc, op.getInput(), identity(4));
    transformed = linearOperand(b, loc, op.getTransformed(), identity(1));
    products = linearOperand(b, loc, op.getProducts(), identity(1));
    for (auto [extra, map] : llvm::zip(op.getExtras(), op.getMaps()))
      finishing.push_back(linearOperand(b, loc, extra, cast<AffineMapAttr>(map).getValue()));
    finishing.push_back(
        linearOperand(b, loc, op.getInit(),
                      cast<AffineMapAttr>(op.getMaps()[op.getMaps().size() - 1]).getValue()));
  }

  void run() {
    int64_t images = op.getSizes()[0];
    int64_t tiles = down() * across();
    if (images >= 0) {
      inStrips(images * tiles);
      return;
    }
    Value count = memref::DimOp::create(b, loc, op.getInput(), 0);
    forEach(constant(0), count, 1, [&](Value n) {
      image = n;
      inStrips(tiles);
    });
  }

private:
  /// Where a tile's results begin.
  struct Tile {
    Value n, y, x;
  };

  int64_t down() { return (op.getSizes()[1] + step - 1) / step; }
  int64_t across() { return (op.getSizes()[2] + step - 1) / step; }

  void inStrips(int64_t tiles) {
    int64_t whole = tiles / strip * strip;
    if (whole > 0)
      forEach(constant(0), constant(whole), strip, [&](Value first) { oneStrip(first, strip); });
    if (tiles > whole)
      oneStrip(constant(whole), tiles - whole);
  }

  void oneStrip(Value first, int64_t count) {
    forEach(constant(0), constant(count), 1, [&](Value k) {
      Tile tile = tileAt(add(first, k));
      inVectors(channels, [&](Value c, int64_t width) { transformInput(tile, k, c, width); });
    });
    multiply(count);
    forEach(constant(0), constant(count), 1, [&](Value k) {
      Tile tile = tileAt(add(first, k));
      inVectors(filters, [&](Value f, int64_t width) { transformOutput(tile, k, f, width); });
    });
  }

  Tile tileAt(Value index) {
    auto divide = [&](Value x, int64_t y) -> Value {
      return arith::DivUIOp::create(b, loc, x, constant(y));
    };
    auto rest = [&](Value x, int64_t y) -> Value {
      return arith::RemUIOp::create(b, loc, x, constant(y));
    };
    // The last tile lies over its neighbour rather than beyond the edge.
    auto start = [&](Value tile, int64_t size) -> Value {
      Value at = times(tile, b.getIndexAttr(step));
      return size % step == 0 ? at : arith::MinUIOp::create(b, loc, at, constant(size - step));
    };
    Tile tile;
    tile.n = image ? image : divide(index, down() * across());
    Value inImage = image ? index : rest(index, down() * across());
    tile.y = start(divide(inImage, across()), op.getSizes()[1]);
    tile.x = start(rest(inImage, across()), op.getSizes()[2]);
    return tile;
  }

  void transformInput(const Tile &tile, Value k, Value c, int64_t width) {
    Value base = add(add(times(tile.n, input.steps[0]), times(tile.y, input.steps[1])),
                     add(times(tile.x, input.steps[2]), c));
    SmallVector<Value> square;
    for (int64_t i = 0; i < edge; ++i)
      for (int64_t j = 0; j < edge; ++j) {
        Value at =
            add(base, add(times(constant(i), input.steps[1]), times(constant(j), input.steps[2])));
        square.push_back(loadVector(b, loc, input, at, input.steps[3], width));
      }
    square = onBothSides(winogradInput(step), square, width);
    Value to = add(times(k, b.getIndexAttr(channels)), c);
    for (auto [i, value] : llvm::enumerate(square))
      storeVector(b, loc, transformed, value, add(to, constant(i * winogradPlane(strip, channels))),
                  b.getIndexAttr(1), width);
  }

  void multiply(int64_t count) {
    int64_t planes = edge * edge;
    auto scratch = [&](const LinearOperand &operand, int64_t size) -> Value {
      SmallVector<OpFoldResult> sizes = {b.getIndexAttr(planes), b.getIndexAttr(count),
                                         b.getIndexAttr(size)};
      SmallVector<OpFoldResult> strides = {b.getIndexAttr(winogradPlane(strip, size)),
                                           b.getIndexAttr(size), b.getIndexAttr(1)};
      return memref::ReinterpretCastOp::create(b, loc, operand.base, b.getIndexAttr(0), sizes,
                                               strides);
    };
    // Loops: plane, tile, filter, channel.
    SmallVector<AffineExpr> d;
    for (unsigned i = 0; i < 4; ++i)
      d.push_back(b.getAffineDimExpr(i));
    auto map = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(4, 0, exprs, b.getContext());
    };
    auto contract = kernel::ContractOp::create(
        b, loc, TypeRange(), scratch(transformed, channels), op.getFilter(), ValueRange(),
        ValueRange(scratch(products, filters)),
        ArrayRef{map({d[0], d[1], d[3]}), map({d[0], d[3], d[2]}), map({d[0], d[1], d[2]})},
        ArrayRef<int64_t>{planes, count, filters, channels}, 2, op.getTile());
    contract.setRowDim(1);
    contract.setPacked(true);
    Block *body = b.createBlock(&contract.getEpilogue(), {}, b.getF32Type(), loc);
    kernel::YieldOp::create(b, loc, body->getArgument(0));
    b.setInsertionPointAfter(contract);
    Operation *next = contract->getNextNode();
    lowerContraction(b, contract);
    b.setInsertionPoint(next);
  }

  void transformOutput(const Tile &tile, Value k, Value f, int64_t width) {
    Value from = add(times(k, b.getIndexAttr(filters)), f);
    SmallVector<Value> square;
    for (int64_t i = 0; i < edge * edge; ++i)
      square.push_back(loadVector(b, loc, products,
                                  add(from, constant(i * winogradPlane(strip, filters))),
                                  b.getIndexAttr(1), width));
    square = onBothSides(winogradOutput(step), square, width);
    for (int64_t i = 0; i < step; ++i)
      for (int64_t j = 0; j < step; ++j) {
        Value y = add(tile.y, constant(i)), x = add(tile.x, constant(j));
        SmallVector<Value> arguments{square[i * step + j]};
        auto at = [&](const LinearOperand &operand) {
          Value place = constant(operand.start);
          Value indices[] = {tile.n, y, x, f};
          for (auto [index, distance] : llvm::zip(indices, operand.steps))
            if (getConstantIntValue(distance) != 0)
              place = add(place, times(index, distance));
          return place;
        };
        for (const LinearOperand &extra : ArrayRef(finishing).drop_back())
          arguments.push_back(loadVector(b, loc, extra, at(extra), extra.steps[3], width));
        Value made = inlineOnVectors(b, loc, op.getEpilogue().front(), arguments, width)[0];
        const LinearOperand &out = finishing.back();
        storeVector(b, loc, out, made, at(out), out.steps[3], width);
      }
  }

  kernel::WinogradOp op;
  int64_t step, edge, strip, channels, filters;
  LinearOperand input, transformed, products;
  SmallVector<LinearOperand> finishing; ///< the extras, then the result
  Value image;                          ///< null: tiles of all images are one sequence
};

class FilterLowering : Transforming {
public:
  FilterLowering(RewriterBase &b, kernel::WinogradFilterOp op, int64_t lanes)
      : Transforming(b, op.getLoc(), lanes), op(op), step(op.getStep()), channels(op.getSizes()[0]),
        filters(op.getSizes()[1]), filter(linearOperand(b, loc, op.getFilter(), op.getMap())),
        packed(linearOperand(b, loc, op.getInit(), b.getMultiDimIdentityMap(1))) {}

  /// Each block of columns of the packed matrices is a matrix of that many columns.
  void run() {
    forEachColumnRun(filters, op.getWidth(), [&](int64_t from, int64_t to, int64_t block) {
      forEach(constant(from), constant(to), block, [&](Value first) {
        forEach(constant(0), constant(channels), 1, [&](Value c) {
          inVectors(block, [&](Value f, int64_t width) { transform(c, first, f, block, width); });
        });
      });
    });
  }

private:
  void transform(Value c, Value first, Value f, int64_t block, int64_t width) {
    Value from = add(add(times(c, filter.steps[2]), times(add(first, f), filter.steps[3])),
                     constant(filter.start));
    SmallVector<Value> square;
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < 3; ++j) {
        Value at = add(
            from, add(times(constant(i), filter.steps[0]), times(constant(j), filter.steps[1])));
        square.push_back(loadVector(b, loc, filter, at, filter.steps[3], width));
      }
    square = onBothSides(winogradFilter(step), square, width);
    Value to = add(add(times(first, b.getIndexAttr(channels)), times(c, b.getIndexAttr(block))), f);
    for (auto [i, value] : llvm::enumerate(square))
      storeVector(b, loc, packed, value, add(to, constant(i * channels * filters)),
                  b.getIndexAttr(1), width);
  }

  kernel::WinogradFilterOp op;
  int64_t step, channels, filters;
  LinearOperand filter, packed;
};

} // namespace

void fnc::lowerWinogradFilter(RewriterBase &rewriter, kernel::WinogradFilterOp op, int64_t lanes) {
  rewriter.setInsertionPoint(op);
  FilterLowering(rewriter, op, lanes).run();
  rewriter.eraseOp(op);
}

void fnc::lowerWinograd(RewriterBase &rewriter, kernel::WinogradOp op, int64_t lanes) {
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op, lanes).run();
  rewriter.eraseOp(op);
}
