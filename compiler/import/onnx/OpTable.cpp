//===- OpTable.cpp - every ONNX op that is known --------------------------===//

#include "compiler/import/onnx/Families.h"

const fnc::onnx_import::OpTable &fnc::onnx_import::opTable() {
  static const OpTable table = [] {
    OpTable result;
    addElementwiseOps(result);
    addActivationOps(result);
    addReductionOps(result);
    addShapeOps(result);
    addIndexOps(result);
    addMatmulOps(result);
    addConvOps(result);
    addPoolOps(result);
    addNormOps(result);
    addAttentionOps(result);
    addResizeOps(result);
    addLossOps(result);
    addRecurrentOps(result);
    addQuantOps(result);
    addControlOps(result);
    addScanOps(result);
    addSequenceOps(result);
    addSignalOps(result);
    addRandomOps(result);
    addTrainingOps(result);
    addSampleOps(result);
    addTreeOps(result);
    addClassicOps(result);
    addSvmOps(result);
    addDetectOps(result);
    addMicrosoftOps(result);
    addMicrosoftAttentionOps(result);
    return result;
  }();
  return table;
}
