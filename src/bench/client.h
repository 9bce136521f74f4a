#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "codegen/process.h"

/// Images that a program of this machine drives over the network: real clients, real packets.
namespace flexos {

/// Where an image is reached: over a tap in a network namespace that lives as long as the image
/// does, so nothing of this machine's network is touched and runs never meet. A machine in QEMU can
/// do without: on a port of the loopback interface that QEMU hands on. Its queue of connections is
/// one long, so that of thirty clients some find a busy host's full, and try again half a minute
/// later.
struct ClientNetwork {
  std::string host;
  int port = 0;
  bool in_namespace = false;

  /// QEMU's words for it (-netdev).
  std::string qemu(int image_port) const;
};

/// A port that nobody listens on now.
ClientNetwork loopback_network();
ClientNetwork namespace_network(int image_port);
/// What this machine lets us have, tried, for rights come in many ways: a namespace or, where it
/// does not, a port. Nothing: the user has interrupted us.
std::optional<ClientNetwork> machine_network(int image_port);

/// The words before an image on `linux` that put it into such a namespace, with its tap. Empty:
/// this machine does not let us, or the user has interrupted.
std::vector<std::string> tap_command();

struct ClientRun {
  ProcessEnd image;
  std::string console;  ///< of the image
  std::string errors;
  std::string said;          ///< by the client
  std::string clock[2];      ///< the image's answers before and after; empty: it was not asked
  std::string failed;        ///< the client did not do its work: why; empty: it did
  bool environment = false;  ///< that is this machine's fault
};

/// Starts the image, waits until it is ready, runs the client, ends the image.
ClientRun run_with_client(std::vector<std::string> image, const Client& client,
                          const ClientNetwork& network, int operations, double timeout);

/// A command's words: blanks part them.
std::vector<std::string> words_of(const std::string& text);

}  // namespace flexos
