# uvdisco_llhttp: the headers of llhttp for the http floor; and where its sources are compiled in, their objects, with
# each function llhttp_x renamed to disco__llhttp_x by a header that all its users include first.
add_library(uvdisco_llhttp_headers INTERFACE)
target_link_libraries(uvdisco_llhttp_headers INTERFACE LLHTTP::LLHTTP)

if(LLHTTP_SOURCES)
    set(names_header "${PROJECT_BINARY_DIR}/llhttp_names.h")
    set(names "")
    foreach(file "${LLHTTP_HEADER_DIR}/llhttp.h" ${LLHTTP_SOURCES})
        file(STRINGS "${file}" lines REGEX "^[a-z][a-z0-9_ *]*[ *]llhttp_[a-z0-9_]+\\(")
        foreach(line IN LISTS lines)
            string(REGEX REPLACE ".*[ *](llhttp_[a-z0-9_]+)\\(.*" "\\1" name "${line}")
            list(APPEND names "${name}")
        endforeach()
    endforeach()
    list(SORT names)
    list(REMOVE_DUPLICATES names)
    set(content "")
    foreach(name IN LISTS names)
        string(APPEND content "#define ${name} disco__${name}\n")
    endforeach()
    file(CONFIGURE OUTPUT "${names_header}" CONTENT "${content}" @ONLY)
    target_compile_options(uvdisco_llhttp_headers INTERFACE
        "SHELL:-include \"${names_header}\"")

    add_library(uvdisco_llhttp OBJECT ${LLHTTP_SOURCES})
    target_link_libraries(uvdisco_llhttp PRIVATE uvdisco_llhttp_headers)
    set_target_properties(uvdisco_llhttp PROPERTIES
        C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    target_compile_options(uvdisco_llhttp PRIVATE -w)
    uvdisco_instrument(uvdisco_llhttp)
    set_property(GLOBAL APPEND PROPERTY UVDISCO_OBJECTS "$<TARGET_OBJECTS:uvdisco_llhttp>")
endif()
