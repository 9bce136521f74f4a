#include "codegen/weave_all.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <tuple>

#include "codegen/object.h"
#include "codegen/sha256.h"
#include "codegen/tool.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

/// Beside an image: the hash of all that went into it, this program included.
constexpr const char* kKeyFile = ".key";

std::size_t at(int i) { return static_cast<std::size_t>(i); }

void add(Sha256& sum, const EntryPoint& entry) {
  sum.add_field(entry.name).add_field(entry.signature).add_field(entry.result);
  for (const Parameter& p : entry.parameters) {
    sum.add_field(p.type).add_field(p.name).add_field(p.length);
    sum.add_field(std::to_string(static_cast<int>(p.direction)));
    sum.add_field(std::to_string(static_cast<int>(p.lifetime)));
    if (p.callback) add(sum, *p.callback);
  }
  sum.add_field("");
}

/// Hashes of what an image is made of. Everything that the weaver reads must be in it: what is left
/// out here would make a stale image look fresh.
class Keys {
 public:
  Keys(const Spec& spec, ObjectStore& store, const WeaveOptions& options)
      : spec_(spec), store_(store), options_(options) {}

  /// Empty: it cannot be told, so nothing is taken over.
  std::string of(const Configuration& c) {
    const std::lock_guard lock(mutex_);
    if (base_.empty()) base_ = base();
    if (base_ == "?") return {};
    Sha256 sum;
    sum.add_field(base_).add_field(canonical_text(spec_, c));
    for (int i = 0; i < spec_.size(); ++i) {
      const auto key = std::tuple(i, int{c.variants[at(i)]}, c.hardening[at(i)]);
      auto known = objects_.find(key);
      if (known == objects_.end()) {
        const auto object =
            component_object(spec_, i, c.variants[at(i)], c.hardening[at(i)], store_);
        if (!object) return {};
        known = objects_.emplace(key, object->hash).first;
      }
      sum.add_field(known->second);
    }
    return sum.hex();
  }

 private:
  std::string base() {
    const auto self = sha256_file("/proc/self/exe");
    const auto runtime = runtime_object(store_);
    const auto heap = shadow_heap_object(store_);
    const auto platform = platform_object(options_.platform, store_);
    if (!self || !runtime || !heap || !platform || options_.without != Defence::none) return "?";
    Sha256 sum;
    sum.add_field(*self).add_field(runtime->hash).add_field(heap->hash).add_field(platform->hash);
    sum.add_field(options_.platform).add_field(options_.tool).add_field(spec_.name);
    sum.add_field(options_.probes ? "probes" : "").add_field(options_.counting ? "counting" : "");
    sum.add_field(spec_.sharing == Sharing::copy ? "copy" : "dss");
    const Sizes& z = options_.sizes;
    for (const std::uint64_t n :
         {z.stack, z.heap, z.window, z.unsafe_stack, std::uint64_t{z.threads}}) {
      sum.add_field(std::to_string(n));
    }
    for (const char* file : {"headers.ld", "sections.ld"}) {
      const fs::path path = options_.project / "src/kernel" / options_.platform / file;
      sum.add_field(store_.hash_of(path).value_or(""));
    }
    for (const Component& component : spec_.components) {
      sum.add_field(component.name);
      for (const EntryPoint& e : component.api) add(sum, e);
      if (!component.build) continue;
      for (const std::string& leaf : component.build->leaf) sum.add_field(leaf);
      sum.add_field(component.build->main);
      sum.add_field(component.build->replicate ? "replicate" : "");
      sum.add_field(component.build->sets_errno ? "errno" : "");
    }
    return sum.hex();
  }

  const Spec& spec_;
  ObjectStore& store_;
  const WeaveOptions& options_;
  std::mutex mutex_;
  std::string base_;
  std::map<std::tuple<int, int, std::uint64_t>, std::string> objects_;
};

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The image that stands there, if it is the one that the key means.
std::optional<Woven> standing(const Configuration& c, const Spec& spec, const WeaveOptions& options,
                              const std::string& key, std::string& hash) {
  Woven woven;
  woven.id = configuration_id(spec, c);
  woven.folder = options.out / (woven.id + (options.counting ? "-counting" : ""));
  woven.elf = woven.folder / "image";
  std::error_code error;
  if (key.empty() || !fs::is_regular_file(woven.elf, error)) return std::nullopt;
  // The second line: the image's own hash, so that a file somebody changed is not taken for it.
  hash = sha256_file(woven.elf).value_or("?");
  if (read_text(woven.folder / kKeyFile) != key + "\n" + hash + "\n") return std::nullopt;
  auto manifest = read_manifest(woven.folder / "image.json");
  if (!manifest) return std::nullopt;
  woven.manifest = std::move(*manifest);
  return woven;
}

}  // namespace

Result<std::vector<WovenOne>> weave_all(const Spec& spec, ObjectStore& store,
                                        const WeaveOptions& options,
                                        const std::vector<Configuration>& configurations,
                                        const WeaveAllOptions& all) {
  using Clock = std::chrono::steady_clock;
  std::vector<WovenOne> made(configurations.size());
  // Compiling is parallel in itself, and two weavers that want the same object would both make it.
  Weaver first(spec, store, options);
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    if (all.stop && all.stop()) return made;
    auto ready = first.prepare({configurations[i]});
    if (ready) continue;
    if (all.stop_at_error || ready.error().environment) return ready.error();
    made[i].error = ready.error();
  }
  Keys keys(spec, store, options);
  std::mutex mutex;
  std::optional<Error> fatal;
  int done = 0;
  std::atomic<std::size_t> next = 0;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::function<bool()>> workers;
  for (unsigned w = 0; w < cores && w < configurations.size(); ++w) {
    workers.emplace_back([&] {
      Weaver own(spec, store, options);
      for (std::size_t i = next++; i < configurations.size(); i = next++) {
        if (all.stop && all.stop()) return true;
        WovenOne& one = made[i];
        if (one.error) continue;
        const auto began = Clock::now();
        std::string key;
        if (all.reuse) {
          key = keys.of(configurations[i]);
          one.woven = standing(configurations[i], spec, options, key, one.hash);
          one.reused = one.woven.has_value();
        }
        if (!one.woven) {
          auto woven = own.weave(configurations[i]);
          if (!woven) {
            const std::lock_guard lock(mutex);
            one.error = woven.error();
            if (!fatal && (all.stop_at_error || one.error->environment)) fatal = one.error;
            if (fatal) return false;
            continue;
          }
          one.woven = std::move(*woven);
          one.hash = sha256_file(one.woven->elf).value_or("");
          if (!key.empty()) {
            // Without it the image is made again the next time, that is all.
            (void)store.write(one.woven->folder / kKeyFile, key + "\n" + one.hash + "\n");
          }
        }
        one.seconds = std::chrono::duration<double>(Clock::now() - began).count();
        const std::lock_guard lock(mutex);
        ++done;
        if (all.progress) all.progress(done, static_cast<int>(configurations.size()));
      }
      return true;
    });
  }
  run_all(std::move(workers), cores);
  if (fatal) return std::move(*fatal);
  return made;
}

}  // namespace flexos
