// Structure ops.
#ifndef FN_STRUCTURE_OPS
#define FN_STRUCTURE_OPS

include "dialect/FnOpBase.td"

#endif // FN_STRUCTURE_OPS
