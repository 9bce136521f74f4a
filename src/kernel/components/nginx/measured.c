// A location that tells who measures how much nginx has worked, and one that ends the image:
//
//   location = /processor-time { measured processor-time; }
//   location = /stop           { measured stop; }
//
// An image has neither unless its configuration asks (main.c: measured.conf).
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <time.h>

static char* measured(ngx_conf_t* cf, ngx_command_t* command, void* conf);

static ngx_command_t commands[] = {
    {ngx_string("measured"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, measured, 0, 0, NULL},
    ngx_null_command};

static ngx_http_module_t context;

ngx_module_t ngx_http_measured_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NGX_MODULE_V1_PADDING};

static ngx_str_t plain = ngx_string("text/plain");

static ngx_int_t answer(ngx_http_request_t* r, u_char* text, size_t length) {
  ngx_http_complex_value_t value;
  if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) return NGX_HTTP_NOT_ALLOWED;
  ngx_memzero(&value, sizeof value);
  value.value.len = length;
  value.value.data = text;
  return ngx_http_send_response(r, NGX_HTTP_OK, &plain, &value);
}

/// Waiting left out: who measures takes the difference of two answers.
static ngx_int_t processor_time(ngx_http_request_t* r) {
  enum { LENGTH = 64 };
  u_char* text = ngx_pnalloc(r->pool, LENGTH);
  if (text == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  struct timespec t = {0, 0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  u_char* end = ngx_snprintf(text, LENGTH, "processor-seconds: %T.%09l\n", t.tv_sec, t.tv_nsec);
  return answer(r, text, (size_t)(end - text));
}

static ngx_int_t stop(ngx_http_request_t* r) {
  static u_char text[] = "stopped\n";
  const ngx_int_t done = answer(r, text, sizeof text - 1);
  if (done != NGX_HTTP_NOT_ALLOWED) ngx_terminate = 1;
  return done;
}

static char* measured(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  (void)command;
  (void)conf;
  ngx_http_core_loc_conf_t* location = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
  const ngx_str_t* what = (ngx_str_t*)cf->args->elts + 1;
  if (ngx_strcmp(what->data, "processor-time") == 0) {
    location->handler = processor_time;
  } else if (ngx_strcmp(what->data, "stop") == 0) {
    location->handler = stop;
  } else {
    return (char*)"takes processor-time or stop";
  }
  return NGX_CONF_OK;
}
