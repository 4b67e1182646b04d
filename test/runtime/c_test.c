/* The C functions alone: C11, no runtime headers but abi.h. */

#include "add.h"
#include "calls.h"

static _Alignas(64) unsigned char state[64], workspace[4096];

int main(void) {
  float a = 1, b = 2, c = 0;
  tiny_add_args add = {.a = &a, .b = &b, .out_c = &c};
#ifdef TINY_ADD_WORKSPACE
  add.workspace = workspace, add.workspace_bytes = sizeof workspace;
#endif
  if (tiny_add(&add).code == FN_UNSUPPORTED_CPU)
    return 10;
  if (tiny_add(&add).code != FN_OK || c != 3)
    return 1;
  add.out_c = &a;
  if (tiny_add(&add).code != FN_OVERLAP || a != 1)
    return 2;

  mlp_init(state);
  const float x[4] = {0};
  float probs[3];
  mlp_predict_args predict = {.state = state, .x = x, .x_dims = {1, 4}, .out_probs = probs,
                              .workspace = workspace, .workspace_bytes = sizeof workspace};
  if (mlp_predict(&predict).code != FN_OK || probs[0] < 0.33f || probs[2] > 0.34f)
    return 3;
  predict.x_dims[1] = 5;
  fn_status status = mlp_predict(&predict);
  if (status.code != FN_SHAPE_MISMATCH || status.tensor != 0 || status.dimension != 1 ||
      status.expected != 4 || status.got != 5)
    return 4;
  return 0;
}
