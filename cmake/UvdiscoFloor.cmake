# uvdisco_floor(<name> [DEPENDS <floor>...] SOURCES <file>...)
#
# One floor of the library: an object library that sees its own headers and those of the floors it names, and no
# others. Each floor's headers are reached as "<floor>/<header>.h" through a directory that holds just a link to them.
# A floor without sources is legal and builds nothing.
set(uvdisco_floor_links "${PROJECT_BINARY_DIR}/floors")

function(uvdisco_floor name)
    cmake_parse_arguments(PARSE_ARGV 1 floor "" "" "DEPENDS;SOURCES;LINKS")
    set(link "${uvdisco_floor_links}/${name}/${name}")
    file(MAKE_DIRECTORY "${uvdisco_floor_links}/${name}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/lib/${name}" "${link}" SYMBOLIC COPY_ON_ERROR)

    add_library(uvdisco_${name}_headers INTERFACE)
    foreach(seen ${name} ${floor_DEPENDS})
        target_include_directories(uvdisco_${name}_headers INTERFACE "${uvdisco_floor_links}/${seen}")
    endforeach()
    target_include_directories(uvdisco_${name}_headers INTERFACE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(uvdisco_${name}_headers INTERFACE Libuv::Libuv ${floor_LINKS})
    set_property(GLOBAL APPEND PROPERTY UVDISCO_FLOORS ${name})
    set_property(GLOBAL PROPERTY UVDISCO_FLOOR_${name}_SEES ${name} ${floor_DEPENDS})

    if(floor_SOURCES)
        add_library(uvdisco_${name} OBJECT ${floor_SOURCES})
        target_link_libraries(uvdisco_${name} PRIVATE uvdisco_${name}_headers)
        target_compile_definitions(uvdisco_${name} PRIVATE UVDISCO_BUILDING)
        uvdisco_flags(uvdisco_${name})
        set_property(GLOBAL APPEND PROPERTY UVDISCO_OBJECTS "$<TARGET_OBJECTS:uvdisco_${name}>")
    endif()
endfunction()
