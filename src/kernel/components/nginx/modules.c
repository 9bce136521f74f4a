// The parts of nginx that an image has: what `configure` would write to objs/ngx_modules.c. Of the
// filters the last one sees an answer first.
#include <ngx_config.h>
#include <ngx_core.h>

#define MODULES(ONE)                                                                          \
  ONE(core)                                                                                   \
  ONE(errlog)                                                                                 \
  ONE(conf)                                                                                   \
  ONE(events)                                                                                 \
  ONE(event_core)                                                                             \
  ONE(epoll)                                                                                  \
  ONE(poll)                                                                                   \
  ONE(http)                                                                                   \
  ONE(http_core)                                                                              \
  ONE(http_log)                                                                               \
  ONE(http_upstream)                                                                          \
  ONE(http_static)                                                                            \
  ONE(http_autoindex)                                                                         \
  ONE(http_index)                                                                             \
  ONE(http_try_files)                                                                         \
  ONE(http_access)                                                                            \
  ONE(http_limit_conn)                                                                        \
  ONE(http_limit_req)                                                                         \
  ONE(http_geo)                                                                               \
  ONE(http_map)                                                                               \
  ONE(http_split_clients)                                                                     \
  ONE(http_referer)                                                                           \
  ONE(http_empty_gif)                                                                         \
  ONE(http_browser)                                                                           \
  ONE(http_stub_status)                                                                       \
  ONE(http_measured) /* measured.c */                                                         \
  ONE(http_write_filter)                                                                      \
  ONE(http_header_filter)                                                                     \
  ONE(http_chunked_filter)                                                                    \
  ONE(http_range_header_filter)                                                               \
  ONE(http_postpone_filter)                                                                   \
  ONE(http_ssi_filter)                                                                        \
  ONE(http_charset_filter)                                                                    \
  ONE(http_userid_filter)                                                                     \
  ONE(http_headers_filter)                                                                    \
  ONE(http_copy_filter)                                                                       \
  ONE(http_range_body_filter)                                                                 \
  ONE(http_not_modified_filter)

#define DECLARE(name) extern ngx_module_t ngx_##name##_module;
MODULES(DECLARE)

#define ADDRESS(name) &ngx_##name##_module,
ngx_module_t* ngx_modules[] = {MODULES(ADDRESS) NULL};

#define NAME(name) (char*)"ngx_" #name "_module",
char* ngx_module_names[] = {MODULES(NAME) NULL};
