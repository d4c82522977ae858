# uvdisco_flags(target): how everything of this project is compiled.
function(uvdisco_flags target)
    set_target_properties(${target} PROPERTIES
        # With extensions, since <uv.h> needs more than the bare standard from the system headers.
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS ON
        C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
        target_compile_options(${target} PRIVATE
            -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
            -Wmissing-prototypes -Wundef -Wwrite-strings -Wvla)
        if(UVDISCO_WERROR)
            target_compile_options(${target} PRIVATE -Werror)
        endif()
    endif()
    uvdisco_instrument(${target})
endfunction()

# uvdisco_instrument(target): the sanitizers or gcov, where they are asked for.
function(uvdisco_instrument target)
    if(UVDISCO_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    endif()
    if(UVDISCO_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    if(UVDISCO_COVERAGE)
        target_compile_options(${target} PRIVATE --coverage)
        target_link_options(${target} PRIVATE --coverage)
    endif()
endfunction()
