# flexos_python_tests(LABEL FILE) : one CTest test for each `test_...` method of a unittest file, so
# that each counts and runs on its own. Further arguments: test properties and their values.
function(flexos_python_tests label file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^(class |    def test_)")
  foreach(line IN LISTS lines)
    if(line MATCHES "^class ([A-Za-z]+)")
      set(class ${CMAKE_MATCH_1})
    elseif(line MATCHES "def (test_([a-z0-9_]+))")
      set(name ${label}.${class}.${CMAKE_MATCH_2})
      add_test(NAME ${name} COMMAND ${FLEXOS_PYTHON} -B ${file} ${class}.${CMAKE_MATCH_1})
      set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 120
        ENVIRONMENT "FLEXOS_BUILD_DIR=${CMAKE_BINARY_DIR}" ${ARGN})
    endif()
  endforeach()
endfunction()
