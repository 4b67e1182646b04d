//===- Body.cpp - regions of control ops under construction ---------------===//

#include "compiler/import/onnx/Ops.h"

using namespace mlir;
using namespace fnc::onnx_import;

Body::Body(Ops &o, bool isLoop)
    : o(o), block(&region.emplaceBlock()), before(o.b.saveInsertionPoint()) {
  if (o.levels.empty())
    o.levels.push_back({before.getBlock(), false});
  o.levels.push_back({block, isLoop});
  o.b.setInsertionPointToEnd(block);
}

Body::~Body() { close(); }

void Body::close() {
  if (!isOpen)
    return;
  isOpen = false;
  o.b.restoreInsertionPoint(before);
  o.levels.pop_back();
  if (o.levels.size() == 1)
    o.levels.clear();
}

Value Body::argument(Type type) { return block->addArgument(type, o.loc); }

void Body::yield(ValueRange values) { fn::YieldOp::create(o.b, o.loc, values); }
