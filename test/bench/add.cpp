// Calls that add two scalars, for a count of their instructions.
#include "add.h"

int main() {
  static tiny::add add;
  float sum = 0;
  for (int i = 0; i < 1000; ++i)
    sum += add.call(1.0f, sum).c();
  return sum > 0 ? 0 : 1;
}
