# fnc_library(NAME SOURCES... [DEPENDS targets] [LINK libs] [HEADERS mlir|fn]): one static library of
# the compiler. Exceptions are off as in MLIR itself; RTTI follows the packages. HEADERS names the set
# of precompiled headers: parsing MLIR's takes longer than compiling a source file of ours.
function(fnc_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  fnc_target_options(${name})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(ARG_HEADERS AND FNC_PRECOMPILE_HEADERS)
    target_precompile_headers(${name} REUSE_FROM fnc-headers-${ARG_HEADERS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK} fnc-llvm)
endfunction()

# fnc_headers(NAME HEADERS... [DEPENDS targets]): a set of precompiled headers for `fnc_library`.
function(fnc_headers name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers-${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "" @ONLY)
  add_library(fnc-headers-${name} STATIC ${source})
  fnc_target_options(fnc-headers-${name})
  target_compile_options(fnc-headers-${name} PRIVATE ${FNC_PRECOMPILE_OPTIONS})
  target_precompile_headers(fnc-headers-${name} PRIVATE ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(fnc-headers-${name} ${ARG_DEPENDS})
  endif()
endfunction()

option(FNC_PRECOMPILE_HEADERS "precompile MLIR's headers" ON)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Templates once, not in every source file; no time stamp, for ccache.
  set(FNC_PRECOMPILE_OPTIONS -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
endif()

function(fnc_target_options name)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-exceptions -Wall -Wextra -Wno-unused-parameter
    -Wno-missing-field-initializers -Wno-deprecated-declarations)
  if(NOT LLVM_ENABLE_RTTI)
    target_compile_options(${name} PRIVATE -fno-rtti)
  endif()
endfunction()

# fnc_program(NAME SOURCES... [LINK libs]): a tool of the compiler.
function(fnc_program name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_options(${name} PRIVATE -fno-exceptions -Wall -Wextra -Wno-unused-parameter
    -Wno-missing-field-initializers -Wno-deprecated-declarations)
  if(NOT LLVM_ENABLE_RTTI)
    target_compile_options(${name} PRIVATE -fno-rtti)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
endfunction()
