//===- RegisterTile.h - how much of a result registers hold -----*- C++ -*-===//
//
// The cost model of contractions. A block of the result stays in registers over the whole
// reduction; everything here follows from four facts:
//
//   - An accumulator is busy for about four cycles, and cores start up to two multiply-adds a
//     cycle: fewer than eight accumulators leave units idle.
//   - Each step loads `rows` + `width` elements for `rows` * `width` multiply-adds: two vectors by
//     as many rows as fit load least, and leave a quarter of the registers for operands.
//   - Where multiply-adds take half a register at a time, elements that all lanes share come
//   straight
//     from memory beside them, and one vector by more rows takes the fewest instructions.
//   - A result with one row loads each weight once whatever the block: many vectors in one row then
//     keep the units busy, and where the row is short, several partial sums.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_KERNEL_REGISTERTILE_H
#define FNC_KERNEL_REGISTERTILE_H

#include <algorithm>
#include <cstdint>

namespace fnc {

struct Registers {
  unsigned bits = 128; ///< of one
  unsigned count = 16; ///< 0: keep nothing in registers
  /// A multiply-add takes one half after the other: more operands come from memory meanwhile.
  bool halves = false;
};

/// A block of a result: `rows` times `width` elements, each the sum of `parts` partial sums.
struct RegisterTile {
  int64_t rows = 1, width = 1, parts = 1;
};

/// Elements of a vector register.
int64_t lanes(Registers registers, unsigned elementBits);

/// The tile for results of `rows` times `columns` elements with sums of `terms` products; negative
/// numbers are unknown sizes. `restBeside`: see `hasRestBeside`. `splatRows`: most rows of one
/// vector each that are multiplied by elements straight from memory; 0: rows of several vectors
/// share what was loaded.
RegisterTile chooseTile(Registers registers, unsigned elementBits, int64_t rows, int64_t columns,
                        int64_t terms, bool restBeside = false, int64_t splatRows = 0);

/// Blocks of columns: as many of `width` as fit, then ever narrower ones; the rest are halves of
/// halves, so that a whole number of registers is used first.
template <typename Body> void forEachColumnBlock(int64_t columns, int64_t width, Body body) {
  for (int64_t first = 0; first < columns; first += width) {
    while (width > columns - first)
      width = std::max<int64_t>(width / 2, 1);
    body(first, width);
  }
}

/// The same, neighbours of one width as one run: calls `body(first, end, width)`.
template <typename Body> void forEachColumnRun(int64_t columns, int64_t width, Body body) {
  int64_t first = 0, end = 0, last = 0;
  forEachColumnBlock(columns, width, [&](int64_t start, int64_t block) {
    if (block != last) {
      if (end > first)
        body(first, end, last);
      first = start;
      last = block;
    }
    end = start + block;
  });
  if (end > first)
    body(first, end, last);
}

/// Whether a row is one block and what is left over: the tile then has all of it, in a few vectors.
inline bool hasRestBeside(int64_t columns, int64_t width) {
  int64_t blocks = 0;
  if (columns > width && columns < 2 * width)
    forEachColumnBlock(columns, width, [&](int64_t, int64_t) { ++blocks; });
  return blocks == 2 || blocks == 3;
}

/// The tile of dot products: `rows` times `width` sums, each a vector of partial sums along the
/// terms.
RegisterTile chooseDotTile(Registers registers, unsigned elementBits, int64_t rows,
                           int64_t columns);

} // namespace fnc

#endif // FNC_KERNEL_REGISTERTILE_H
