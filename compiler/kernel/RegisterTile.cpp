//===- RegisterTile.cpp - how much of a result registers hold -------------===//

#include "compiler/kernel/RegisterTile.h"
#include <algorithm>

using namespace fnc;

namespace {

/// Accumulators that keep the multipliers busy.
constexpr int64_t kBusy = 8;

/// More rows than this repeat the loads of a row's operands often enough.
constexpr int64_t kMostRows = 8;

/// Fewer rows of one vector each do not keep the multipliers busy.
constexpr int64_t kFewestSplatRows = 4;

constexpr int64_t kUnknown = 1 << 20;

/// Equal tiles rather than full ones and a small rest.
int64_t even(int64_t total, int64_t atMost) {
  atMost = std::clamp<int64_t>(atMost, 1, total);
  int64_t tiles = (total + atMost - 1) / atMost;
  return (total + tiles - 1) / tiles;
}

} // namespace

int64_t fnc::lanes(Registers registers, unsigned elementBits) {
  return std::max<int64_t>(1, registers.bits / elementBits);
}

RegisterTile fnc::chooseTile(Registers registers, unsigned elementBits, int64_t rows,
                             int64_t columns, int64_t terms, bool restBeside, int64_t splatRows) {
  int64_t perVector = lanes(registers, elementBits);
  int64_t accumulators = std::max<int64_t>(1, registers.count - registers.count / 4);
  bool unknownRows = rows < 0;
  rows = unknownRows ? kUnknown : std::max<int64_t>(rows, 1);
  columns = columns < 0 ? kUnknown : std::max<int64_t>(columns, 1);
  // Scalars: four in a row stand for a vector.
  // Of rows whose number is not known, few may be left over.
  bool splats = splatRows > 0 && !unknownRows && rows >= kFewestSplatRows;
  int64_t mostRows = splats ? splatRows : kMostRows;
  int64_t most = splats ? 1 : perVector == 1 ? 4 : rows == 1 ? kBusy : rows == 2 ? 4 : 2;
  int64_t vectors = 1;
  while (vectors * 2 <= std::min(most, accumulators) && vectors * 2 * perVector <= columns)
    vectors *= 2;
  RegisterTile tile;
  tile.width = vectors * perVector;
  while (tile.width > columns)
    tile.width /= 2;
  tile.width = std::max<int64_t>(tile.width, 1);
  if (restBeside && hasRestBeside(columns, tile.width)) {
    vectors = 0;
    forEachColumnBlock(columns, tile.width, [&](int64_t, int64_t width) {
      vectors += (width + perVector - 1) / perVector;
    });
    // Beside a row of rhs and an element of lhs with its product.
    accumulators = std::clamp<int64_t>(registers.count - vectors - 2, 1, accumulators);
  }
  tile.rows = even(rows, std::min(mostRows, accumulators / vectors));
  if (unknownRows)
    tile.rows = std::min(mostRows, std::max<int64_t>(1, accumulators / vectors));
  while (perVector > 1 && tile.parts < 4 && tile.rows * vectors * tile.parts * 2 <= kBusy &&
         terms >= tile.parts * 4)
    tile.parts *= 2;
  return tile;
}

RegisterTile fnc::chooseDotTile(Registers registers, unsigned elementBits, int64_t rows,
                                int64_t columns) {
  int64_t side = registers.count >= 32 ? 4 : 2;
  RegisterTile tile;
  tile.parts = lanes(registers, elementBits);
  tile.rows = rows < 0 ? side : even(std::max<int64_t>(rows, 1), side);
  int64_t most = tile.rows == 1 ? kBusy / 2 : side;
  tile.width = columns < 0 ? most : even(std::max<int64_t>(columns, 1), most);
  return tile;
}
