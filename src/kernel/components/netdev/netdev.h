#pragma once

#include <stddef.h>
#include <stdint.h>

/// Ethernet frames to and from the platform's network device (virtio-net, a tap). Frames are
/// without a checksum, at most 1,514 bytes. Nothing here looks into one.
#ifdef __cplusplus
extern "C" {
#endif

/// 0, or -ENXIO: there is no device; -EMSGSIZE; -ENOBUFS: the device does not keep up, it is lost.
int netdev_send(const void* frame, size_t n);

/// The size of the next frame that has come in, 0 = none; -ENXIO.
int64_t netdev_recv(void* frame, size_t capacity);

/// The device's own address, six bytes. 0, or -ENXIO.
int netdev_mac(uint8_t* mac);

#ifdef __cplusplus
}
#endif
