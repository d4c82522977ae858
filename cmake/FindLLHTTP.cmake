# llhttp as LLHTTP::LLHTTP; its header is <llhttp.h>.
#
# UVDISCO_LLHTTP says what is looked for: its C sources, "source" (Debian 12: node-llhttp), given in LLHTTP_SOURCES; or a
# "library" (libllhttp-dev), the static one if there is one, LLHTTP_LIBRARY; or both, in this order.
set(LLHTTP_SOURCES "")
if(NOT UVDISCO_LLHTTP STREQUAL "library")
    find_path(LLHTTP_SOURCE_DIR llhttp.c PATH_SUFFIXES share/llhttp)
    find_path(LLHTTP_SOURCE_INCLUDE_DIR llhttp.h PATH_SUFFIXES share/include/llhttp include/llhttp)
    mark_as_advanced(LLHTTP_SOURCE_DIR LLHTTP_SOURCE_INCLUDE_DIR)
endif()
if(NOT UVDISCO_LLHTTP STREQUAL "source")
    find_path(LLHTTP_INCLUDE_DIR llhttp.h)
    find_library(LLHTTP_LIBRARY NAMES libllhttp.a llhttp)
    mark_as_advanced(LLHTTP_INCLUDE_DIR LLHTTP_LIBRARY)
endif()

include(FindPackageHandleStandardArgs)
if(LLHTTP_SOURCE_DIR AND LLHTTP_SOURCE_INCLUDE_DIR)
    set(LLHTTP_HEADER_DIR "${LLHTTP_SOURCE_INCLUDE_DIR}")
    foreach(source api http llhttp)
        list(APPEND LLHTTP_SOURCES "${LLHTTP_SOURCE_DIR}/${source}.c")
    endforeach()
    find_package_handle_standard_args(LLHTTP
        REQUIRED_VARS LLHTTP_SOURCE_DIR LLHTTP_SOURCE_INCLUDE_DIR)
else()
    set(LLHTTP_HEADER_DIR "${LLHTTP_INCLUDE_DIR}")
    find_package_handle_standard_args(LLHTTP REQUIRED_VARS LLHTTP_LIBRARY LLHTTP_INCLUDE_DIR)
endif()

if(LLHTTP_FOUND AND NOT TARGET LLHTTP::LLHTTP)
    if(LLHTTP_SOURCES)
        add_library(LLHTTP::LLHTTP INTERFACE IMPORTED)
    else()
        add_library(LLHTTP::LLHTTP UNKNOWN IMPORTED)
        set_target_properties(LLHTTP::LLHTTP PROPERTIES IMPORTED_LOCATION "${LLHTTP_LIBRARY}")
    endif()
    # Up to version 8, strictness is chosen at compile time; later it is the default.
    target_include_directories(LLHTTP::LLHTTP INTERFACE "${LLHTTP_HEADER_DIR}")
    target_compile_definitions(LLHTTP::LLHTTP INTERFACE LLHTTP_STRICT_MODE=1)
endif()
