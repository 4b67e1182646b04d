//===- ShapeFolds.cpp - folds of ops that move data -----------------------===//

#include "dialect/Fn.h"

using namespace mlir;
using namespace fn;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
OpFoldResult ReshapeOp::fold(FoldAdaptor) { return {}; }
OpFoldResult BroadcastToOp::fold(FoldAdaptor) { return {}; }
OpFoldResult TransposeOp::fold(FoldAdaptor) { return {}; }
OpFoldResult ExpandOp::fold(FoldAdaptor) { return {}; }
OpFoldResult SqueezeOp::fold(FoldAdaptor) { return {}; }
OpFoldResult SliceOp::fold(FoldAdaptor) { return {}; }
OpFoldResult TileOp::fold(FoldAdaptor) { return {}; }
OpFoldResult ReverseOp::fold(FoldAdaptor) { return {}; }
OpFoldResult ConcatOp::fold(FoldAdaptor) { return {}; }
OpFoldResult PadOp::fold(FoldAdaptor) { return {}; }
OpFoldResult GatherOp::fold(FoldAdaptor) { return {}; }
OpFoldResult ShapeOfOp::fold(FoldAdaptor) { return {}; }
