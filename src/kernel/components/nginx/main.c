// Starts nginx: an image's files are made when it starts, so this writes what nginx reads, a
// configuration and the page that nginx comes with. The image's arguments are nginx's:
//
//   run IMAGE -- -c measured.conf                  besides: /processor-time and /stop (measured.c)
//   run IMAGE -- -g 'worker_rlimit_nofile 100;'    a directive, for outside of all blocks
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flexos/words.h"

int main(int argc, char** argv);

enum { TEXT = 2048, WORDS = 64 };

static char text[TEXT];
static char name[] = "nginx";
static char* words[WORDS + 1] = {name};
static char* no_environment[] = {0};

/// One process, which is the worker, for there is no other. `notice` is where it says that it listens.
static const char server[] =
    "daemon off;\n"
    "master_process off;\n"
    "worker_processes 1;\n"
    "error_log stderr notice;\n"
    "events { worker_connections 256; }\n"
    "http {\n"
    "  types { text/html html; text/css css; application/javascript js; application/json json;\n"
    "          image/png png; image/jpeg jpg; image/svg+xml svg; text/plain txt; }\n"
    "  default_type application/octet-stream;\n"
    "  access_log off;\n"
    "  keepalive_requests 1000000000;\n"
    "  server {\n"
    "    listen 80;\n"
    "    root /html;\n";

static const char measured[] =
    "    location = /processor-time { measured processor-time; }\n"
    "    location = /stop { measured stop; }\n";

static const char end[] =
    "  }\n"
    "}\n";

static const unsigned char page[] = {
#include "src/welcome_page.inc"
};

static void put(const char* path, const char* first, const char* second, const char* third) {
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;  // nginx says that it is missing
  const char* const parts[] = {first, second, third};
  for (int i = 0; i < 3; i++) (void)!write(file, parts[i], strlen(parts[i]));
  close(file);
}

int nginx_main(void) {
  const int count = flexos_arguments(text, TEXT, words + 1, WORDS - 1);
  if (count < 0) {
    puts("nginx: more arguments than an image takes");
    return 2;
  }
  environ = no_environment;
  put("/nginx.conf", server, "", end);
  put("/measured.conf", server, measured, end);
  mkdir("/html", 0755);
  const int file = open("/html/index.html", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    (void)!write(file, page, sizeof page);
    close(file);
  }
  mkdir("/etc", 0755);
  put("/etc/passwd", "root:x:0:0:root:/:/nowhere\n", "", "");
  put("/etc/group", "root:x:0:\n", "", "");
  return main(1 + count, words);
}
