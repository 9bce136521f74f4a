#include "lwip/epoll.h"

#include <stdlib.h>

#include "flexos/abi.h"
#include "lwip/lwip_sockets.h"
#include "lwip/ready.h"

namespace epoll {

namespace {

enum { kAdd = 1, kDelete = 2, kModify = 3 };
constexpr uint32_t kOneShot = 1U << 30;
constexpr uint32_t kEdge = 1U << 31;

struct Watch {
  uint64_t data;
  uint32_t events;  ///< 0: asleep, after its one shot
  uint32_t seen;    ///< activity when it was last reported
  int16_t descriptor;
};

}  // namespace

/// Watches stand densely, and `place` finds one by its descriptor: number in `watches` + 1.
struct Set {
  Set* next;
  int count;
  int start;
  int16_t place[ready::kAll];
  Watch watches[ready::kAll];
};

namespace {

Set* all;

void remove(Set* set, int descriptor) {
  const int at = set->place[descriptor] - 1;
  set->place[descriptor] = 0;
  const Watch& last = set->watches[--set->count];
  if (at == set->count) return;
  set->watches[at] = last;
  set->place[last.descriptor] = static_cast<int16_t>(at + 1);
}

}  // namespace

Set* make() {
  Set* set = static_cast<Set*>(calloc(1, sizeof(Set)));
  if (set == nullptr) return nullptr;
  set->next = all;
  all = set;
  return set;
}

void release(Set* set) {
  Set** link = &all;
  while (*link != set) link = &(*link)->next;
  *link = set->next;
  free(set);
}

int control(Set* set, int operation, int descriptor, uint32_t events, uint64_t data) {
  if (descriptor < 0 || descriptor >= ready::kAll) return -FLEXOS_EBADF;
  if (ready::of(descriptor, 0) == FLEXOS_POLLNVAL) return -FLEXOS_EBADF;
  const bool watched = set->place[descriptor] != 0;
  switch (operation) {
    case kAdd:
      if (watched) return -FLEXOS_EEXIST;
      set->watches[set->count++] = {data, events, ready::activity(descriptor) - 1,
                                    static_cast<int16_t>(descriptor)};
      set->place[descriptor] = static_cast<int16_t>(set->count);
      return 0;
    case kModify: {
      if (!watched) return -FLEXOS_ENOENT;
      Watch& w = set->watches[set->place[descriptor] - 1];
      w = {data, events, ready::activity(descriptor) - 1, w.descriptor};
      return 0;
    }
    case kDelete:
      if (!watched) return -FLEXOS_ENOENT;
      remove(set, descriptor);
      return 0;
    default:
      return -FLEXOS_EINVAL;
  }
}

int collect(Set* set, flexos_event* events, size_t n) {
  size_t found = 0;
  if (set->start >= set->count) set->start = 0;
  int at = set->start;
  for (int looked = 0; looked < set->count && found < n; looked++) {
    Watch& w = set->watches[at];
    at = at + 1 == set->count ? 0 : at + 1;
    if (w.events == 0) continue;
    const uint32_t activity = ready::activity(w.descriptor);
    if ((w.events & kEdge) != 0 && w.seen == activity) continue;
    const int bits = ready::of(w.descriptor, static_cast<int>(w.events & 0xffff));
    if (bits == 0) continue;
    w.seen = activity;
    if ((w.events & kOneShot) != 0) w.events = 0;
    events[found++] = {static_cast<uint32_t>(bits), w.data};
  }
  set->start = at;
  return static_cast<int>(found);
}

void forget(int descriptor) {
  if (descriptor < 0 || descriptor >= ready::kAll) return;
  for (Set* set = all; set != nullptr; set = set->next) {
    if (set->place[descriptor] != 0) remove(set, descriptor);
  }
}

}  // namespace epoll
