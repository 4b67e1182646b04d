# find_package(fnc): the target fnc::runtime and fnc_add_library(). Neither loads the compiler's own
# libraries, so a cross build can use them.
include(${CMAKE_CURRENT_LIST_DIR}/fncTargets.cmake)
find_program(FNC_EXECUTABLE fnc HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin NO_CMAKE_FIND_ROOT_PATH)
include(${CMAKE_CURRENT_LIST_DIR}/FncAddLibrary.cmake)
