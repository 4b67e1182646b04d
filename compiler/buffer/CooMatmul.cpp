//===- CooMatmul.cpp - sparse times dense as loops ------------------------===//
//
// One pass tells whether entries come in the order of their rows; if not, a counting sort of three
// passes brings them into it. Then every row of the result stays in registers over its entries.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/CooMatmul.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace {

/// Registers that hold a piece of a row.
constexpr int64_t kMostAccumulators = 8;

/// How far ahead of its use a row of the dense factor is asked for, in entries; and at most how
/// many pieces of it.
constexpr int64_t kAhead = 16, kMostPrefetched = 8, kLineBytes = 64;

class Lowering {
public:
  Lowering(RewriterBase &b, fnc::kernel::CooMatmulOp op, fnc::Registers registers)
      : b(b), op(op), loc(op.getLoc()), element(getElementTypeOrSelf(op.getRhs().getType())),
        length(cast<MemRefType>(op.getInit().getType()).getDimSize(1)),
        lanes(registers.count ? fnc::lanes(registers, element.getIntOrFloatBitWidth()) : 1),
        count(dim(op.getIndices(), 0)), rows(dim(op.getInit(), 0)) {}

  void run() {
    auto branch = scf::IfOp::create(b, loc, isUnordered(), /*withElseRegion=*/true);
    b.setInsertionPointToStart(&branch.getThenRegion().front());
    sort();
    multiply(
        {}, [&](Value row, Value) { return std::pair(start(row), start(plus(row, 1))); },
        [&](Value entry) { return toIndex(load(op.getPlaces(), entry)); },
        [&](Value entry) { return load(op.getSorted(), entry); });
    b.setInsertionPointToStart(&branch.getElseRegion().front());
    multiply(
        constant(0), [&](Value row, Value begin) { return std::pair(begin, end(row, begin)); },
        [&](Value entry) { return index(entry, 1); },
        [&](Value entry) { return load(op.getValues(), entry); });
  }

private:
  using Pieces = SmallVector<Value>;

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value plus(Value x, int64_t y) { return arith::AddIOp::create(b, loc, x, constant(y)); }
  Value dim(Value memref, int64_t i) { return b.createOrFold<memref::DimOp>(loc, memref, i); }
  Value load(Value memref, ValueRange at) { return memref::LoadOp::create(b, loc, memref, at); }
  Value toIndex(Value x) { return arith::IndexCastOp::create(b, loc, b.getIndexType(), x); }
  Value fromIndex(Value x, Value memref) {
    return arith::IndexCastOp::create(b, loc, getElementTypeOrSelf(memref.getType()), x);
  }
  /// The row (0) or the place in it (1) of an entry.
  Value index(Value entry, unsigned which) {
    return toIndex(load(op.getIndices(), {entry, constant(op.getColumns()[which])}));
  }
  Value start(Value at) { return toIndex(load(op.getStarts(), at)); }
  void setStart(Value at, Value value) {
    memref::StoreOp::create(b, loc, fromIndex(value, op.getStarts()), op.getStarts(), at);
  }

  /// A loop with carried values; `body` gets the index and these and yields new ones.
  ValueRange forEach(Value from, Value to, int64_t step, ValueRange carried,
                     llvm::function_ref<Pieces(Value, ValueRange)> body) {
    auto loop = scf::ForOp::create(b, loc, from, to, constant(step), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Pieces yielded = body(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!carried.empty())
      scf::YieldOp::create(b, loc, yielded);
    return loop.getResults();
  }

  Value isUnordered() {
    Value any = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
    return forEach(constant(0), plus(count, -1), 1, any, [&](Value k, ValueRange in) -> Pieces {
      Value falls = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, index(k, 0),
                                          index(plus(k, 1), 0));
      return {arith::OrIOp::create(b, loc, in[0], falls)};
    })[0];
  }

  /// Sets start[r] to where row r begins; the count of row r grows at start[r + 2], its sum with
  /// those before at start[r + 1] until all its entries are there.
  void sort() {
    Value all = plus(rows, 2);
    forEach(constant(0), all, 1, {}, [&](Value r, ValueRange) -> Pieces {
      setStart(r, constant(0));
      return {};
    });
    forEach(constant(0), count, 1, {}, [&](Value k, ValueRange) -> Pieces {
      Value at = plus(index(k, 0), 2);
      setStart(at, plus(start(at), 1));
      return {};
    });
    forEach(constant(0), all, 1, constant(0), [&](Value r, ValueRange in) -> Pieces {
      Value sum = arith::AddIOp::create(b, loc, in[0], start(r));
      setStart(r, sum);
      return {sum};
    });
    forEach(constant(0), count, 1, {}, [&](Value k, ValueRange) -> Pieces {
      Value at = plus(index(k, 0), 1), to = start(at);
      setStart(at, plus(to, 1));
      memref::StoreOp::create(b, loc, fromIndex(index(k, 1), op.getPlaces()), op.getPlaces(), to);
      memref::StoreOp::create(b, loc, load(op.getValues(), k), op.getSorted(), to);
      return {};
    });
  }

  /// The first entry from `begin` on that belongs to a later row.
  Value end(Value row, Value begin) {
    auto loop = scf::WhileOp::create(
        b, loc, TypeRange{b.getIndexType()}, begin,
        [&](OpBuilder &, Location, ValueRange in) {
          Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, in[0], count);
          auto isHere = scf::IfOp::create(
              b, loc, more,
              [&](OpBuilder &, Location) {
                Value same =
                    arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, index(in[0], 0), row);
                scf::YieldOp::create(b, loc, same);
              },
              [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, more); });
          scf::ConditionOp::create(b, loc, isHere.getResult(0), in);
        },
        [&](OpBuilder &, Location, ValueRange in) {
          scf::YieldOp::create(b, loc, plus(in[0], 1));
        });
    return loop.getResult(0);
  }

  /// Rows of the result, one after another. `entriesOf` gives a row's entries, from where those of
  /// the row before ended if `begin` is set.
  void multiply(Value begin, llvm::function_ref<std::pair<Value, Value>(Value, Value)> entriesOf,
                llvm::function_ref<Value(Value)> placeOf,
                llvm::function_ref<Value(Value)> valueOf) {
    ValueRange carried = begin ? ValueRange(begin) : ValueRange();
    forEach(constant(0), rows, 1, carried, [&](Value row, ValueRange in) -> Pieces {
      auto [from, to] = entriesOf(row, begin ? in[0] : Value());
      auto piece = [&](Value first, int64_t width) {
        sumPiece(row, from, to, first, width, placeOf, valueOf);
      };
      auto pieces = [&](Value first, Value end, int64_t width) {
        forEach(first, end, width, {}, [&](Value at, ValueRange) -> Pieces {
          piece(at, width);
          return {};
        });
      };
      if (ShapedType::isDynamic(length)) {
        Value whole = arith::MulIOp::create(
            b, loc, arith::DivUIOp::create(b, loc, dim(op.getInit(), 1), constant(lanes)),
            constant(lanes));
        pieces(constant(0), whole, lanes);
        if (lanes > 1)
          pieces(whole, dim(op.getInit(), 1), 1);
      } else {
        int64_t width = lanes * kMostAccumulators, done = length / width * width;
        if (done > 0)
          pieces(constant(0), constant(done), width);
        for (; done < length; width /= 2)
          for (; done + width <= length; done += width)
            piece(constant(done), width);
      }
      return begin ? Pieces{to} : Pieces();
    });
  }

  /// `width` elements of a row, in vectors of at most a register.
  void sumPiece(Value row, Value from, Value to, Value first, int64_t width,
                llvm::function_ref<Value(Value)> placeOf,
                llvm::function_ref<Value(Value)> valueOf) {
    int64_t each = std::min(width, lanes), vectors = width / each;
    Type type = each == 1 ? element : VectorType::get({each}, element);
    auto at = [&](int64_t v) { return v ? plus(first, v * each) : first; };
    Pieces zeros(vectors, arith::ConstantOp::create(b, loc, b.getZeroAttr(type)));
    Value last = plus(count, -1);
    ValueRange sums = forEach(from, to, 1, zeros, [&](Value entry, ValueRange in) -> Pieces {
      Value ahead = arith::MinUIOp::create(b, loc, plus(entry, kAhead), last);
      prefetch(placeOf(ahead), first, width);
      Value place = placeOf(entry), value = valueOf(entry);
      if (each > 1)
        value = vector::BroadcastOp::create(b, loc, type, value);
      Pieces out;
      for (int64_t v = 0; v < vectors; ++v) {
        Value term = each == 1 ? load(op.getRhs(), {place, at(v)})
                               : vector::LoadOp::create(b, loc, cast<VectorType>(type), op.getRhs(),
                                                        ValueRange{place, at(v)});
        out.push_back(
            isa<FloatType>(element)
                ? arith::AddFOp::create(b, loc, in[v], arith::MulFOp::create(b, loc, value, term))
                      .getResult()
                : arith::AddIOp::create(b, loc, in[v], arith::MulIOp::create(b, loc, value, term))
                      .getResult());
      }
      return out;
    });
    for (int64_t v = 0; v < vectors; ++v)
      if (each == 1)
        memref::StoreOp::create(b, loc, sums[v], op.getInit(), ValueRange{row, at(v)});
      else
        vector::StoreOp::create(b, loc, sums[v], op.getInit(), ValueRange{row, at(v)});
  }

  /// Which rows come is known long before the machine sees a pattern in it.
  void prefetch(Value place, Value first, int64_t width) {
    int64_t line = std::max<int64_t>(kLineBytes * 8 / element.getIntOrFloatBitWidth(), 1);
    for (int64_t at = 0, lines = 0; at < width && lines < kMostPrefetched; at += line, ++lines)
      memref::PrefetchOp::create(b, loc, op.getRhs(),
                                 ValueRange{place, at ? plus(first, at) : first},
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  }

  RewriterBase &b;
  fnc::kernel::CooMatmulOp op;
  Location loc;
  Type element;
  int64_t length, lanes;
  Value count, rows;
};

} // namespace

void fnc::lowerCooMatmul(RewriterBase &rewriter, kernel::CooMatmulOp op, Registers registers) {
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op, registers).run();
  rewriter.eraseOp(op);
}
