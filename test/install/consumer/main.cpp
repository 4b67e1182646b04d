#include "counter.h"

extern "C" {
#include <stdio.h>
}

static counter::State state;
static counter::add add{state};

int main() {
  const float x[3] = {1, 2, 3};
  add.call(x);
  auto r = add.call(x);
  if (!r)
    return puts(fn::message(r.status()).c_str()), 1;
  printf("%d %d %d\n", static_cast<int>(2 * r.next()[0]), static_cast<int>(2 * r.next()[1]),
         static_cast<int>(2 * r.next()[2]));
  return 0;
}
