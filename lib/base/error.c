#include <uvdisco/error.h>

#include <uv.h>

#define DISCO_ERROR_RANGE_(name, number, message)                                                  \
    _Static_assert((number) < -20000 && (number) > DISCO_ERROR_LAST_,                              \
                   "DISCO_" #name " lies in the range that libuv does not use");
DISCO_ERROR_MAP(DISCO_ERROR_RANGE_)

#define LIBUV_ERROR_RANGE_(name, message)                                                          \
    _Static_assert(UV_##name > -20000, "libuv keeps out of the library's range");
UV_ERRNO_MAP(LIBUV_ERROR_RANGE_)

const char *disco_version_string(void)
{
    return DISCO_VERSION_STRING;
}

const char *disco_strerror(int error)
{
    switch (error) {
    case 0:
        return "success";
#define DISCO_ERROR_TEXT_(name, number, message)                                                   \
    case DISCO_##name:                                                                             \
        return message;
        DISCO_ERROR_MAP(DISCO_ERROR_TEXT_)
#define LIBUV_ERROR_TEXT_(name, message)                                                           \
    case UV_##name:                                                                                \
        return message;
        UV_ERRNO_MAP(LIBUV_ERROR_TEXT_)
    default:
        return "unknown error";
    }
}

const char *disco_err_name(int error)
{
    switch (error) {
    case 0:
        return "OK";
#define DISCO_ERROR_NAME_(name, number, message)                                                   \
    case DISCO_##name:                                                                             \
        return "DISCO_" #name;
        DISCO_ERROR_MAP(DISCO_ERROR_NAME_)
#define LIBUV_ERROR_NAME_(name, message)                                                           \
    case UV_##name:                                                                                \
        return #name;
        UV_ERRNO_MAP(LIBUV_ERROR_NAME_)
    default:
        return "UNKNOWN";
    }
}
