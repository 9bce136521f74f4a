#include "lwip/socket.h"

#include "flexos/abi.h"
#include "lwip/lwip_sockets.h"

namespace sockets {

namespace {

constinit Socket table[kMost] = {};
static_assert(kMost == FLEXOS_SOCKETS);

}  // namespace

Socket* find(int descriptor) {
  const unsigned place = static_cast<unsigned>(descriptor) - FLEXOS_FIRST_SOCKET;
  if (place >= kMost || table[place].kind == Kind::free) return nullptr;
  return &table[place];
}

Socket* make(Kind kind) {
  for (Socket& s : table) {
    if (s.kind != Kind::free) continue;
    s = {};
    s.kind = kind;
    return &s;
  }
  return nullptr;
}

int descriptor_of(const Socket* s) { return FLEXOS_FIRST_SOCKET + static_cast<int>(s - table); }

void release(Socket* s) {
  for (; s->in_count > 0; s->in_count--) {
    pbuf_free(s->in[s->first_in]);
    s->first_in = (s->first_in + 1) % kSegments;
  }
  for (; s->datagram_count > 0; s->datagram_count--) {
    pbuf_free(s->datagrams[s->first_datagram].data);
    s->first_datagram = (s->first_datagram + 1) % kDatagrams;
  }
  *s = {};
}

int error_of(err_t error) {
  switch (error) {
    case ERR_OK:
      return 0;
    case ERR_MEM:
    case ERR_BUF:
      return FLEXOS_ENOBUFS;
    case ERR_TIMEOUT:
      return FLEXOS_ETIMEDOUT;
    case ERR_RTE:
      return FLEXOS_EHOSTUNREACH;
    case ERR_INPROGRESS:
      return FLEXOS_EINPROGRESS;
    case ERR_WOULDBLOCK:
      return FLEXOS_EAGAIN;
    case ERR_USE:
      return FLEXOS_EADDRINUSE;
    case ERR_ALREADY:
      return FLEXOS_EALREADY;
    case ERR_ISCONN:
      return FLEXOS_EISCONN;
    case ERR_CONN:
    case ERR_CLSD:
      return FLEXOS_ENOTCONN;
    case ERR_ABRT:
      return FLEXOS_ECONNABORTED;
    case ERR_RST:
      return FLEXOS_ECONNRESET;
    default:
      return FLEXOS_EINVAL;
  }
}

}  // namespace sockets
