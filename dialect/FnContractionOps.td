// Contraction ops.
#ifndef FN_CONTRACTION_OPS
#define FN_CONTRACTION_OPS

include "dialect/FnOpBase.td"

#endif // FN_CONTRACTION_OPS
