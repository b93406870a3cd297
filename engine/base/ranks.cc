#include "engine/base/ranks.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/mpi_module.h"
#include "engine/base/process.h"

namespace ingot::engine {
namespace fs = std::filesystem;
namespace {

class Alone final : public Ranks {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void send(int, std::span<const std::byte>) override {}
  void receive(int, std::span<std::byte>) override {}
  void exchange(std::span<const std::span<const std::byte>>, std::vector<Bytes>&) override {}
};

class Mpi final : public Ranks {
 public:
  explicit Mpi(const MpiModule& module) : module_(module) {}
  int rank() const override { return module_.rank(); }
  int size() const override { return module_.size(); }
  void send(int to, std::span<const std::byte> message) override {
    check(module_.send(to, message.data(), message.size(), interrupted));
  }
  void receive(int from, std::span<std::byte> message) override {
    check(module_.receive(from, message.data(), message.size(), interrupted));
  }
  void exchange(std::span<const std::span<const std::byte>> to, std::vector<Bytes>& from) override {
    from.resize(to.size());
    check(module_.exchange(to.data(), from.data(), interrupted));
  }

 private:
  static void check(bool done) {
    if (!done) throw Interrupted("stopped while it waited for another rank");
  }
  const MpiModule& module_;
};

// Who started this process, and how many with it, as the environment says.
struct Launch {
  const char* by = "";
  const char* n_processes = "1";
  bool is_known_to_mpi = false;

  bool is_of_many() const { return std::string_view(n_processes) != "1"; }
  bool is_of_ranks() const { return is_of_many() && is_known_to_mpi; }
};

// srun's tasks are ranks if srun gives them a server of PMIx to find each other by. An mpirun inside of a task comes
// first.
Launch launch() {
  if (const char* size = std::getenv("OMPI_COMM_WORLD_SIZE")) return {"mpirun", size, true};
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  if (tasks == nullptr) return {};
  return {"srun", tasks, std::getenv("PMIX_RANK") != nullptr && std::getenv("PMIX_NAMESPACE") != nullptr};
}

const MpiModule* module() {
  static const MpiModule* const the_module = [] {
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
    void* library = nullptr;
    for (const fs::path& place : {program / ".." / "engine", fs::path(INGOT_MODULE_FOLDER)}) {  // built, installed
      const fs::path file = place / "libingot_mpi.so";
      std::error_code error;
      if (library != nullptr || !fs::exists(file, error)) continue;
      library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
      if (library == nullptr) throw Failure(fmt::format("{}: cannot be loaded: {}", file.string(), ::dlerror()));
    }
    require(library != nullptr,
            "{}: started {} processes, but this build has no MPI: install libopenmpi-dev and build again", launch().by,
            launch().n_processes);
    const auto open = reinterpret_cast<const MpiModule* (*)()>(::dlsym(library, kMpiModuleFunction));
    require(open != nullptr, "{}: libingot_mpi.so is of another version of ingot; build all of it again", launch().by);
    const MpiModule* const opened = open();
    require(std::to_string(opened->size()) == launch().n_processes, "{}: started {} processes, but MPI knows of {}",
            launch().by, launch().n_processes, opened->size());
    return opened;
  }();
  return the_module;
}

std::unique_ptr<Ranks>& own_ranks() {
  static std::unique_ptr<Ranks> the_ranks =
      launch().is_of_ranks() ? std::unique_ptr<Ranks>(std::make_unique<Mpi>(*module())) : std::make_unique<Alone>();
  return the_ranks;
}

template <class T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

void send_text(Ranks& ranks, int to, const std::string& text) {
  std::uint64_t size = text.size();
  ranks.send(to, bytes_of(size));
  ranks.send(to, std::as_bytes(std::span(text)));
}

std::string receive_text(Ranks& ranks, int from) {
  std::uint64_t size = 0;
  ranks.receive(from, bytes_of(size));
  std::string text(size, '\0');
  ranks.receive(from, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace

Ranks& ranks() { return *own_ranks(); }

void set_ranks(std::unique_ptr<Ranks> own) {
  own_ranks() = own != nullptr ? std::move(own) : std::make_unique<Alone>();
}

std::unique_ptr<Ranks> leave_ranks() { return std::exchange(own_ranks(), std::make_unique<Alone>()); }

void end_ranks() {
  if (launch().is_of_ranks()) module()->end();
}

std::string launcher() { return launch().by; }

void require_no_strangers() {
  const Launch l = launch();
  require(!l.is_of_many() || l.is_known_to_mpi,
          "{0}: started {1} tasks that do not know of each other, and would all write --out: use {0} --mpi=pmix, or "
          "mpirun, or -n 1",
          l.by, l.n_processes);
}

const char* name_of_rank() {
  const Launch l = launch();
  return std::getenv(l.by == std::string_view("srun") && l.is_of_many() ? "SLURM_PROCID" : "OMPI_COMM_WORLD_RANK");
}

std::string from_first(Ranks& ranks, std::string text) {
  if (!ranks.is_first()) return receive_text(ranks, 0);
  for (int to = 1; to < ranks.size(); ++to) send_text(ranks, to, text);
  return text;
}

void from_first(Ranks& ranks, std::span<std::byte> values) {
  if (!ranks.is_first()) return ranks.receive(0, values);
  for (int to = 1; to < ranks.size(); ++to) ranks.send(to, values);
}

std::vector<std::string> to_first(Ranks& ranks, const std::string& text) {
  std::vector<std::string> all;
  if (!ranks.is_first()) {
    send_text(ranks, 0, text);
    return all;
  }
  all.push_back(text);
  for (int from = 1; from < ranks.size(); ++from) all.push_back(receive_text(ranks, from));
  return all;
}

}  // namespace ingot::engine
