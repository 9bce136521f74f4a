#pragma once

/// nginx takes the side of Linux: musl has its headers, and libc its epoll.
#define NGX_LINUX 1
#define NGX_HAVE_UNISTD_H 1
#define NGX_HAVE_INTTYPES_H 1
#define NGX_HAVE_LIMITS_H 1
#define NGX_HAVE_SYS_PARAM_H 1
