#include "lwip/tcp_socket.h"

#include "flexos/abi.h"
#include "lwip/net.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

namespace tcp {

using sockets::Kind;
using sockets::Socket;
using sockets::State;

namespace {

/// Something has happened to `s`: whoever waits must look again. `first`: where there was nothing.
void stir(Socket* s, bool first) {
  if (first) {
    s->pulse.rise();
  } else {
    s->pulse.touch();
  }
  net::changed();
}

Socket* socket_of(void* argument) { return static_cast<Socket*>(argument); }

err_t received(void* argument, tcp_pcb* pcb, pbuf* p, err_t) {
  Socket* s = socket_of(argument);
  if (s == nullptr) {
    // Nobody's any more: it may go on to its end, but its data is nobody's either.
    if (p != nullptr) {
      tcp_recved(pcb, p->tot_len);
      pbuf_free(p);
    }
    return ERR_OK;
  }
  const bool first = s->unread == 0;
  if (p == nullptr) {
    s->finished = true;
  } else if (s->shut_read) {
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
  } else {
    // What finds no place stays with lwIP, which offers it again.
    if (s->in_count == sockets::kSegments) return ERR_MEM;
    s->in[(s->first_in + s->in_count++) % sockets::kSegments] = p;
    s->unread += p->tot_len;
  }
  stir(s, first);
  return ERR_OK;
}

err_t sent(void* argument, tcp_pcb*, u16_t) {
  if (Socket* s = socket_of(argument)) {
    s->refused = false;
    stir(s, false);
  }
  return ERR_OK;
}

/// Twice a second. What was refused may have been for others' sake, of whose end nobody tells.
err_t polled(void* argument, tcp_pcb*) {
  Socket* s = socket_of(argument);
  if (s != nullptr && s->refused) {
    s->refused = false;
    stir(s, false);
  }
  return ERR_OK;
}

err_t connected(void* argument, tcp_pcb*, err_t) {
  Socket* s = socket_of(argument);
  if (s == nullptr) return ERR_OK;
  s->state = State::connected;
  stir(s, true);
  return ERR_OK;
}

/// lwIP has freed the pcb.
void failed(void* argument, err_t error) {
  Socket* s = socket_of(argument);
  if (s == nullptr) return;
  s->tcp = nullptr;
  s->error = s->state == State::connecting && error == ERR_RST ? FLEXOS_ECONNREFUSED
                                                               : sockets::error_of(error);
  s->state = State::failed;
  s->finished = true;
  stir(s, true);
}

void watch(Socket* s) {
  tcp_arg(s->tcp, s);
  tcp_recv(s->tcp, received);
  tcp_sent(s->tcp, sent);
  tcp_poll(s->tcp, polled, 1);
  tcp_err(s->tcp, failed);
}

err_t accepted(void* argument, tcp_pcb* pcb, err_t error) {
  Socket* listener = socket_of(argument);
  if (error != ERR_OK || pcb == nullptr || listener == nullptr) return ERR_VAL;
  if (listener->waiting_count == listener->backlog) return ERR_MEM;  // lwIP resets it
  Socket* s = sockets::make(Kind::tcp);
  if (s == nullptr) return ERR_MEM;
  s->tcp = pcb;
  s->state = State::connected;
  s->bound = listener->bound;
  s->port = listener->port;
  watch(s);
  const unsigned place = (listener->first_waiting + listener->waiting_count++) % sockets::kWaiting;
  listener->waiting[place] = static_cast<int16_t>(sockets::descriptor_of(s));
  tcp_backlog_delayed(pcb);
  stir(listener, listener->waiting_count == 1);
  return ERR_OK;
}

}  // namespace

int open(Socket* s) {
  s->tcp = tcp_new_ip_type(IPADDR_TYPE_V4);
  if (s->tcp == nullptr) return -FLEXOS_ENOBUFS;
  watch(s);
  return 0;
}

int bind(Socket* s, uint32_t address, uint16_t port) {
  if (s->port != 0 || s->tcp == nullptr) return -FLEXOS_EINVAL;
  if (s->reuse) ip_set_option(s->tcp, SOF_REUSEADDR);
  ip_addr_t ip = IPADDR4_INIT(address);
  if (const err_t error = tcp_bind(s->tcp, &ip, port)) return -sockets::error_of(error);
  s->bound = address;
  s->port = s->tcp->local_port;
  return 0;
}

int listen(Socket* s, int backlog) {
  if (s->kind == Kind::listener) return 0;
  if (s->state != State::fresh || s->tcp == nullptr) return -FLEXOS_EINVAL;
  if (backlog < 1) backlog = 1;
  if (backlog > sockets::kWaiting) backlog = sockets::kWaiting;
  err_t error = ERR_OK;
  tcp_pcb* pcb = tcp_listen_with_backlog_and_err(s->tcp, static_cast<u8_t>(backlog), &error);
  if (pcb == nullptr) return -sockets::error_of(error);
  s->tcp = pcb;  // the one before is freed
  s->kind = Kind::listener;
  s->backlog = static_cast<unsigned>(backlog);
  s->port = pcb->local_port;
  tcp_arg(pcb, s);
  tcp_accept(pcb, accepted);
  return 0;
}

int connect(Socket* s, uint32_t address, uint16_t port) {
  if (s->kind == Kind::listener) return -FLEXOS_EINVAL;
  if (s->state == State::connecting) return -FLEXOS_EALREADY;
  if (s->state == State::connected) return -FLEXOS_EISCONN;
  if (s->tcp == nullptr) return -FLEXOS_EINVAL;
  ip_addr_t ip = IPADDR4_INIT(address);
  s->state = State::connecting;
  if (const err_t error = tcp_connect(s->tcp, &ip, port, connected)) {
    s->state = State::fresh;
    return -sockets::error_of(error);
  }
  s->bound = s->tcp->local_ip.addr;
  s->port = s->tcp->local_port;
  return 0;
}

uint32_t readable(const Socket* s) { return s->unread; }

uint32_t take(Socket* s, void* buffer, uint32_t n, bool keep) {
  char* to = static_cast<char*>(buffer);
  uint32_t done = 0;
  uint32_t offset = s->taken;
  for (unsigned i = 0; done < n && i < s->in_count; i++) {
    pbuf* p = s->in[(s->first_in + i) % sockets::kSegments];
    uint32_t now = p->tot_len - offset;
    if (now > n - done) now = n - done;
    pbuf_copy_partial(p, to + done, static_cast<u16_t>(now), static_cast<u16_t>(offset));
    done += now;
    offset = 0;
  }
  if (keep || done == 0) return done;
  s->unread -= done;
  s->taken += done;
  // What is read to its end goes back at once: a slow reader holds no more than a window.
  while (s->in_count > 0 && s->taken >= s->in[s->first_in]->tot_len) {
    s->taken -= s->in[s->first_in]->tot_len;
    pbuf_free(s->in[s->first_in]);
    s->first_in = (s->first_in + 1) % sockets::kSegments;
    s->in_count--;
  }
  for (uint32_t told = 0; s->tcp != nullptr && told < done;) {
    const uint32_t now = done - told < 0xffff ? done - told : 0xffff;
    tcp_recved(s->tcp, static_cast<u16_t>(now));
    told += now;
  }
  // What had found no place has one now. lwIP itself would try again a quarter of a second later,
  // and until then throw away all that comes.
  if (s->tcp != nullptr && s->tcp->refused_data != nullptr) tcp_process_refused_data(s->tcp);
  return done;
}

bool writable(const Socket* s) {
  return s->tcp != nullptr && s->state == State::connected && !s->refused &&
         tcp_sndbuf(s->tcp) > TCP_SNDLOWAT / 4 && tcp_sndqueuelen(s->tcp) < TCP_SND_QUEUELEN - 8;
}

/// Bytes that one tcp_write can queue: it takes all or nothing, a place a segment.
static uint32_t room(const tcp_pcb* pcb) {
  const uint32_t used = tcp_sndqueuelen(pcb) + 8u;
  const uint32_t half = pcb->snd_wnd_max / 2;  // as tcp_write cuts segments
  const uint32_t segment = half == 0 || half > pcb->mss ? pcb->mss : half;
  return used >= TCP_SND_QUEUELEN ? 0 : (TCP_SND_QUEUELEN - used) * segment;
}

int64_t put(Socket* s, const void* bytes, uint32_t n, bool more) {
  uint32_t done = 0;
  while (done < n) {
    uint32_t now = tcp_sndbuf(s->tcp);
    if (now > n - done) now = n - done;
    if (now > 0xffff) now = 0xffff;
    if (now > room(s->tcp)) now = room(s->tcp);
    if (now == 0) break;
    const bool last = done + now == n && !more;
    const err_t error =
        tcp_write(s->tcp, static_cast<const char*>(bytes) + done, static_cast<u16_t>(now),
                  static_cast<u8_t>(TCP_WRITE_FLAG_COPY | (last ? 0 : TCP_WRITE_FLAG_MORE)));
    if (error == ERR_MEM) {
      // Else whoever waits until it is writable is told at once that it is, again and again.
      s->refused = done == 0;
      break;
    }
    if (error != ERR_OK && done == 0) return -sockets::error_of(error);
    if (error != ERR_OK) break;
    done += now;
  }
  // The error callback may free the pcb while it sends; only the socket is looked at behind it.
  if (s->tcp != nullptr && done > 0) tcp_output(s->tcp);
  return done;
}

void finish(Socket* s) {
  s->shut_write = true;
  if (s->tcp != nullptr && s->kind == Kind::tcp) tcp_shutdown(s->tcp, 0, 1);
}

Socket* next(Socket* listener) {
  while (listener->waiting_count > 0) {
    Socket* s = sockets::find(listener->waiting[listener->first_waiting]);
    listener->first_waiting = (listener->first_waiting + 1) % sockets::kWaiting;
    listener->waiting_count--;
    if (s == nullptr) continue;
    if (s->tcp != nullptr) tcp_backlog_accepted(s->tcp);
    return s;
  }
  return nullptr;
}

void close(Socket* s) {
  if (s->kind == Kind::listener) {
    while (Socket* waiting = next(s)) {
      close(waiting);
      sockets::release(waiting);
    }
    tcp_accept(s->tcp, nullptr);
    tcp_close(s->tcp);
    s->tcp = nullptr;
    return;
  }
  if (s->tcp == nullptr) return;
  tcp_pcb* pcb = s->tcp;
  s->tcp = nullptr;
  // Unread data: the peer must learn that it was not read (RFC 1122, 4.2.2.13).
  const bool unread = readable(s) > 0;
  tcp_arg(pcb, nullptr);
  tcp_sent(pcb, nullptr);
  tcp_poll(pcb, nullptr, 0);
  tcp_err(pcb, nullptr);
  if (unread || tcp_close(pcb) != ERR_OK) {
    tcp_abort(pcb);
  }
}

}  // namespace tcp
