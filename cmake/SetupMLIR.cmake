# Finds MLIR and LLVM, and makes `fnc-llvm`: what of them the compiler links.
# Debian installs each LLVM release under a prefix of its own, which CMake does not search.
list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR 22.1 REQUIRED CONFIG)
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# TableGen takes its search path from the directory's include path.
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})

# All that have ELF objects, an instruction set of a processor, and pointers of 32 bits or more.
set(FNC_TARGETS AArch64 ARM LoongArch Mips PowerPC RISCV Sparc SystemZ X86
  CACHE STRING "LLVM's targets that fnc compiles for")

# The archives, not the shared libraries: loading those takes 40 ms for each process, most of it for
# symbols and relocations of code that is never called. Never both, which would register every
# dialect twice: that is why the archives' own dependencies, which name libLLVM.so, are not followed
# by CMake.
set(todo
  MLIRArithTransforms MLIRBufferizationTransforms MLIRFuncAllExtensions MLIRLinalgTransforms MLIRLLVMIRTransforms
  MLIRMemRefTransforms MLIRSCFTransforms MLIRTensorTransforms MLIRTensorInferTypeOpInterfaceImpl
  MLIRVectorTransforms
  MLIRAffineToStandard MLIRArithToLLVM MLIRControlFlowToLLVM MLIRFuncToLLVM MLIRIndexToLLVM MLIRMathToLLVM
  MLIRMemRefToLLVM MLIRReconcileUnrealizedCasts MLIRSCFToControlFlow MLIRTosaToArith MLIRTosaToLinalg
  MLIRTosaToTensor MLIRVectorToLLVMPass
  MLIRBuiltinToLLVMIRTranslation MLIRLLVMToLLVMIRTranslation MLIRTargetLLVMIRExport
  MLIROptLib MLIRLspServerLib MLIRParser MLIRPass MLIRTransforms
  LLVMPasses LLVMFrontendOpenMP LLVMSupportLSP)
foreach(target ${FNC_TARGETS})
  list(APPEND todo LLVM${target}AsmParser LLVM${target}CodeGen)
endforeach()
set(archives)
while(todo)
  list(POP_FRONT todo library)
  if(library STREQUAL LLVM OR NOT library MATCHES "^(MLIR|LLVM)" OR library IN_LIST archives)
    continue()
  endif()
  get_target_property(type ${library} TYPE)
  if(type STREQUAL STATIC_LIBRARY)
    list(APPEND archives ${library})
  endif()
  get_target_property(dependencies ${library} INTERFACE_LINK_LIBRARIES)
  if(dependencies)
    list(APPEND todo ${dependencies})
  endif()
endwhile()
list(TRANSFORM archives REPLACE "(.+)" "$<TARGET_FILE:\\1>")
list(JOIN archives "," archives)
find_library(ZLIB_ARCHIVE libz.a REQUIRED)
find_library(ZSTD_ARCHIVE libzstd.a REQUIRED)
add_library(fnc-llvm INTERFACE)
target_link_libraries(fnc-llvm INTERFACE "$<LINK_GROUP:RESCAN,${archives}>" ${ZLIB_ARCHIVE} ${ZSTD_ARCHIVE} ${CMAKE_DL_LIBS})
# It takes a tenth of the time.
include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=lld FNC_HAS_LLD)
target_link_options(fnc-llvm INTERFACE $<$<BOOL:${FNC_HAS_LLD}>:-fuse-ld=lld>)
# Only what is reached, and its relocations as one list of addresses.
target_link_options(fnc-llvm INTERFACE LINKER:--gc-sections,--as-needed,-z,pack-relative-relocs,--strip-debug)
