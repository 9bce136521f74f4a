#include "bench/store.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

// Durability. A run that was reported must survive kill -9 of us (any journal gives that) and the
// loss of power (only synchronous=FULL does in WAL mode, by one fsync a commit). A run takes at
// least tens of milliseconds and the fsync falls between two of them, so FULL costs nothing that
// matters.
namespace flexos {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kApplication = 0x466c5852;  // "FlXR", in the file's header
constexpr int kPatience = 10000;          // milliseconds that we wait for another process

constexpr const char* kSchema = R"(
CREATE TABLE machines(
  machine TEXT PRIMARY KEY,
  description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE images(
  image TEXT PRIMARY KEY,
  configuration TEXT NOT NULL,
  spec TEXT NOT NULL,
  platform TEXT NOT NULL,
  layout TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  memory INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs(
  run TEXT PRIMARY KEY,
  image TEXT NOT NULL,
  baseline TEXT NOT NULL,
  platform TEXT NOT NULL,
  machine TEXT NOT NULL,
  workload TEXT NOT NULL,
  definition TEXT NOT NULL,
  operations INTEGER NOT NULL,
  kind TEXT NOT NULL,
  block TEXT NOT NULL,
  place INTEGER NOT NULL,
  warmup INTEGER NOT NULL,
  started REAL NOT NULL,
  failure TEXT NOT NULL,
  detail TEXT NOT NULL,
  seconds REAL NOT NULL,
  units REAL NOT NULL,
  wall REAL NOT NULL,
  memory INTEGER NOT NULL,
  checks TEXT NOT NULL,
  latency TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_image ON runs(image, platform, machine, workload, definition, operations);
)";

constexpr const char* kRunColumns =
    "run, image, baseline, platform, machine, workload, definition, operations, kind, block, "
    "place, "
    "warmup, started, failure, detail, seconds, units, wall, memory, checks, latency";

/// What SQLite says, with what to do about it.
Error error_of(sqlite3* db, int code, const fs::path& file, std::string_view doing) {
  const std::string name = file.string();
  const std::string said = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return {name + " is not a database", "another file: --results FILE", true};
    case SQLITE_CORRUPT:
      return {fmt::format("the database {} is damaged: {}", name, said),
              fmt::format("`sqlite3 {} .recover` saves what is left; another file: --results FILE",
                          name),
              true};
    case SQLITE_FULL:
      return {fmt::format("the disk is full: {} cannot be written", name),
              "what was measured before is in it; make room and run the same again", true};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {fmt::format("another process holds the database {}", name), "try again later", true};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {fmt::format("the database {} cannot be written: {}", name, said),
              "another file: --results FILE", true};
    case SQLITE_CANTOPEN:
      return {fmt::format("the database {} cannot be opened", name),
              "does its folder exist, and may you write there?", true};
    default:
      return {fmt::format("cannot {} the database {}: {}", doing, name, said), "", true};
  }
}

/// A prepared statement.
class Query {
 public:
  Query(sqlite3* db, const std::string& sql) {
    code_ = sqlite3_prepare_v2(db, sql.c_str(), static_cast<int>(sql.size()), &handle_, nullptr);
  }
  ~Query() { sqlite3_finalize(handle_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  int code() const { return code_; }
  Query& add(const std::string& text) {
    return bound(sqlite3_bind_text(handle_, ++bound_, text.data(), static_cast<int>(text.size()),
                                   SQLITE_TRANSIENT));
  }
  Query& add(double value) { return bound(sqlite3_bind_double(handle_, ++bound_, value)); }
  Query& add(std::int64_t value) { return bound(sqlite3_bind_int64(handle_, ++bound_, value)); }

  /// True: there is a row.
  bool step() {
    if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
    code_ = sqlite3_step(handle_);
    return code_ == SQLITE_ROW;
  }
  bool done() const { return code_ == SQLITE_DONE; }

  std::string text() {
    const auto* bytes = sqlite3_column_text(handle_, column_);
    const int size = sqlite3_column_bytes(handle_, column_++);
    return bytes == nullptr
               ? std::string()
               : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  double real() { return sqlite3_column_double(handle_, column_++); }
  std::int64_t whole() { return sqlite3_column_int64(handle_, column_++); }
  void first_column() { column_ = 0; }

 private:
  Query& bound(int code) {
    if (code_ == SQLITE_OK) code_ = code;
    return *this;
  }

  sqlite3_stmt* handle_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
  int column_ = 0;
};

int execute(sqlite3* db, const std::string& sql) {
  return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
}

/// A number that a PRAGMA or a query yields.
std::optional<std::int64_t> ask(sqlite3* db, const std::string& sql, int& code) {
  Query statement(db, sql);
  if (!statement.step()) {
    code = statement.code();
    return std::nullopt;
  }
  code = SQLITE_OK;
  return statement.whole();
}

/// Is it ours, and of a version that we know? An empty file becomes ours.
std::optional<Error> check(sqlite3* db, const fs::path& file, bool create) {
  int code = SQLITE_OK;
  const auto version = ask(db, "PRAGMA user_version", code);
  if (!version) return error_of(db, code, file, "read");
  const auto application = ask(db, "PRAGMA application_id", code);
  if (!application) return error_of(db, code, file, "read");
  const auto tables = ask(db, "SELECT count(*) FROM sqlite_master", code);
  if (!tables) return error_of(db, code, file, "read");
  if (*application == kApplication) {
    if (*version == ResultStore::kVersion) return std::nullopt;
    return Error{fmt::format("the database {} has version {} of the schema, this tool knows {}",
                             file.string(), *version, ResultStore::kVersion),
                 "use the newer flexos-explore that wrote it, or another file: --results FILE",
                 true};
  }
  if (*tables != 0 || *application != 0 || !create) {
    return Error{file.string() + " is a database, but not one of flexos-explore's results",
                 "another file: --results FILE", true};
  }
  // One transaction: whoever is killed leaves an empty file or a whole schema. Two who come at
  // once: the second finds it done.
  code = execute(db, "BEGIN IMMEDIATE");
  if (code == SQLITE_OK) {
    const auto now = ask(db, "PRAGMA application_id", code);
    if (now && *now != kApplication) {
      code = execute(db, fmt::format("{} PRAGMA application_id={}; PRAGMA user_version={};",
                                     kSchema, kApplication, ResultStore::kVersion));
    }
    Error error = error_of(db, code, file, "write");
    if (code != SQLITE_OK) {
      execute(db, "ROLLBACK");
      return error;
    }
    code = execute(db, "COMMIT");
  }
  if (code != SQLITE_OK) return error_of(db, code, file, "write");
  return std::nullopt;
}

template <typename T>
std::string map_text(const std::map<std::string, T>& map) {
  return Json(map).dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
std::map<std::string, T> text_map(const std::string& text) {
  std::map<std::string, T> map;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return map;
  for (const auto& [key, value] : json.items()) {
    if constexpr (std::is_same_v<T, double>) {
      if (value.is_number()) map[key] = value.template get<double>();
    } else {
      if (value.is_string()) map[key] = value.template get<std::string>();
    }
  }
  return map;
}

RunRecord record_of(Query& s) {
  RunRecord r;
  s.first_column();
  r.run = s.text();
  r.image = s.text();
  r.baseline = s.text();
  r.platform = s.text();
  r.machine = s.text();
  r.workload = s.text();
  r.definition = s.text();
  r.operations = s.whole();
  r.kind = s.text();
  r.block = s.text();
  r.place = static_cast<int>(s.whole());
  r.warmup = s.whole() != 0;
  r.started = s.real();
  r.failure = failure_from(s.text()).value_or(Failure::environment);
  r.detail = s.text();
  r.seconds = s.real();
  r.units = s.real();
  r.wall = s.real();
  r.memory = s.whole();
  r.checks = text_map<std::string>(s.text());
  r.latency = text_map<double>(s.text());
  return r;
}

/// "merge" must not write to what it reads, and its name may hold anything: a URI says both.
std::string read_only_uri(const fs::path& file) {
  std::string uri = "file:";
  for (const char c : fs::absolute(file).string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return uri + "?mode=rw";  // a WAL file is read through a shared memory file beside it
}

}  // namespace

std::string random_id() {
  std::array<std::uint64_t, 2> words{};
  if (getrandom(words.data(), sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
    std::random_device device;
    for (auto& word : words) word = (std::uint64_t{device()} << 32U) | device();
  }
  return fmt::format("{:016x}{:016x}", words[0], words[1]);
}

Result<std::unique_ptr<ResultStore>> ResultStore::open(const fs::path& file, bool create) {
  std::error_code failed;
  if (create && file.has_parent_path()) {
    fs::create_directories(file.parent_path(), failed);
    if (failed) {
      return Error{fmt::format("cannot make the folder {}: {}", file.parent_path().string(),
                               failed.message()),
                   "another file: --results FILE", true};
    }
  }
  if (!create && !fs::exists(file, failed)) {
    return Error{"there is no database " + file.string(),
                 "`flexos-explore measure SPEC` makes one; another file: --results FILE", true};
  }
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &db,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX |
                                       (create ? SQLITE_OPEN_CREATE : 0),
                                   nullptr);
  std::unique_ptr<ResultStore> store(new ResultStore(file, db));
  if (code != SQLITE_OK) return error_of(db, code, file, "open");
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kPatience);
  if (auto error = check(db, file, create)) return std::move(*error);
  // Not for the file of another program: only now.
  int set = execute(db, "PRAGMA journal_mode=WAL");
  if (set == SQLITE_OK) set = execute(db, "PRAGMA synchronous=FULL");
  if (set != SQLITE_OK) return error_of(db, set, file, "write");
  return store;
}

ResultStore::~ResultStore() { sqlite3_close_v2(db_); }

Result<Done> ResultStore::add(const RunRecord& r) {
  const std::lock_guard lock(mutex_);
  Query insert(db_, fmt::format("INSERT OR IGNORE INTO runs({}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,"
                                "?,?,?,?,?,?,?,?)",
                                kRunColumns));
  insert.add(r.run).add(r.image).add(r.baseline).add(r.platform).add(r.machine).add(r.workload);
  insert.add(r.definition).add(r.operations).add(r.kind).add(r.block);
  insert.add(std::int64_t{r.place}).add(std::int64_t{r.warmup ? 1 : 0}).add(r.started);
  insert.add(std::string(flexos::name(r.failure))).add(r.detail).add(r.seconds).add(r.units);
  insert.add(r.wall).add(r.memory).add(map_text(r.checks)).add(map_text(r.latency));
  insert.step();
  if (!insert.done()) return error_of(db_, insert.code(), file_, "write");
  return Done{};
}

Result<Done> ResultStore::note(const ImageRecord& i) {
  const std::lock_guard lock(mutex_);
  Query insert(db_, "INSERT OR IGNORE INTO images VALUES(?,?,?,?,?,?,?)");
  insert.add(i.image).add(i.configuration).add(i.spec).add(i.platform).add(i.layout).add(i.bytes);
  insert.add(i.memory);
  insert.step();
  if (!insert.done()) return error_of(db_, insert.code(), file_, "write");
  return Done{};
}

Result<Done> ResultStore::note(const Machine& machine) {
  const std::lock_guard lock(mutex_);
  Query insert(db_, "INSERT OR IGNORE INTO machines VALUES(?,?)");
  insert.add(machine.id).add(machine.description);
  insert.step();
  if (!insert.done()) return error_of(db_, insert.code(), file_, "write");
  return Done{};
}

Result<std::vector<RunRecord>> ResultStore::runs(const RunKey& key, const std::string& image) {
  const std::lock_guard lock(mutex_);
  Query select(db_, fmt::format("SELECT {} FROM runs WHERE image=? AND platform=? AND machine=? "
                                "AND workload=? AND definition=? AND operations=? "
                                "ORDER BY started, run",
                                kRunColumns));
  select.add(image).add(key.platform).add(key.machine).add(key.workload).add(key.definition);
  select.add(key.operations);
  std::vector<RunRecord> list;
  while (select.step()) list.push_back(record_of(select));
  if (!select.done()) return error_of(db_, select.code(), file_, "read");
  return list;
}

Result<std::vector<RunRecord>> ResultStore::all_runs() {
  const std::lock_guard lock(mutex_);
  Query select(db_, fmt::format("SELECT {} FROM runs ORDER BY started, run", kRunColumns));
  std::vector<RunRecord> list;
  while (select.step()) list.push_back(record_of(select));
  if (!select.done()) return error_of(db_, select.code(), file_, "read");
  return list;
}

Result<std::vector<ImageRecord>> ResultStore::images() {
  const std::lock_guard lock(mutex_);
  Query select(db_,
               "SELECT image, configuration, spec, platform, layout, bytes, memory FROM images "
               "ORDER BY spec, configuration, image");
  std::vector<ImageRecord> list;
  while (select.step()) {
    select.first_column();
    ImageRecord i;
    i.image = select.text();
    i.configuration = select.text();
    i.spec = select.text();
    i.platform = select.text();
    i.layout = select.text();
    i.bytes = select.whole();
    i.memory = select.whole();
    list.push_back(std::move(i));
  }
  if (!select.done()) return error_of(db_, select.code(), file_, "read");
  return list;
}

Result<std::map<std::string, std::string>> ResultStore::machines() {
  const std::lock_guard lock(mutex_);
  Query select(db_, "SELECT machine, description FROM machines");
  std::map<std::string, std::string> map;
  while (select.step()) {
    select.first_column();
    std::string id = select.text();
    map[std::move(id)] = select.text();
  }
  if (!select.done()) return error_of(db_, select.code(), file_, "read");
  return map;
}

Result<Merged> ResultStore::merge(const fs::path& other) {
  {
    // Is it one of ours? Opened by itself: what is wrong with it is said with its own name.
    auto opened = open(other, false);
    if (!opened) return opened.error();
  }
  const std::lock_guard lock(mutex_);
  {
    Query attach(db_, "ATTACH ? AS other");
    attach.add(read_only_uri(other));
    attach.step();
    if (!attach.done()) return error_of(db_, attach.code(), other, "open");
  }
  Merged merged;
  int code = execute(db_, "BEGIN IMMEDIATE");
  for (const char* table : {"machines", "images", "runs"}) {
    if (code != SQLITE_OK) break;
    code =
        execute(db_, fmt::format("INSERT OR IGNORE INTO main.{0} SELECT * FROM other.{0}", table));
    merged.runs = sqlite3_changes(db_);
  }
  if (code == SQLITE_OK) {
    const auto all = ask(db_, "SELECT count(*) FROM other.runs", code);
    if (all) merged.known = static_cast<int>(*all) - merged.runs;
  }
  if (code == SQLITE_OK) code = execute(db_, "COMMIT");
  std::optional<Error> error;
  if (code != SQLITE_OK) {
    error = error_of(db_, code, file_, "write");
    execute(db_, "ROLLBACK");
  }
  execute(db_, "DETACH other");
  if (error) return std::move(*error);
  return merged;
}

}  // namespace flexos
