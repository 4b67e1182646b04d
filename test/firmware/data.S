/* The digits, as they lie in flash. */
  .section .rodata
  .global train_images, train_images_end, test_images, test_images_end, initial_weights
  .balign 4
initial_weights:
  .incbin "initial.bin"
train_images:
  .incbin "train.bin"
train_images_end:
test_images:
  .incbin "test.bin"
test_images_end:
#if defined(__linux__) && defined(__ELF__)
  .section .note.GNU-stack, "", %progbits
#endif
