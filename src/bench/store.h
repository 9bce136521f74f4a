#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/measure.h"
#include "codegen/result.h"

struct sqlite3;

/// The database of results: one SQLite file, one row a run, written as soon as the run has ended
/// (docs/measuring.md has the schema). Rows are added and never changed, and each has an id of its
/// own that no other machine will ever draw; so files are merged by taking the union.
namespace flexos {

/// One run, as it is kept.
struct RunRecord {
  std::string run;       ///< 32 hex digits, drawn at random
  std::string image;     ///< SHA-256 of the image; "build:ID" where there is none
  std::string baseline;  ///< of the unprotected image that it is paired with
  std::string platform;  ///< BenchPlatform::key
  std::string machine;   ///< Machine::id
  std::string workload;
  std::string definition;  ///< Workload::hash
  std::int64_t operations = 0;
  std::string kind;   ///< RunKind
  std::string block;  ///< runs of one block were taken in turns; 32 hex digits
  int place = 0;      ///< in its block
  bool warmup = false;
  double started = 0;  ///< seconds since 1970
  Failure failure = Failure::none;
  std::string detail;
  double seconds = 0;  ///< the image's own
  double units = 0;    ///< of the clock, for all operations
  double wall = 0;     ///< seconds from launch to exit
  std::int64_t memory = 0;
  std::map<std::string, std::string> checks;
  std::map<std::string, double> latency;  ///< nanoseconds

  bool good() const { return failure == Failure::none; }
};

/// What an image is, for whoever has only the database.
struct ImageRecord {
  std::string image;
  std::string configuration;  ///< configuration_id
  std::string spec;           ///< its name
  std::string platform;       ///< qemu, linux
  std::string layout;         ///< "{a b} |mpk.light| {c} with a: cfi"
  std::int64_t bytes = 0;
  std::int64_t memory = 0;  ///< regions of the image
};

/// Runs that can be compared with each other.
struct RunKey {
  std::string platform;
  std::string machine;
  std::string workload;
  std::string definition;
  std::int64_t operations = 0;
};

struct Merged {
  int runs = 0;   ///< that were new
  int known = 0;  ///< that were there already
};

class ResultStore {
 public:
  static constexpr int kVersion = 1;

  /// Makes the file where there is none. A file that is no database, another program's, or of a
  /// version to come is an error and stays as it is. `create`: false for who only reads.
  static Result<std::unique_ptr<ResultStore>> open(const std::filesystem::path& file,
                                                   bool create = true);
  ~ResultStore();
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  /// On disk when this returns. A run that is there already is left as it is.
  Result<Done> add(const RunRecord& run);
  Result<Done> note(const ImageRecord& image);
  Result<Done> note(const Machine& machine);

  /// Runs of an image, in the order in which they began.
  Result<std::vector<RunRecord>> runs(const RunKey& key, const std::string& image);
  Result<std::vector<RunRecord>> all_runs();
  Result<std::vector<ImageRecord>> images();
  Result<std::map<std::string, std::string>> machines();  ///< id -> description

  /// Takes what another database has. Doing it twice is doing it once.
  Result<Merged> merge(const std::filesystem::path& other);

  const std::filesystem::path& file() const { return file_; }

 private:
  ResultStore(std::filesystem::path file, sqlite3* db) : file_(std::move(file)), db_(db) {}

  std::filesystem::path file_;
  sqlite3* db_;
  std::mutex mutex_;  ///< one statement at a time
};

/// 32 hex digits from the kernel's generator.
std::string random_id();

}  // namespace flexos
