# fnc_add_library(NAME GRAPH FILE [OPTIONS ...])
#
# Compiles a graph with fnc and makes the library NAME of its object; NAME's users find the
# generated header as "NAME.h". OPTIONS go to `fnc compile` (--cpu, -O, ...), after those of
# FNC_OPTIONS. A cross build runs the fnc of this machine; its toolchain file says the target:
#
#   set(FNC_OPTIONS --target thumbv7em-none-eabihf --cpu cortex-m4 -Os)
function(fnc_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "GRAPH" "OPTIONS")
  if(NOT ARG_GRAPH OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "fnc_add_library(NAME GRAPH FILE [OPTIONS ...]): ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(graph ${ARG_GRAPH} ABSOLUTE)
  set(options ${FNC_OPTIONS} ${ARG_OPTIONS})
  if(CMAKE_CROSSCOMPILING AND NOT options MATCHES "--target")
    message(FATAL_ERROR "fnc_add_library(${name}): a cross build needs --target in FNC_OPTIONS or OPTIONS")
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.fnc)
  file(MAKE_DIRECTORY ${folder})
  if(TARGET fnc)
    set(compiler $<TARGET_FILE:fnc>)
    set(depends fnc fnc-compiler)
  else()
    find_program(FNC_EXECUTABLE fnc REQUIRED NO_CMAKE_FIND_ROOT_PATH)
    set(compiler ${FNC_EXECUTABLE})
    set(depends ${FNC_EXECUTABLE})
  endif()
  add_custom_command(
    OUTPUT ${folder}/${name}.o ${folder}/${name}.h
    COMMAND ${compiler} compile ${graph} -o ${folder}/${name}.o ${options}
    DEPENDS ${graph} ${depends}
    COMMENT "fnc ${ARG_GRAPH}"
    VERBATIM)
  add_custom_target(${name}_fnc DEPENDS ${folder}/${name}.o ${folder}/${name}.h)
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_fnc)
  target_include_directories(${name} INTERFACE ${folder})
  target_link_libraries(${name} INTERFACE ${folder}/${name}.o fnc::runtime)
endfunction()
