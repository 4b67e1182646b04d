// RUN: fnc compile %s --emit=llvm-dialect -o - | FileCheck %s

// A loop is tested at its end, for equality where its counter meets the bound; and before it begins
// where its bounds are open, since it may have no round.
// CHECK-LABEL: llvm.func @closed(
// CHECK:         llvm.br ^[[BODY:.*]](%{{.*}} : i64)
// CHECK-NEXT:  ^[[BODY]](%[[I:.*]]: i64):
// CHECK:         %[[NEXT:.*]] = llvm.add %[[I]], %{{.*}} : i64
// CHECK-NEXT:    %[[MORE:.*]] = llvm.icmp "ne" %[[NEXT]], %{{.*}} : i64
// CHECK-NEXT:    llvm.cond_br %[[MORE]], ^[[BODY]](%[[NEXT]] : i64), ^{{.*}} {loop_annotation =
// CHECK-LABEL: llvm.func @open(
// CHECK:         %[[ANY:.*]] = llvm.icmp "slt" %{{.*}}, %[[FOURS:.*]] : i64
// CHECK-NEXT:    llvm.cond_br %[[ANY]], ^[[ENTER:.*]], ^[[AFTER:.*]]
// CHECK-NEXT:  ^[[ENTER]]:
// CHECK-NEXT:    llvm.br ^[[BODY:.*]](%{{.*}} : i64)
// CHECK-NEXT:  ^[[BODY]](%[[I:.*]]: i64):
// CHECK:         %[[NEXT:.*]] = llvm.add %[[I]], %{{.*}} : i64
// CHECK-NEXT:    llvm.icmp "slt" %[[NEXT]], %[[FOURS]] : i64
// CHECK-NEXT:    llvm.cond_br %{{.*}}, ^[[BODY]](%[[NEXT]] : i64), ^[[DONE:.*]] {loop_annotation =
// CHECK-NEXT:  ^[[DONE]]:
// CHECK-NEXT:    llvm.br ^[[AFTER]]
fn.graph @g {
  %x = fn.placeholder "x" : tensor<4096xf32>
  %open = fn.placeholder "open" : tensor<?xf32>
  %y = fn.neg %x : tensor<4096xf32>
  %z = fn.neg %open : tensor<?xf32>
  fn.function @closed inputs(%x : tensor<4096xf32>) outputs("y" = %y : tensor<4096xf32>)
  fn.function @open inputs(%open : tensor<?xf32>) outputs("z" = %z : tensor<?xf32>)
}
