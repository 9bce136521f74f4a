#pragma once

/// What nginx's `configure` would find out about an image, asked for a static web server: IPv4, one
/// process, no TLS, no compression, no regular expressions. Left out on purpose: what a second
/// process, a disk or Linux' own ways between files and sockets are for (sendfile, direct and
/// asynchronous I/O, eventfd, sockets of the file system).
#define NGX_CONFIGURE \
  " --prefix=/ --conf-path=/nginx.conf --with-http_stub_status_module (FlexOS image)"
#define NGX_COMPILER "clang 19"

#define NGX_HAVE_GCC_ATOMIC 1
#define NGX_HAVE_C99_VARIADIC_MACROS 1
#define NGX_HAVE_GCC_VARIADIC_MACROS 1
#define NGX_HAVE_GCC_BSWAP64 1
#define NGX_HAVE_LITTLE_ENDIAN 1
#define NGX_HAVE_NONALIGNED 1
#define NGX_CPU_CACHE_LINE 64
#define NGX_PTR_SIZE 8
#define NGX_SIG_ATOMIC_T_SIZE 4
#define NGX_KQUEUE_UDATA_T (void*)

#define NGX_MAX_SIZE_T_VALUE 9223372036854775807LL
#define NGX_SIZE_T_LEN (sizeof("-9223372036854775808") - 1)
#define NGX_MAX_OFF_T_VALUE 9223372036854775807LL
#define NGX_OFF_T_LEN (sizeof("-9223372036854775808") - 1)
#define NGX_TIME_T_SIZE 8
#define NGX_TIME_T_LEN (sizeof("-9223372036854775808") - 1)
#define NGX_MAX_TIME_T_VALUE 9223372036854775807LL
#define NGX_SYS_NERR 134

#define NGX_HAVE_EPOLL 1
#define NGX_HAVE_CLEAR_EVENT 1
#define NGX_HAVE_POLL 1
#define NGX_HAVE_ACCEPT4 1
#define NGX_HAVE_FIONBIO 1
#define NGX_HAVE_GETADDRINFO 1
#define NGX_HAVE_PREAD 1
#define NGX_HAVE_PWRITE 1
#define NGX_HAVE_LOCALTIME_R 1
#define NGX_HAVE_GMTOFF 1
#define NGX_HAVE_CLOCK_MONOTONIC 1
#define NGX_HAVE_D_TYPE 1
#define NGX_HAVE_MAP_ANON 1
#define NGX_HAVE_MSGHDR_MSG_CONTROL 1
#define NGX_HAVE_SC_NPROCESSORS_ONLN 1

#define NGX_HTTP_SSI 1
#define NGX_HTTP_X_FORWARDED_FOR 1
#define NGX_STAT_STUB 1

#define NGX_PREFIX "/"
#define NGX_CONF_PREFIX ""
#define NGX_SBIN_PATH "nginx"
#define NGX_CONF_PATH "nginx.conf"
#define NGX_PID_PATH "nginx.pid"
#define NGX_LOCK_PATH "nginx.lock"
#define NGX_ERROR_LOG_PATH "error.log"
#define NGX_HTTP_LOG_PATH "access.log"
#define NGX_HTTP_CLIENT_TEMP_PATH "client_body"
#define NGX_HTTP_PROXY_TEMP_PATH "proxy"
#define NGX_HTTP_FASTCGI_TEMP_PATH "fastcgi"
#define NGX_HTTP_UWSGI_TEMP_PATH "uwsgi"
#define NGX_HTTP_SCGI_TEMP_PATH "scgi"
#define NGX_USER "root"
#define NGX_GROUP "root"
#define NGX_SUPPRESS_WARN 1
#define NGX_SMP 1
