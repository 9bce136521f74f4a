#pragma once

#include <netinet/in.h>

/// What all parts of this program use (main.c).
void check(const char* name, long got, long wanted);
struct sockaddr_in address_of(unsigned short port);
int listener(unsigned short port);
int connection(unsigned short port);

/// Pipes, event counters, epoll, and threads that wake each other by them (events.c).
void events(void);
