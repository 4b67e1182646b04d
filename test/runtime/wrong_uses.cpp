// Each WRONG=n must not compile; WRONG=0 is all of them put right.

#include "calls.h"
#include <array>

void use(mlp::State &state, const mlp::State &fixed, fn::memory memory) {
  mlp::predict predict{fixed, memory};
  (void)state;
#if WRONG == 1 // another fixed dimension
  std::array<std::array<float, 5>, 3> x{};
#else
  std::array<std::array<float, 4>, 3> x{};
#endif
  predict.call(x);
#if WRONG == 2 // a flat size that no batch has
  std::array<float, 7> flat{};
#else
  std::array<float, 8> flat{};
#endif
  predict.call(flat);
#if WRONG == 3 // another element type
  double c[3][4] = {};
#else
  float c[3][4] = {};
#endif
  predict.call(c);
#if WRONG == 4 // too many dimensions
  float rank[3][2][2] = {};
#else
  float rank[3][4] = {};
#endif
  predict.call(rank);
#if WRONG == 5 // updates of a state that is const
  mlp::train train{fixed, memory};
#else
  mlp::train train{state, memory};
#endif
  train.call(x);
#if WRONG == 6 // a variable of a const state
  fixed.b()[0] = 1;
#else
  state.b()[0] = 1;
#endif
#if WRONG == 7 // a pointer without dimensions
  predict.call(flat.data());
#else
  predict.call({flat.data(), 2, 4});
#endif
#if WRONG == 8 // an output
  predict.call(x).probs()[0] = 1;
#else
  (void)predict.call(x).probs()[0];
#endif
}
