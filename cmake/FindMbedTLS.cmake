# mbedTLS 2.28 or 3.6 as MbedTLS::mbedtls, MbedTLS::mbedx509 and MbedTLS::mbedcrypto (the names of its own
# configuration file, which 2.28 does not have). MbedTLS_VERSION.
find_path(MbedTLS_INCLUDE_DIR mbedtls/ssl.h)
foreach(library mbedtls mbedx509 mbedcrypto)
    find_library(MbedTLS_${library}_LIBRARY NAMES ${library})
    mark_as_advanced(MbedTLS_${library}_LIBRARY)
endforeach()
mark_as_advanced(MbedTLS_INCLUDE_DIR)

# The version is in version.h up to 2.28 and in build_info.h from 3.0.
foreach(header version.h build_info.h)
    if(NOT MbedTLS_VERSION AND EXISTS "${MbedTLS_INCLUDE_DIR}/mbedtls/${header}")
        file(STRINGS "${MbedTLS_INCLUDE_DIR}/mbedtls/${header}" line
            REGEX "define MBEDTLS_VERSION_STRING +\"")
        if(line MATCHES "\"([0-9.]+)\"")
            set(MbedTLS_VERSION "${CMAKE_MATCH_1}")
        endif()
    endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MbedTLS
    REQUIRED_VARS MbedTLS_mbedtls_LIBRARY MbedTLS_mbedx509_LIBRARY MbedTLS_mbedcrypto_LIBRARY
        MbedTLS_INCLUDE_DIR
    VERSION_VAR MbedTLS_VERSION)

if(MbedTLS_FOUND)
    foreach(library mbedcrypto mbedx509 mbedtls)
        if(NOT TARGET MbedTLS::${library})
            add_library(MbedTLS::${library} UNKNOWN IMPORTED)
            set_target_properties(MbedTLS::${library} PROPERTIES
                IMPORTED_LOCATION "${MbedTLS_${library}_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${MbedTLS_INCLUDE_DIR}")
        endif()
    endforeach()
    set_property(TARGET MbedTLS::mbedx509 PROPERTY INTERFACE_LINK_LIBRARIES MbedTLS::mbedcrypto)
    set_property(TARGET MbedTLS::mbedtls PROPERTY INTERFACE_LINK_LIBRARIES MbedTLS::mbedx509)
endif()
