#pragma once

/// What iperf's `configure` would find out about an image: musl's functions, and of a network IPv4
/// over TCP and UDP. Left out on purpose: IPv6, multicast, packet and tap sockets, what only Linux
/// tells of a connection (TCP_INFO and its kind), and what signals or a second process would do.
#define PACKAGE_NAME "Iperf"
#define PACKAGE_STRING "Iperf 2.1.8"
#define VERSION "2.1.8"
#define NDEBUG 1  // as Debian and upstream build it

#define HAVE_ARPA_INET_H 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_NETINET_TCP_H 1
#define HAVE_SIGNAL_H 1
#define HAVE_STDBOOL_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_SYSLOG_H 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_TIME_H 1

#define HAVE_CLOCK_GETTIME 1
#define HAVE_CLOCK_NANOSLEEP 1
#define HAVE_FREOPEN 1
#define HAVE_GETTIMEOFDAY 1
#define HAVE_INET_NTOP 1
#define HAVE_INET_PTON 1
#define HAVE_INT64_T 1
#define HAVE_INTTYPES_H 1
#define HAVE_NANOSLEEP 1
#define HAVE_POSIX_THREAD 1
#define HAVE_SCHED_YIELD 1
#define HAVE_SNPRINTF 1
#define HAVE_STRTOD 1
#define HAVE_STRTOLL 1
#define HAVE_USLEEP 1
#define HAVE__BOOL 1

#define HAVE_DECL_MSG_DONTWAIT 1
#define HAVE_DECL_MSG_PEEK 1
#define HAVE_DECL_MSG_WAITALL 1
#define HAVE_DECL_SO_REUSEPORT 1
#define HAVE_DECL_SO_SNDTIMEO 1
#define HAVE_DECL_TCP_NODELAY 1

// iperf's own choices; fast sampling is four digits of a second in place of two.
#define HAVE_FASTSAMPLING 1
#define HAVE_ISOCHRONOUS 1
#define HAVE_ROLE_REVERSAL_ID 1
#define HAVE_SEQNO64b 1

#define Socklen_t socklen_t
