#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codegen/attack_oracle.h"
#include "codegen/elf.h"
#include "codegen/launch.h"
#include "codegen/manifest.h"

/// Attacks an image that was woven with probes (probes.h): every attack, by every compartment, on
/// every compartment, each in a boot of its own. What comes of it is held against the oracle.
namespace flexos {

/// One attack by one compartment on another (itself among them), or on the platform (victim 0).
struct AttackCell {
  Attack attack{};
  int attacker = 0;
  int victim = 0;
  std::optional<std::string> arguments;  ///< of the image; absent: nothing there to attack
  Promise promise;
  AttackVerdict observed;  ///< of `stopped`, the one fault
  std::string said;        ///< the fault line, or what else there is to say

  bool agrees() const;
};

/// "open", "held", "pkey", "page/x or gp", "-".
std::string text_of(const AttackVerdict& verdict);

/// The configuration that image.json describes; nullopt: the spec is not the one that it was made
/// from.
std::optional<Configuration> configuration_of(const Spec& spec, const Manifest& manifest);

struct AttackChoice {
  std::vector<std::string> only;  ///< names of attacks; empty = all
  bool sample = false;            ///< of each attack only one over each kind of wall
  bool has_tap = false;           ///< AttackRun::with_tap will be there: linux has a network
};

/// All cells, with what each is promised to come to.
std::vector<AttackCell> attack_cells(const Spec& spec, const Configuration& c, const Elf& elf,
                                     const Manifest& manifest, const AttackChoice& choice);

struct AttackRun {
  std::string elf;  ///< absolute
  std::string qemu;
  Accelerator accelerator = Accelerator::tcg;
  double timeout = 20;  ///< seconds a cell
  unsigned workers = 1;
  std::vector<std::string> with_tap;  ///< linux: the words before an image that get it a tap
  std::function<void(std::size_t done, std::size_t all)> progress;
};

/// Fills in what was observed. An error is the environment's: nothing was shown either way.
Result<Done> run_attacks(std::vector<AttackCell>& cells, const Manifest& manifest,
                         const AttackRun& run);

}  // namespace flexos
