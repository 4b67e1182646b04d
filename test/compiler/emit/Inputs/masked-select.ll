; The sign of %x with the magnitude of %y where %m is set, else %x.
define <16 x i32> @f(<16 x i32> %x, <16 x i32> %y, <16 x i1> %m) {
  %sign = and <16 x i32> %x, splat (i32 -2147483648)
  %magnitude = and <16 x i32> %y, splat (i32 2147483647)
  %both = or disjoint <16 x i32> %sign, %magnitude
  %r = select <16 x i1> %m, <16 x i32> %both, <16 x i32> %x
  ret <16 x i32> %r
}
