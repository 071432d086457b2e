# How every target of ours is compiled, and short ways to declare one.

add_library(modyn_compile_options INTERFACE)
target_compile_options(modyn_compile_options INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(MODYN_WARNINGS_ARE_ERRORS)
  target_compile_options(modyn_compile_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 sees overlaps in std::string's operator+ that are not there (its bug 105651).
  target_compile_options(modyn_compile_options INTERFACE -Wno-restrict)
endif()
if(MODYN_SANITIZE)
  target_compile_options(modyn_compile_options INTERFACE -fsanitize=${MODYN_SANITIZE} -fno-sanitize-recover=all
                                                        -fno-omit-frame-pointer -g)
  target_link_options(modyn_compile_options INTERFACE -fsanitize=${MODYN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What a sanitizer inserts makes GCC see variables that are not set; a sanitized run would find them for sure.
    target_compile_options(modyn_compile_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# modyn_add_library(<component> SOURCES <file>... [LINKS <target>...])
# Headers are included as "modyn/x.hpp" (public) or "<component>/x.hpp" (internal).
function(modyn_add_library component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  set(target modyn_${component})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/cpp/include ${PROJECT_SOURCE_DIR}/cpp/src)
  target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE modyn_compile_options)
  if(MODYN_SANITIZE)
    target_link_options(${target} INTERFACE -fsanitize=${MODYN_SANITIZE})
  endif()
endfunction()

# modyn_add_test(<component> SOURCES <file>... LINKS <target>...): cpp/tests/<component> as one program, its tests under ctest.
function(modyn_add_test component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  set(target modyn_${component}_test)
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/tests)
  target_link_libraries(${target} PRIVATE ${arg_LINKS} modyn_compile_options GTest::gtest_main)
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
