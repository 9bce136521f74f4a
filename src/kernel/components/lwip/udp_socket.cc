#include "lwip/udp_socket.h"

#include "flexos/abi.h"
#include "lwip/net.h"
#include "lwip/udp.h"

namespace udp {

using sockets::Datagram;
using sockets::Socket;

namespace {

constexpr uint32_t kLargest = 65507;  // 65535 - IP and UDP headers

void received(void* argument, udp_pcb*, pbuf* p, const ip_addr_t* from, u16_t port) {
  Socket* s = static_cast<Socket*>(argument);
  if (s->datagram_count == sockets::kDatagrams || s->shut_read) {
    pbuf_free(p);
    return;
  }
  s->datagrams[(s->first_datagram + s->datagram_count++) % sockets::kDatagrams] = {p, from->addr,
                                                                                   port};
  if (s->datagram_count == 1) {
    s->pulse.rise();
  } else {
    s->pulse.touch();
  }
  net::changed();
}

}  // namespace

int open(Socket* s) {
  s->udp = udp_new_ip_type(IPADDR_TYPE_V4);
  if (s->udp == nullptr) return -FLEXOS_ENOBUFS;
  udp_recv(s->udp, received, s);
  return 0;
}

int bind(Socket* s, uint32_t address, uint16_t port) {
  if (s->port != 0) return -FLEXOS_EINVAL;
  if (s->reuse) ip_set_option(s->udp, SOF_REUSEADDR);
  ip_addr_t ip = IPADDR4_INIT(address);
  if (const err_t error = udp_bind(s->udp, &ip, port)) return -sockets::error_of(error);
  s->bound = address;
  s->port = s->udp->local_port;
  return 0;
}

int connect(Socket* s, uint32_t address, uint16_t port) {
  ip_addr_t ip = IPADDR4_INIT(address);
  if (const err_t error = udp_connect(s->udp, &ip, port)) return -sockets::error_of(error);
  s->state = sockets::State::connected;
  s->port = s->udp->local_port;
  return 0;
}

int64_t take(Socket* s, void* buffer, uint32_t n, bool keep, uint32_t* from, uint16_t* port) {
  if (s->datagram_count == 0) return -FLEXOS_EAGAIN;
  const Datagram& d = s->datagrams[s->first_datagram];
  *from = d.from;
  *port = d.port;
  const uint32_t done = n < d.data->tot_len ? n : d.data->tot_len;
  pbuf_copy_partial(d.data, buffer, static_cast<u16_t>(done), 0);
  if (!keep) {
    pbuf_free(d.data);
    s->first_datagram = (s->first_datagram + 1) % sockets::kDatagrams;
    s->datagram_count--;
  }
  return done;
}

int64_t put(Socket* s, const void* bytes, uint32_t n, uint32_t to, uint16_t port) {
  if (n > kLargest) return -FLEXOS_EMSGSIZE;
  if (port == 0 && s->state != sockets::State::connected) return -FLEXOS_EDESTADDRREQ;
  pbuf* p = pbuf_alloc(PBUF_TRANSPORT, static_cast<u16_t>(n), PBUF_RAM);
  if (p == nullptr) return -FLEXOS_ENOBUFS;
  if (n > 0) pbuf_take(p, bytes, static_cast<u16_t>(n));
  ip_addr_t ip = IPADDR4_INIT(to);
  const err_t error = port == 0 ? udp_send(s->udp, p) : udp_sendto(s->udp, p, &ip, port);
  pbuf_free(p);
  s->port = s->udp->local_port;
  return error == ERR_OK ? static_cast<int64_t>(n) : -sockets::error_of(error);
}

void close(Socket* s) {
  udp_remove(s->udp);
  s->udp = nullptr;
}

}  // namespace udp
