/* Version of the library: semantic versioning; the shared library's SOVERSION is the major number
 * (while that is 0: major.minor). */
#ifndef UVDISCO_VERSION_H
#define UVDISCO_VERSION_H

#define DISCO_VERSION_MAJOR 0
#define DISCO_VERSION_MINOR 1
#define DISCO_VERSION_PATCH 0
#define DISCO_VERSION_STRING "0.1.0"

#if defined(_WIN32) && defined(UVDISCO_SHARED)
#ifdef UVDISCO_BUILDING
#define DISCO_EXTERN __declspec(dllexport)
#else
#define DISCO_EXTERN __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define DISCO_EXTERN __attribute__((visibility("default")))
#else
#define DISCO_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked, as in DISCO_VERSION_STRING; never NULL, static.
 * May be called at any time and from any thread. */
DISCO_EXTERN const char *disco_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
