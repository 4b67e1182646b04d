// Reduction ops.
#ifndef FN_REDUCTION_OPS
#define FN_REDUCTION_OPS

include "dialect/FnOpBase.td"

#endif // FN_REDUCTION_OPS
