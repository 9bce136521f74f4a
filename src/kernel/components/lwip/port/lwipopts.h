#pragma once

/// lwIP's settings. One thread at a time is inside the stack (threads are cooperative), so it runs
/// without an operating system of its own (NO_SYS): packets are moved by whoever calls (net.cc),
/// and the socket layer is ours (socket.h), straight over lwIP's callbacks: no mailbox, no copy
/// more than POSIX asks for, no thread switch a packet.
#define NO_SYS 1
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define SYS_LIGHTWEIGHT_PROT 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_ARP 1
#define ARP_QUEUEING 1
#define IP_REASSEMBLY 1
#define IP_FRAG 1

/// 127.0.0.1; packets to it wait in a queue that the next pass over the interfaces empties.
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_LOOPBACK_MAX_PBUFS 0

/// Memory of variable size is the compartment's heap (component `alloc`); the pools are fixed, so a
/// flood of packets or connections runs into a limit and not into the heap.
#define MEM_LIBC_MALLOC 1
#define MEM_ALIGNMENT 16
#define MEMP_NUM_TCP_PCB 512
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_TCP_SEG 4096
#define MEMP_NUM_UDP_PCB 64
#define MEMP_NUM_PBUF 2048
#define MEMP_NUM_ARP_QUEUE 64
#define MEMP_NUM_REASSDATA 8
#define IP_REASS_MAX_PBUFS 32
#define MEMP_NUM_SYS_TIMEOUT 16
#define PBUF_POOL_SIZE 1024
#define PBUF_POOL_BUFSIZE 1568

#define TCP_MSS 1460
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_WND (160 * TCP_MSS)
#define TCP_SND_BUF (160 * TCP_MSS)
#define TCP_SND_QUEUELEN 1024
#define TCP_SNDLOWAT (TCP_SND_BUF / 4)
#define TCP_QUEUE_OOSEQ 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 128
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1
#define SOF_REUSE_RXTOALL 0

/// A frame that came over the wire is untrusted; one that a sum of its own protects is checked.
#define CHECKSUM_CHECK_IP 1
#define CHECKSUM_CHECK_TCP 1
#define CHECKSUM_CHECK_UDP 1
#define CHECKSUM_CHECK_ICMP 1
#define LWIP_HOOK_FILENAME "lwip_hooks.h"
#define LWIP_HOOK_IP4_INPUT(packet, interface) flexos_lwip_input(packet)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) flexos_lwip_check(pcb, hdr)
/// On the loopback interface nothing is sent over any wire.
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 1

/// Acknowledgements to a peer that has taken back its window (acknowledge.cc).
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, hdr, pcb, opts) flexos_lwip_acknowledge(p, hdr, pcb, opts)

#define LWIP_STATS 0
#define LWIP_PROVIDE_ERRNO 0
#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_HOSTNAME 0
