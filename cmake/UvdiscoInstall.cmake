# Install rules, the CMake package and uvdisco.pc; both find their files relative to where they lie.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/uvdisco")
set(UVDISCO_NEEDS_LLHTTP OFF)
if(NOT UVDISCO_LLHTTP_INSIDE)
    set(UVDISCO_NEEDS_LLHTTP ON)
endif()

foreach(kind static shared)
    if(TARGET uvdisco_${kind})
        install(TARGETS uvdisco_${kind} EXPORT uvdisco
            RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
            LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
            ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    endif()
endforeach()
install(FILES include/uvdisco.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/uvdisco DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(EXPORT uvdisco NAMESPACE uvdisco:: FILE uvdiscoTargets.cmake DESTINATION "${package_dir}")

configure_package_config_file(cmake/uvdiscoConfig.cmake.in
    "${PROJECT_BINARY_DIR}/uvdiscoConfig.cmake" INSTALL_DESTINATION "${package_dir}")
# While the major number is 0, each minor version may break the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/uvdiscoConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/uvdiscoConfig.cmake"
    "${PROJECT_BINARY_DIR}/uvdiscoConfigVersion.cmake"
    cmake/FindLibuv.cmake cmake/FindMbedTLS.cmake cmake/FindCJSON.cmake cmake/FindLLHTTP.cmake
    DESTINATION "${package_dir}")

if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(pc_prefix "\${pcfiledir}/${up}")
    set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
# mbedTLS 2.28 has no .pc files.
set(pc_libs_private "-lmbedtls -lmbedx509 -lmbedcrypto")
if(UVDISCO_NEEDS_LLHTTP)
    string(PREPEND pc_libs_private "-lllhttp ")
endif()
configure_file(cmake/uvdisco.pc.in "${PROJECT_BINARY_DIR}/uvdisco.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/uvdisco.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
