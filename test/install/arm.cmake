# Cortex-M4 with picolibc, started under QEMU.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
# The C driver: there is no C++ library to link.
set(CMAKE_CXX_COMPILER arm-none-eabi-gcc)
# Those of the environment are for this machine's compiler, as sanitizers'.
unset(ENV{CXXFLAGS})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_CXX_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 --specs=picolibc.specs -fno-exceptions -fno-rtti -fno-threadsafe-statics")
set(CMAKE_EXE_LINKER_FLAGS_INIT "--oslib=semihost --crt0=hosted -Wl,--defsym=__flash=0,--defsym=__flash_size=0x400000,--defsym=__ram=0x20000000,--defsym=__ram_size=0x400000")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none
  -chardev stdio,id=out -semihosting-config enable=on,target=native,chardev=out -kernel)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(FNC_OPTIONS --target thumbv7em-none-eabihf --cpu cortex-m4 -Os)
